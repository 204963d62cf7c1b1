package psync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// MaxParties is the largest number of parties of a Barrier.
const MaxParties = 1<<30 - 1

// A Barrier is where a number of parties wait for each other: a Wait returns when as many have come as the barrier has parties, and then the next turn begins. It is made by NewBarrier or arrives as a
// handle; the zero Barrier can only be decoded into. It must not be copied.
//
// A party is a call of Wait, not a process: several goroutines of a process may be parties. When one that has come will not wait to the end the barrier breaks for all: their Wait, and every Wait until
// Reset, returns a [BrokenError] that says why and who. The memory before a Wait is seen after the Wait of all others.
//
// A turn of two processes costs them about a wake-up each. Waiting costs no CPU, and one thread for a process's waiters, whatever their number.
//
//	a process is killed              the others see
//	before a party of it arrives     nothing: which process the missing party would have come from nobody knows. Wait with the context of the
//	                                 process, see Process.Context, or with a timeout, see WithTimeout
//	while a party of it waits        the barrier broken, by its death (BrokenByDeath), as soon as that is known: within about 0.5 ms for a
//	                                 process with little memory, plus 65 ms for each GiB of its own
//	as the last to arrive, before    the same
//	all are released
//	as the last, in the action       the barrier broken (BrokenInAction)
//	when all have arrived, and the   a turn that all have come to; those who sleep are woken by the kill if the dead had not woken
//	action is done                   them, or after at most 250 ms
//	in its way out of Wait           nothing
//	in Abort                         the barrier broken, or as before
//	in Reset                         the barrier as before, broken (BrokenByReset), or reset
//	stopped (SIGSTOP) as a party     nothing when it has come: the turn goes on without its doing, and it finds how the turn ended, unless 1,024 more have
//	                                 ended meanwhile
//	stopped (SIGSTOP) while it       whoever comes, leaves, resets or aborts, until it goes on: the barrier's lock is held for microseconds, but it is
//	arrives, leaves or resets        held
//	stopped (SIGSTOP) in the action  they wait: a stopped process is alive and may go on at any moment
type Barrier struct {
	tabled
	area    barArea
	parties int
	timeout time.Duration
	action  *action
}

// BarrierOption changes a barrier that NewBarrier makes.
type BarrierOption func(*Barrier) error

// WithAction makes the last party to arrive run the action before all go on. Meanwhile the others wait, also those who come for the next turn. When the action fails or
// panics the barrier breaks; a panic goes on in the process of the last party. When the barrier is Reset while the action runs, the action runs on, and so may that of the next turn: unlike Python's,
// it is not run under a lock.
//
// What the action works on it finds in package variables that each party's process has set before its first Wait, or in values of the context of the Wait that came last: any party may be the last.
func WithAction(a Action) BarrierOption {
	return func(b *Barrier) error {
		if a.entry == nil {
			return errors.New("psync: WithAction of an Action that RegisterAction did not make")
		}
		b.action = a.entry
		return a.entry.err
	}
}

// WithTimeout bounds every Wait whose context has no deadline of its own, also in other processes. A Wait that ends so breaks the barrier.
func WithTimeout(d time.Duration) BarrierOption {
	return func(b *Barrier) error {
		if d <= 0 {
			return fmt.Errorf("psync: a barrier with a timeout of %v", d)
		}
		b.timeout = d
		return nil
	}
}

// NewBarrier makes a barrier of 1 to MaxParties parties in shared memory: 720 bytes, and 64 KiB more when parties of 15 processes have come. It fails with
// ErrNoMemory, or where there is no shared memory.
func NewBarrier(parties int, opts ...BarrierOption) (*Barrier, error) {
	if parties < 1 || parties > MaxParties {
		return nil, fmt.Errorf("psync: a barrier of %d parties; it can have 1 to %d", parties, MaxParties)
	}
	b := &Barrier{parties: parties}
	for _, opt := range opts {
		if err := opt(b); err != nil {
			return nil, err
		}
	}
	if err := b.create(handle.KindBarrier, barSize); err != nil {
		return nil, err
	}
	b.area = barArea{b.h.Payload()}
	atomic.StoreUint32(b.area.parties(), uint32(parties))
	atomic.StoreUint64(b.area.timeout(), uint64(b.timeout))
	if err := b.open(b.area.ledger()); err != nil {
		_ = b.h.Close()
		return nil, err
	}
	return b, nil
}

// errTimeout is the cause when the barrier's own timeout ends a wait.
var errTimeout = errors.New("the barrier's timeout")

// Wait waits for all other parties, and runs the action if it is the last. The index tells the parties of a turn apart: 0 for the first that has come, to Parties()-1 for the last; it is -1 with
// an error.
//
// A context that ends while the party waits breaks the barrier, and the error wraps ctx.Err(), the cause, and ErrBroken. One that has ended before it could come, also because the last turn's
// action still runs, breaks nothing. A *BrokenError, which is ErrBroken, says who has broken it otherwise. ErrClosed: the handle was closed, which breaks the barrier if the party has come. ErrNoMemory:
// there is no room for a party of another process. When the turn is over in spite of all that, Wait returns how it ended.
func (b *Barrier) Wait(ctx context.Context) (index int, err error) {
	if err := b.enter(); err != nil {
		return -1, err
	}
	defer b.leave()
	if b.timeout > 0 {
		if _, has := ctx.Deadline(); !has {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, b.timeout, errTimeout)
			defer cancel()
		}
	}
	for {
		p, err := b.arrive(ctx)
		switch {
		case err != nil:
			return -1, b.explain(ctx, err)
		case p.early:
			if err := p.wait(); err != nil {
				return -1, b.explain(ctx, err)
			}
			continue
		case p.index < b.parties-1:
			err = p.attend()
		case b.action != nil:
			err = p.act()
		}
		if err != nil {
			return -1, b.explain(ctx, err)
		}
		b.h.Lock().RaceAcquire()
		return p.index, nil
	}
}

