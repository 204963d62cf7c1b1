package sys_test

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/multiproc-go/multiproc/internal/sys"
)

func TestLockFolder(t *testing.T) {
	dir := t.TempDir()
	unlock, err := sys.LockFolder(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sys.LockFolder(dir, 0); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("a second lock is %v", err)
	}
	time.AfterFunc(20*time.Millisecond, unlock)
	again, err := sys.LockFolder(dir, time.Minute)
	if err != nil {
		t.Fatal("not locked after the first one has gone:", err)
	}
	again()
	if _, err := sys.LockFolder(dir+"/none", 0); err == nil {
		t.Error("a folder that does not exist is locked")
	}
}
