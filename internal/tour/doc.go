// Package tour is "multiproc tour": small programs that share memory between
// real processes. Each prints what it shows, in words for someone who sees
// this for the first time, and checks its own result.
//
// A program is a file. Its functions that run in workers are package
// variables, as in any program that uses multiproc, and fields of the
// program's struct, so that a test can put a faulty one in their place and see
// the check fail.
package tour
