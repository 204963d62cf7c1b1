package family

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/debug"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// pollEvery is how often a death is looked for where the kernel can't report it: no pidfd (Linux before 5.3), no descriptor left.
const pollEvery = 100 * time.Millisecond

// idleWatches is how many watches without a subscriber are kept. A lock's owner is watched each time somebody sleeps for it, and opening a pidfd
// for each sleep would cost more than the sleep.
const idleWatches = 64

// watches are the peers whose death this process wants to hear of: one pidfd in the netpoller, and one goroutine, for each.
type watches struct {
	f  *Family
	mu sync.Mutex
	m  map[Ident]*watch
}

type watch struct {
	id     Ident
	file   *os.File // nil when polling
	stop   chan struct{}
	subs   map[*Watch]struct{}
	closed bool
}

// Watch is one subscription.
type Watch struct {
	w  *watch
	ws *watches
	fn func()
}

// Watch calls fn, once and from another goroutine, when the participant is dead: at once if it is already. It blocks for a few microseconds.
// The kernel reports a death when it has torn the victim's memory down, about 65 ms for each GiB that was its own.
func (f *Family) Watch(id Ident, fn func()) *Watch {
	ws := &f.watches
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w := ws.m[id]
	if w == nil {
		w = ws.open(id)
	}
	if w == nil {
		go fn()
		return &Watch{}
	}
	s := &Watch{w, ws, fn}
	w.subs[s] = struct{}{}
	return s
}

// Stop ends the subscription. fn may still be running, or about to.
func (s *Watch) Stop() {
	if s.w == nil {
		return
	}
	s.ws.mu.Lock()
	defer s.ws.mu.Unlock()
	delete(s.w.subs, s)
	if len(s.w.subs) == 0 && len(s.ws.m) > idleWatches {
		s.ws.drop(s.w)
	}
}

// open starts a watch, or returns nil when the participant is known to be dead. Called with mu held.
func (ws *watches) open(id Ident) *watch {
	f := ws.f
	if !f.Alive(id) {
		return nil
	}
	w := &watch{id: id, stop: make(chan struct{}), subs: map[*Watch]struct{}{}}
	pid := int(int32(atomic.LoadUint32(f.u32(slotOff(id.Slot(), slotPID)))))
	if fd, err := openPidfd(pid); err == nil {
		w.file = os.NewFile(uintptr(fd), "pidfd")
	}
	// After the open: from here on the pidfd and the participant are the same process or the participant is gone.
	if !f.Alive(id) || f.load(id.Slot()).state() == Live && !f.existsAs(id, pid) {
		if w.file != nil {
			w.file.Close()
		}
		f.MarkDead(id)
		return nil
	}
	if ws.m == nil {
		ws.m = map[Ident]*watch{}
	}
	ws.m[id] = w
	go ws.run(w)
	return w
}

var noPidfd = sync.OnceValue(func() bool { return debug.Has("nopidfd") })

func openPidfd(pid int) (int, error) {
	if noPidfd() {
		return -1, errors.ErrUnsupported
	}
	return sys.PidfdOpen(pid)
}

// drop forgets a watch. Called with mu held.
func (ws *watches) drop(w *watch) {
	if ws.m[w.id] == w {
		delete(ws.m, w.id)
	}
	if !w.closed {
		w.closed = true
		close(w.stop)
		if w.file != nil {
			w.file.Close() // ends the goroutine's wait
		}
	}
}

func (ws *watches) run(w *watch) {
	if !ws.ended(w) {
		return
	}
	ws.f.MarkDead(w.id)
	ws.mu.Lock()
	subs := w.subs
	w.subs = map[*Watch]struct{}{}
	ws.drop(w)
	ws.mu.Unlock()
	for s := range subs {
		s.fn()
	}
}

// ended blocks until the process has ended (true) or the watch was dropped (false).
func (ws *watches) ended(w *watch) bool {
	if w.file != nil {
		if rc, err := w.file.SyscallConn(); err == nil {
			err := rc.Read(func(fd uintptr) bool { return sys.Readable(int(fd)) })
			if err == nil {
				return true
			}
		}
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return false
		case <-tick.C:
			if !ws.f.Alive(w.id) || ws.f.load(w.id.Slot()).state() == Live && !ws.f.exists(w.id) {
				return true
			}
		}
	}
}
