package family_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// endLeader makes the first thread of a child end, and no other. (Syscall, so that the thread gives up its processor.)
var endLeader = make(chan struct{})

func init() {
	runtime.LockOSThread() // the main goroutine stays on the first thread
	testproc.OnMain = func() {
		<-endLeader
		unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
	}
}

// TestWatchZombieLeader: a process is not dead as long as one of its threads lives, though its first thread has ended and /proc calls it
// a zombie. A killed process goes through this state, and its last threads may still be writing to shared memory.
func TestWatchZombieLeader(t *testing.T) {
	f := home(t)
	p := testproc.Start(t)
	p.Must("end leader")
	testproc.Eventually(t, "its leader is a zombie", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID()) + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(stat), ") Z ")
	})
	c := watch(f, p.ID)
	select {
	case <-c:
		t.Error("a process with living threads counts as dead")
	case <-time.After(20 * time.Millisecond):
	}
	if got := f.StateOf(p.ID); got != family.Live {
		t.Errorf("%v", got)
	}
	p.Must("env") // it does live
	p.Kill()
	await(t, c)
}
