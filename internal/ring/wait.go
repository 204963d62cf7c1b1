package ring

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

const (
	// defaultSpin is how long the one waiter of a handle looks at the other side's word before it sleeps: about as long as a sleep and a wake take.
	defaultSpin = 10 * time.Microsecond
	maxSpin     = time.Second
	// The pauses between two looks grow from minPause to maxPause loads of a local word. They leave the line to the other side, which writes it.
	minPause = 16
	maxPause = 128

	glances = 64
)

// watch spins until done says so (true), or the time to spin or ctx is over.
func (r *Ring) watch(ctx context.Context, done func() bool) bool {
	if runtime.NumCPU() == 1 {
		return false
	}
	var local uint32
	var begin time.Time
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		for range pause {
			_ = atomic.LoadUint32(&local)
		}
		if done() {
			return true
		}
		if r.h.Closed() || ctx.Err() != nil {
			return false
		}
		if begin.IsZero() {
			begin = time.Now()
		} else if time.Since(begin) > r.spin {
			return false
		}
	}
}

// glance is a watch of about a microsecond that every goroutine may afford before it prepares to wait: in a ping-pong the answer is mostly there by then.
func (r *Ring) glance(done func() bool) bool {
	if runtime.NumCPU() == 1 {
		return false
	}
	var local uint32
	for range glances {
		for range minPause {
			_ = atomic.LoadUint32(&local)
		}
		if done() {
			return true
		}
	}
	return false
}

// filled and drained are what a consumer and a producer watch for.
func (r *Ring) filled() bool  { return !r.empty() }
func (r *Ring) drained() bool { return uint64(r.a.head()) != r.seenHead.Load() }

// patience is how long the forms that don't wait for room or for an item wait for a lock: longer than any item takes to be copied, and than a death takes to be known.
var patience = time.Second

// noWait is the context of these forms.
var noWait context.Context

// errBusy: the lock is held by a process that is stopped, as it seems.
var errBusy = errors.New("multiproc: the queue's lock is not released")

func (r *Ring) enterSlow(ctx context.Context, c *robust.Core) error {
	if ctx != noWait {
		_, err := c.Acquire(ctx, r.h, 0)
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := c.Acquire(ctx, r.h, 0)
	if err != nil && ctx.Err() != nil {
		return errBusy
	}
	return err
}

// ring wakes one sleeper of a side, if there is any (invariant 4).
func (r *Ring) ring(bell uintptr) {
	p := r.a.u32(bell)
	for {
		w := atomic.LoadUint32(p)
		if w&asleep == 0 {
			return
		}
		if atomic.CompareAndSwapUint32(p, w, w&^asleep+bellStep) {
			break
		}
	}
	killpoint.Here("ring.rung")
	park.Wake(p, 1)
}

// passOn wakes another sleeper of a side in the place of one that gives up: who woke this one has cleared the mark for all.
func (r *Ring) passOn(bell uintptr) {
	r.flag(bell)
	r.ring(bell)
}

// flag says that somebody of a side may be asleep.
func (r *Ring) flag(bell uintptr) { atomic.OrUint32(r.a.u32(bell), asleep) }

func (r *Ring) sleepers(bell uintptr) bool { return atomic.LoadUint32(r.a.u32(bell))&asleep != 0 }
