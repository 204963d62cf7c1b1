package park

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// sleepers are the threads that sleep for many.
var sleepers struct {
	mu   sync.Mutex
	list []*sleeper // each with its goroutine running
}

// sleeper is one goroutine, in the kernel most of its time, and the words it watches.
type sleeper struct {
	entries []*entry // guarded by sleepers.mu
	kick    *uint32  // set when entries were added
}

// entry is one waiting goroutine.
type entry struct {
	word *uint32
	val  uint32
	k    *Kick
	done bool // guarded by sleepers.mu: the sleeper no longer reads word
}

func sleepShared(word *uint32, val uint32, k *Kick, timeout time.Duration) bool {
	e := &entry{word: word, val: val, k: k}
	enlist(e)
	var expired <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		expired = t.C
	}
	timedOut := false
	select {
	case <-k.ch:
	case <-expired:
		timedOut = true
	}
	sleepers.mu.Lock()
	e.done = true // invariant 3: the sleeper reads words under mu only
	sleepers.mu.Unlock()
	return timedOut
}

func enlist(e *entry) {
	sleepers.mu.Lock()
	defer sleepers.mu.Unlock()
	for _, s := range sleepers.list {
		if len(s.entries) < perSleeper {
			s.entries = append(s.entries, e)
			if atomic.SwapUint32(s.kick, 1) == 0 {
				sys.FutexWakePrivate(s.kick, 1)
			}
			return
		}
	}
	s := &sleeper{entries: []*entry{e}, kick: new(uint32)}
	sleepers.list = append(sleepers.list, s)
	go s.run()
}

// run watches until nobody is left.
func (s *sleeper) run() {
	vector := make([]sys.WaitVector, 0, perSleeper+1)
	poll := time.Millisecond
	for {
		sleepers.mu.Lock()
		vector = vector[:1]
		atomic.StoreUint32(s.kick, 0)
		vector[0].SetPrivate(s.kick, 0)
		if !s.sweep() {
			s.retire()
			sleepers.mu.Unlock()
			return
		}
		for _, e := range s.entries {
			vector = vector[:len(vector)+1]
			vector[len(vector)-1].SetShared(e.word, e.val)
		}
		sleepers.mu.Unlock()
		if hasWaitv() {
			refused(sys.FutexWaitv(vector, Backstop))
			runtime.KeepAlive(s)
			continue
		}
		if atomic.LoadUint32(s.kick) != 0 {
			poll = time.Millisecond
		}
		time.Sleep(poll)
		poll = min(poll*2, 4*time.Millisecond)
	}
}

// sweep signals the waiters whose word has changed and drops those who have left. It reports whether any remain. Called with mu held.
func (s *sleeper) sweep() bool {
	kept := s.entries[:0]
	for _, e := range s.entries {
		switch {
		case e.done:
		case atomic.LoadUint32(e.word) != e.val:
			e.k.signal()
		default:
			kept = append(kept, e)
		}
	}
	clear(s.entries[len(kept):])
	s.entries = kept
	return len(kept) > 0
}

func (s *sleeper) retire() {
	for i, other := range sleepers.list {
		if other == s {
			sleepers.list = append(sleepers.list[:i], sleepers.list[i+1:]...)
			return
		}
	}
}
