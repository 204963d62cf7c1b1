//go:build !linux

package sys

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// ErrPlatform is what every call returns where multiproc has no port yet.
var ErrPlatform = fmt.Errorf("multiproc: shared memory and worker processes are not supported on %s/%s yet (Linux only): %w",
	runtime.GOOS, runtime.GOARCH, errors.ErrUnsupported)

func Random([]byte) error                            { return ErrPlatform }
func NewMemory(string, int64) (*os.File, error)      { return nil, ErrPlatform }
func Sealed(int) bool                                { return false }
func Reserve(int, int64, int64) error                { return ErrPlatform }
func Discard(int, int64, int64) error                { return ErrPlatform }
func Resident(int) (int64, error)                    { return 0, ErrPlatform }
func Size(int) (int64, error)                        { return 0, ErrPlatform }
func CloseOnExec(int)                                {}
func Map(int, int64, int) ([]byte, error)            { return nil, ErrPlatform }
func Unmap([]byte) error                             { return ErrPlatform }
func Collapse([]byte) error                          { return ErrPlatform }
func FutexWaitv([]WaitVector, time.Duration) error   { return ErrPlatform }
func FutexWait(*uint32, uint32, time.Duration) error { return ErrPlatform }
func FutexWake(*uint32, int) int                     { return 0 }
func FutexWakePrivate(*uint32, int) int              { return 0 }
func PidfdOpen(int) (int, error)                     { return -1, ErrPlatform }
func Readable(int) bool                              { return false }
func StartTime(int) (uint64, error)                  { return 0, ErrPlatform }
func Exists(int) bool                                { return false }
func PIDNamespace() uint64                           { return 0 }
func Monotonic() int64                               { return 0 }
func FreeMemory() Memory                             { return Memory{} }

// Memory is what can still be allocated; see the Linux file.
type Memory struct {
	Available int64
	Limit     string
}

// WaitVector stands for the kernel's entry of a vectored wait.
type WaitVector struct{}

// MaxVector is the most words that one FutexWaitv takes.
const MaxVector = 128

func (*WaitVector) SetShared(*uint32, uint32)  {}
func (*WaitVector) SetPrivate(*uint32, uint32) {}