// explain says what the wait was for that a context has ended.
func (b *Barrier) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) && !errors.Is(err, errs.ErrClosed) {
		return waitError(b, err)
	}
	return err
}

// attend waits, as a party that has come, until the turn is over.
func (p *party) attend() error {
	err := p.wait()
	if over, broken := p.b.outcome(p.turn); over {
		return broken
	}
	if err == nil { // the word has changed and changed back: a peer scribbled
		err = fmt.Errorf("%w: the turns of a Barrier run backwards", errs.ErrCorrupt)
	}
	killpoint.Here("barrier.leaving")
	return p.desert(err)
}

// Reset makes the barrier as it was made: the parties that wait get a *BrokenError (BrokenByReset), and a broken barrier can be used again. It blocks for a few microseconds. It does nothing
// at a barrier that is whole and where nobody waits.
func (b *Barrier) Reset() error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	defer b.lock()()
	w := atomic.LoadUint32(b.area.word())
	if w&barBroken == 0 && atomic.LoadUint32(b.area.arrived()) == 0 {
		return nil
	}
	b.breakTurn(w>>1, BrokenByReset, b.me(), "")
	b.renew(w >> 1)
	return nil
}

// Abort breaks the barrier: the parties that wait, and all that come until Reset, get a *BrokenError (BrokenByAbort). It blocks for a few microseconds. It does
// nothing at a broken barrier.
func (b *Barrier) Abort() error {
	if err := b.enter(); err != nil {
		return err
	}
	defer b.leave()
	defer b.lock()()
	b.breakTurn(atomic.LoadUint32(b.area.word())>>1, BrokenByAbort, b.me(), "")
	return nil
}

// Parties is how many parties a turn has.
func (b *Barrier) Parties() int { return b.parties }

// Waiting is how many parties have come in this turn, at a moment that may be over when it returns; 0 when the barrier is broken, or closed.
func (b *Barrier) Waiting() int {
	if b.enter() != nil {
		return 0
	}
	defer b.leave()
	if atomic.LoadUint32(b.area.word())&barBroken != 0 {
		return 0
	}
	return min(int(atomic.LoadUint32(b.area.arrived())), b.parties)
}

// Broken reports whether the barrier is broken.
func (b *Barrier) Broken() bool {
	if b.enter() != nil {
		return false
	}
	defer b.leave()
	return atomic.LoadUint32(b.area.word())&barBroken != 0
}

// String tells who waits, or why the barrier is broken, at a moment that may be over when it returns.
func (b *Barrier) String() string {
	if b == nil {
		return (*tabled)(nil).unavailable(handle.KindBarrier)
	}
	if b.enter() != nil {
		return b.unavailable(handle.KindBarrier)
	}
	defer b.leave()
	w := atomic.LoadUint32(b.area.word())
	if w&barBroken != 0 {
		return fmt.Sprintf("psync.Barrier(%s)", strings.TrimPrefix(b.brokenError(w>>1).Error(), "psync: the barrier is "))
	}
	n := min(int(atomic.LoadUint32(b.area.arrived())), b.parties)
	var s strings.Builder
	fmt.Fprintf(&s, "psync.Barrier(%d of %d have come", n, b.parties)
	if n > 0 {
		sep := ": "
		for r := range b.rows.Each {
			if v := atomic.LoadUint64(r.Word()); v&ledger.Counts == uint64(w|barBroken) {
				if s.Len() > maxListed {
					s.WriteString(" and more")
					break
				}
				s.WriteString(sep + b.h.Lock().Who(ledger.OwnerOf(v)))
				sep = ", "
			}
		}
	}
	if n == b.parties {
		s.WriteString("; the action runs")
	}
	return s.String() + ")"
}

// MarshalCBOR encodes the handle and the name of the action, not the state. It implements cbor.Marshaler, so that the barrier can be part of
// an argument, of a result or of a queue's item.
func (b *Barrier) MarshalCBOR() ([]byte, error) {
	if b == nil || b.gone() || b.action == nil {
		return b.objectOf().MarshalCBOR()
	}
	return handle.Blob{Kind: handle.KindBarrier, Ref: b.h.Ref(), Type: b.action.name}.MarshalCBOR()
}

func (b *Barrier) objectOf() *object {
	if b == nil {
		return nil
	}
	return &b.object
}

// UnmarshalCBOR makes b a handle to the barrier that was encoded. It fails when that one's action is not registered in this process. ErrStale: it is gone.
func (b *Barrier) UnmarshalCBOR(data []byte) error {
	blob, err := handle.Parse(data, handle.KindBarrier)
	if err != nil {
		return err
	}
	action, err := registered(blob.Type)
	if err != nil {
		return err
	}
	var o object // b stays what it is until all is known to be right
	if err := o.attach(blob, handle.KindBarrier, barSize); err != nil {
		return err
	}
	area := barArea{o.h.Payload()}
	parties, timeout := int(atomic.LoadUint32(area.parties())), time.Duration(atomic.LoadUint64(area.timeout()))
	if parties < 1 || parties > MaxParties || timeout < 0 {
		_ = o.h.Close()
		return fmt.Errorf("%w: a Barrier of %d parties with a timeout of %v", errs.ErrCorrupt, parties, timeout)
	}
	b.h, b.kind, b.area, b.parties, b.timeout, b.action = o.h, o.kind, area, parties, timeout, action
	return b.open(b.area.ledger())
}
