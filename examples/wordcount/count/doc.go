// Package count counts the identifiers of Go files with several processes
// that share one histogram.
//
// Each worker takes the next file from one shared counter until there are no
// more, so that a large file holds up nobody else, and adds every identifier
// to the shared [Histogram] as it finds it. That is a hash table in shared
// memory without a lock; its counts are equal to those of one process, to the
// last one, because strings are compared in every byte.
package count
