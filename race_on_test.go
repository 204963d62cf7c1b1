//go:build race

package multiproc

const raceEnabled = true
