// Package race tells the race detector of the orderings that shared memory makes: it does not see mapped
// memory, so without these calls it reports false races on heap data that only a shared lock guards.
// Without -race every function is empty.
package race
