// Package spawn starts this program anew as a child process and watches it end: the system-call side of a worker.
//
// A child costs the parent no thread: its death is an event of the Go runtime's poller, through a pidfd. Where the kernel
// has none (before Linux 5.3) one goroutine blocks in waitid instead. Signals are sent through the same lock that reaps,
// so none ever hits a process that got the pid later.
//
// Elsewhere than on Linux everything returns an error that wraps errors.ErrUnsupported.
package spawn
