package arena

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// Handle is one handle to a shared object. When it is closed, or collected, the object loses it; with the last handle of the
// last process (and no message on its way) the object's memory is freed.
type Handle struct {
	o       *Object
	closed  atomic.Bool
	pinned  atomic.Bool
	cleanup runtime.Cleanup
}

// New makes an object whose payload is zero. It costs about a microsecond for a small one, 0.2 ms for each MiB of a large one.
func New(s Spec) (*Handle, error) {
	a, err := Home()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	o, err := a.create(s)
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return newHandle(o), nil
}

// Attach makes a handle to the object of a reference.
func Attach(ref Ref) (*Handle, error) {
	a, err := Home()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	o, err := a.attach(ref)
	a.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return newHandle(o), nil
}

func newHandle(o *Object) *Handle {
	h := &Handle{o: o}
	h.cleanup = runtime.AddCleanup(h, collected, o)
	return h
}

// collected is what the garbage collector does instead of Close.
func collected(o *Object) {
	o.a.mu.Lock()
	defer o.a.mu.Unlock()
	if o.handles == 1 && o.Held() {
		return // who takes a lock and forgets it holds it to his end; his death is what the next one is told of
	}
	o.release()
}

// Clone makes another handle to the same object.
func (h *Handle) Clone() (*Handle, error) {
	a := h.o.a
	a.mu.Lock()
	if h.closed.Load() {
		a.mu.Unlock()
		return nil, errs.ErrClosed
	}
	h.o.handles++
	a.mu.Unlock()
	return newHandle(h.o), nil
}

// CloseUnless is Close, but leaves this process's last handle to the collector when inUse reports, after the handle was closed for new uses, that a goroutine of this process may
// still be inside the object. That goroutine keeps the handle from being collected.
func (h *Handle) CloseUnless(inUse func() bool) (inside bool, err error) {
	if h.closed.Swap(true) {
		return false, errs.ErrClosed
	}
	h.expel()
	h.o.a.mu.Lock()
	defer h.o.a.mu.Unlock()
	if h.o.handles == 1 && inUse() {
		return true, nil
	}
	h.cleanup.Stop()
	h.o.release()
	return false, nil
}

// Close gives the handle up; those who wait through it return ErrClosed before Close does. A second Close is ErrClosed.
func (h *Handle) Close() error {
	_, err := h.CloseUnless(func() bool { return false })
	return err
}

// Closed reports whether Close was called.
func (h *Handle) Closed() bool { return h.closed.Load() }

// Ref names the object, for a message. From now on the object may be held by others.
func (h *Handle) Ref() Ref {
	a := h.o.a
	a.mu.Lock()
	defer a.mu.Unlock()
	if h.o.handles > 0 { // also when this one is closed: attaching the reference must find the object that others still use
		a.remember(h.o)
	}
	return h.o.ref
}

// Size is the payload's length in bytes.
func (h *Handle) Size() uint64 { return h.o.size }

// Kind is the object's kind.
func (h *Handle) Kind() uint8 { return h.o.kind }

// Type is the fingerprint of the element type.
func (h *Handle) Type() uint64 { return h.o.typ }

// Payload is the object's memory, aligned to 16. It is valid until Close; the pointer does not keep the handle alive.
func (h *Handle) Payload() Memory { return h.o.payload }

// Lock is the lock that every object has.
func (h *Handle) Lock() *robust.Core { return &h.o.Core }

// Same reports whether two handles are of one object.
func (h *Handle) Same(other *Handle) bool { return h.o == other.o || h.o.ref == other.o.ref }

// Pin keeps the collector from freeing the object: a pointer to its memory was handed out, which the collector can't see.
func (h *Handle) Pin() {
	if h.pinned.CompareAndSwap(false, true) {
		h.cleanup.Stop()
	}
}

// StayMapped leaves the object's memory readable after Close until the handle is collected, for a user whose goroutines may look at it at the moment of a Close. What is
// there then is anybody's.
func (h *Handle) StayMapped() {
	h.o.a.mu.Lock()
	defer h.o.a.mu.Unlock()
	h.o.stay = true
}

// waiting are the kicks of the goroutines that wait through a handle.
var waiting = struct {
	mu   sync.Mutex
	gone sync.Cond
	m    map[*Handle]map[*park.Kick]struct{}
}{m: map[*Handle]map[*park.Kick]struct{}{}}

func init() { waiting.gone.L = &waiting.mu }

// AddKick makes Close end the wait that uses the kick.
func (h *Handle) AddKick(k *park.Kick) {
	waiting.mu.Lock()
	defer waiting.mu.Unlock()
	ks := waiting.m[h]
	if ks == nil {
		ks = map[*park.Kick]struct{}{}
		waiting.m[h] = ks
	}
	ks[k] = struct{}{}
	if h.closed.Load() {
		k.Set()
	}
}

// RemoveKick says that the wait is over and touches the object no more.
func (h *Handle) RemoveKick(k *park.Kick) {
	waiting.mu.Lock()
	defer waiting.mu.Unlock()
	delete(waiting.m[h], k)
	if len(waiting.m[h]) == 0 {
		delete(waiting.m, h)
		if h.closed.Load() {
			waiting.gone.Broadcast()
		}
	}
}

// expel ends all waits through the handle: its memory may be gone when Close returns.
func (h *Handle) expel() {
	waiting.mu.Lock()
	defer waiting.mu.Unlock()
	for k := range waiting.m[h] {
		k.Set()
	}
	for len(waiting.m[h]) > 0 {
		waiting.gone.Wait()
	}
}
