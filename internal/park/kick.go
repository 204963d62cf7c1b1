package park

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Kick ends the sleep of the goroutine that waits with it. It may be set from any goroutine, before or during the sleep, and stays set
// until Reset. A Kick serves one waiter at a time.
type Kick struct {
	word     uint32                 // 1 once set; the second futex of a direct sleep
	sleeping atomic.Pointer[uint32] // the shared word, while a direct sleep without futex_waitv is on
	ch       chan struct{}          // wakes a waiter on a shared sleeper
}

// NewKick returns a Kick that is not set.
func NewKick() *Kick { return &Kick{ch: make(chan struct{}, 1)} }

// IsSet reports whether Set was called since the last Reset.
func (k *Kick) IsSet() bool { return atomic.LoadUint32(&k.word) != 0 }

// Reset makes the Kick usable for the next wait of the same goroutine.
func (k *Kick) Reset() {
	atomic.StoreUint32(&k.word, 0)
	select {
	case <-k.ch:
	default:
	}
}

// Set ends the wait. It costs a system call when somebody sleeps, and without futex_waitv it may take some 50 us to return.
func (k *Kick) Set() {
	if !atomic.CompareAndSwapUint32(&k.word, 0, 1) {
		return
	}
	k.signal()
	if hasWaitv() {
		sys.FutexWakePrivate(&k.word, 1)
		return
	}
	// The sleeper may be between its last look and the kernel: wake until it says it is up.
	for pause := 5 * time.Microsecond; ; pause = min(2*pause, time.Millisecond) {
		word := k.sleeping.Load()
		if word == nil || !k.IsSet() { // Reset: the sleeper has been up, and sleeps for something else by now
			return
		}
		sys.FutexWake(word, 1<<30)
		runtime.Gosched()
		if k.sleeping.Load() == nil || !k.IsSet() {
			return
		}
		time.Sleep(pause)
	}
}

// signal wakes a waiter on a shared sleeper.
func (k *Kick) signal() {
	select {
	case k.ch <- struct{}{}:
	default:
	}
}
