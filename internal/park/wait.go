package park

import (
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/debug"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// direct counts the goroutines that sleep with a thread each.
var direct atomic.Int32

// Forever is the timeout of a wait that only a change or a kick ends.
const Forever time.Duration = -1

// Wait sleeps until *word differs from val, the kick is set, or the timeout ends (Forever: none), and reports whether it was the timeout.
// It may return early for no reason. The word is one of shared memory, aligned to 4.
func Wait(word *uint32, val uint32, k *Kick, timeout time.Duration) (timedOut bool) {
	if atomic.LoadUint32(word) != val || k.IsSet() {
		return false
	}
	if direct.Add(1) <= MaxDirect {
		defer direct.Add(-1)
		return sleepDirect(word, val, k, timeout)
	}
	direct.Add(-1)
	return sleepShared(word, val, k, timeout)
}

// Wake wakes at most n sleepers on the word, in every process, and returns how many there were. Change the word first. It never blocks.
func Wake(word *uint32, n int) int { return sys.FutexWake(word, n) }

// All is the n of Wake that wakes everybody.
const All = 1 << 30

func sleepDirect(word *uint32, val uint32, k *Kick, timeout time.Duration) bool {
	var end time.Time
	if timeout >= 0 {
		end = time.Now().Add(timeout)
	}
	for atomic.LoadUint32(word) == val && !k.IsSet() {
		nap := Backstop
		if timeout >= 0 {
			left := time.Until(end)
			if left <= 0 {
				return true
			}
			nap = min(nap, left)
		}
		if hasWaitv() {
			var ws [2]sys.WaitVector
			ws[0].SetShared(word, val)
			ws[1].SetPrivate(&k.word, 0)
			refused(sys.FutexWaitv(ws[:], nap)) // woken, changed, interrupted, timed out: the loop looks for itself
			runtime.KeepAlive(k)
			continue
		}
		k.sleeping.Store(word)
		if !k.IsSet() {
			_ = sys.FutexWait(word, val, nap)
		}
		k.sleeping.Store(nil)
	}
	return false
}

// waitv is what the one probe of futex_waitv found.
var waitv struct {
	once   sync.Once
	ok     bool
	forced atomic.Bool // a test, or a seccomp profile that came later, wants the fallback
}

// refused notes that futex_waitv, which worked at first, is refused now: this process has put itself under a stricter seccomp profile.
func refused(err error) {
	if err == error(syscall.ENOSYS) || err == error(syscall.EPERM) {
		waitv.forced.Store(true)
	}
}

func hasWaitv() bool {
	waitv.once.Do(func() {
		word := new(uint32)
		var ws [1]sys.WaitVector
		ws[0].SetPrivate(word, 1) // differs from 0: EAGAIN where the call works
		waitv.ok = sys.FutexWaitv(ws[:], 0) == error(syscall.EAGAIN) && !debug.Has("nowaitv")
		runtime.KeepAlive(word)
	})
	return waitv.ok && !waitv.forced.Load()
}
