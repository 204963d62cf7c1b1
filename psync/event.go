package psync

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/race"
)

// An Event is a flag that processes set, clear and wait for. It is made, not set, by NewEvent, or arrives as a handle; the zero Event can only be decoded into. It must not be copied.
//
// Set and Clear change one word by one atomic instruction; a Set that somebody waits for wakes all of them with one system call. Neither ever blocks, whoever died or is stopped: there is
// no shared lock. Whoever waits when the event is set returns, also when it is cleared at once. Waiting costs no CPU, and one thread for each handle at most, whatever the number of goroutines.
//
// What was done before a Set is seen by whoever finds the event set, and, when the event was set already, by whoever clears it afterwards: so "write, Set" here and "Clear, read, Wait" there
// miss nothing.
//
//	a process is killed              the others see
//	before the flag is set           nothing
//	in Set, after that               the event set, at once by those who look, after at most 250 ms by those who sleep
//	in Clear                         the event set, or not
//	while it waits                   nothing; the next Set may make a system call for nobody
//	stopped (SIGSTOP) anywhere       nothing: nobody waits for it
type Event struct {
	wordObject
	rooms *waitRooms
}

// The shared word. The count, which wraps, tells a waiter that the event was set since it came: it would have to sleep through exactly 2^30 Sets to miss one.
const (
	eventSet     = 1 << 0
	eventWaiting = 1 << 1 // somebody sleeps on the word, or is about to: a Set has to wake
	eventOne     = 1 << 2 // a count of Sets in bits 2-31
	eventCount   = ^uint32(eventSet | eventWaiting)
)

// NewEvent makes an event in shared memory, not set: 112 bytes. It fails with ErrNoMemory, or where there is no shared memory.
func NewEvent() (*Event, error) {
	e := &Event{rooms: new(waitRooms)}
	if err := e.make(handle.KindEvent); err != nil {
		return nil, err
	}
	return e, nil
}

// Set sets the event and wakes all that wait for it. It fails with ErrClosed only.
func (e *Event) Set() error {
	if w := e.look(); !race.Enabled && w != nil {
		// The swap changes nothing and is needed: a load alone could be done before the caller's last stores have become visible, and who clears the event just then would miss both.
		if v := atomic.LoadUint32(w); v&eventSet != 0 && atomic.CompareAndSwapUint32(w, v, v) {
			runtime.KeepAlive(e) // or the collector could free the word between the load and the swap
			return nil
		}
	}
	return e.set()
}

func (e *Event) set() error {
	w := e.enter()
	if w == nil {
		return errs.ErrClosed
	}
	defer e.use.RUnlock() // whom this wakes may close the event
	e.h.Lock().RaceRelease()
	for {
		v := atomic.LoadUint32(w)
		if v&eventSet != 0 {
			if atomic.CompareAndSwapUint32(w, v, v) {
				return nil
			}
			continue
		}
		if !atomic.CompareAndSwapUint32(w, v, v&eventCount+eventOne|eventSet) {
			continue
		}
		if v&eventWaiting != 0 {
			killpoint.Here("event.set")
			park.Wake(w, park.All)
		}
		return nil
	}
}

// Clear makes the event not set. Those who waited when it was set return all the same. It fails with ErrClosed only.
func (e *Event) Clear() error {
	w := e.enter()
	if w == nil {
		return errs.ErrClosed
	}
	defer e.use.RUnlock()
	for {
		v := atomic.LoadUint32(w)
		if v&eventSet == 0 || atomic.CompareAndSwapUint32(w, v, v&^eventSet) {
			e.h.Lock().RaceAcquire()
			return nil
		}
	}
}

// IsSet reports whether the event is set. It costs a load. A closed event is not.
func (e *Event) IsSet() bool {
	w := e.look()
	if w == nil || atomic.LoadUint32(w)&eventSet == 0 {
		return false
	}
	e.observed()
	return true
}

// observed orders what follows after the Set that was seen.
func (e *Event) observed() {
	if race.Enabled {
		e.h.Lock().RaceAcquire()
	}
	runtime.KeepAlive(e)
}

// Wait returns nil when the event is set, or was since the call, even if it was cleared at once. It waits until ctx ends: an error wraps ctx.Err() and the context's cause, or is ErrClosed.
func (e *Event) Wait(ctx context.Context) error {
	if e.IsSet() && ctx.Err() == nil {
		return nil
	}
	u := e.begin()
	if u == nil {
		return errs.ErrClosed
	}
	err := u.wait(ctx)
	if err != nil && ctx.Err() != nil {
		err = waitError(e, err) // which enters for itself
	}
	return err
}

// eventWait is a wait that has begun: with the word as it was then, and inside of a handle, though the Event may have been decoded into meanwhile.
type eventWait struct {
	h     *arena.Handle
	view  *wordView
	rooms *waitRooms
	w     *uint32
	since uint32
}

// begin begins a wait; nil: the handle was closed, or never made. The wait ends with wait, which must be called.
func (e *Event) begin() *eventWait {
	w := e.enter()
	if w == nil {
		return nil
	}
	return &eventWait{e.h, e.wordView, e.rooms, w, atomic.LoadUint32(w)}
}

// wait waits until the event is set, or was since the wait has begun.
func (u *eventWait) wait(ctx context.Context) error {
	defer u.view.use.RUnlock()
	since, w := u.since&eventCount, u.w
	room, leave := u.rooms.enter(since)
	defer leave()
	err := room.Wait(ctx, u.h, func() (*uint32, uint32, bool) {
		for {
			v := atomic.LoadUint32(w)
			switch {
			case v&eventSet != 0 || v&eventCount != since:
				return w, v, true
			case v&eventWaiting != 0:
				return w, v, false
			case atomic.CompareAndSwapUint32(w, v, v|eventWaiting):
				killpoint.Here("event.waiting")
				return w, v | eventWaiting, false
			}
		}
	})
	if err == nil {
		u.h.Lock().RaceAcquire()
	}
	return err
}

// set already, for Chan.
var closedChan = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// Chan returns a channel that is closed when the event is set, or at the first Set after the call, even if it is cleared at once: Wait for a select. It is never closed when ctx ends, or the
// handle is closed, before that. Each call of an event that is not set takes a goroutine, without a thread of its own, until then; it keeps the event from being collected.
func (e *Event) Chan(ctx context.Context) <-chan struct{} {
	if e.IsSet() {
		return closedChan
	}
	c := make(chan struct{})
	if u := e.begin(); u != nil {
		go func() {
			if u.wait(ctx) == nil {
				close(c)
			}
		}()
	}
	return c
}

// String tells the state and whether somebody waits, at a moment that may be over when it returns.
func (e *Event) String() string {
	if e == nil {
		return "psync.Event(none)"
	}
	w := e.enter()
	if w == nil {
		return "psync.Event(" + e.unavailable() + ")"
	}
	defer e.use.RUnlock()
	state := "not set"
	v := atomic.LoadUint32(w)
	if v&eventSet != 0 {
		state = "set"
	}
	if v&eventWaiting != 0 {
		state += "; somebody waits"
	}
	if n := e.rooms.queued(); n > 0 {
		state += fmt.Sprintf(", %d more goroutines queue here", n)
	}
	return "psync.Event(" + state + ")"
}

// UnmarshalCBOR makes e a handle to the event that was encoded. ErrStale: that one is gone.
func (e *Event) UnmarshalCBOR(data []byte) error {
	err := e.decode(data, handle.KindEvent)
	if err == nil {
		e.rooms = new(waitRooms)
	}
	return err
}
