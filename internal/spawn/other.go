//go:build !linux

package spawn

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

var errUnsupported = fmt.Errorf("multiproc: worker processes need Linux, this is %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Child is a running or ended child process.
type Child struct{ PID int }

// Start executes this program again.
func Start(Spec) (*Child, error) { return nil, errUnsupported }

// Wait blocks until the child has ended.
func (c *Child) Wait() Status { return Status{Unknown: true} }

// Signal sends a signal.
func (c *Child) Signal(syscall.Signal) error { return errUnsupported }

// SetLimit sets one of the child's resource limits.
func (c *Child) SetLimit(resource int, soft, hard uint64) error { return errUnsupported }

// SignalName is the name of a signal, as in SIGKILL.
func SignalName(sig syscall.Signal) string { return "signal " + strconv.Itoa(int(sig)) }

// SocketPair makes a stream socket between two processes.
func SocketPair() (*os.File, int, error) { return nil, -1, errUnsupported }

// Pipe makes a pipe that this process reads.
func Pipe() (*os.File, int, error) { return nil, -1, errUnsupported }

// Scratch makes a nameless file in memory.
func Scratch() (int, error) { return -1, errUnsupported }

// ReadScratch returns the first bytes of a scratch file.
func ReadScratch(int, int) []byte { return nil }

// Null opens the null device for reading.
func Null() (int, error) { return -1, errUnsupported }

// Close closes a descriptor.
func Close(int) {}

// Blocking reads and writes a descriptor without the runtime's poller.
type Blocking int

// Read is io.Reader's.
func (Blocking) Read([]byte) (int, error) { return 0, errUnsupported }

// Write is io.Writer's.
func (Blocking) Write([]byte) (int, error) { return 0, errUnsupported }

func ready(syscall.RawConn, []byte) (int, error) { return 0, errUnsupported }

// CloseInheritedOnExec keeps a worker's descriptors to itself.
func CloseInheritedOnExec() {}

// KillSelf ends this process at once.
func KillSelf() { os.Exit(1) }

// KeepFileLimit makes the limit of open files this process's own wish.
func KeepFileLimit() {}
