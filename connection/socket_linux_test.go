package connection

import (
	"errors"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// TestSocketNeverBlocksTheScheduler: a descriptor that somebody has put into blocking mode, as os.File's Fd and a child process that shares it do, must not stop the whole program.
func TestSocketNeverBlocksTheScheduler(t *testing.T) {
	s, mine, other := sockets(t, "unix")
	if err := s.raw.Control(func(fd uintptr) {
		if err := syscall.SetNonblock(int(fd), false); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := s.Read(make([]byte, 10))
		ended <- err
	}()
	time.AfterFunc(10*time.Millisecond, runtime.GC) // needs all goroutines to stop
	time.Sleep(20 * time.Millisecond)
	runtime.GC()
	if _, err := other.Write([]byte("m")); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	mine.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	for {
		if _, err := s.Write(make([]byte, small)); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
