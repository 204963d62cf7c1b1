package psync

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// A turn of a Barrier. Invariants:
//
//  1. Everything in the payload is changed under the embedded lock only. Reading needs no lock.
//  2. A process's row names the turn before a party of it is counted as arrived. So when a counted party's process is dead, its row says that it was waiting.
//  3. The word is what decides. A turn is over, for all who have come, by the one store that makes the word the next turn; it is broken by the one store that sets the bit. What
//     these stores imply (the outcome, that nobody has arrived, why it broke) is in memory before them, and means nothing without them.
//  4. Whoever takes the lock after a death, and whoever waits when one is told, looks for rows of the dead that name a turn that is not over, and breaks it. Only then are those rows
//     cleared. A process killed anywhere in between leaves rows that the next one finds: breaking a broken turn does nothing.
//  5. So a party that is killed with the lock in hand, while it arrives or before it has stored the next turn, breaks the turn, whatever counts it has left. One that is killed in Reset, and
//     is no party, leaves the turn as it was, or broken: the counts are cleared only while it is broken.
//  6. The action runs without the lock. arrived = parties then, so that nobody else arrives; the turn is over, or broken, when its runner has taken the lock again.
//  7. Whoever has come leaves when the turn is over, or broken, or breaks it himself.
//  8. The bit of a turn among the outcomes is its own until 1,023 more are over.
type party struct {
	b     *Barrier
	ctx   context.Context
	turn  uint32
	index int
	early bool // the last turn is not over: its action runs
}

func (b *Barrier) me() family.Ident { return family.Ident(b.h.Lock().Me) }

// acquire takes the embedded lock, and breaks what the dead have left.
func (b *Barrier) acquire(ctx context.Context, ends robust.Closer) error {
	rec, err := b.h.Lock().Acquire(ctx, ends, 0)
	if err == nil && (rec.Recovered() || b.fam.Deaths() != b.in.settled.Load()) {
		b.settle()
	}
	return err
}

// lock is acquire for what has to be done, whatever context or handle has ended. It returns the function that releases the lock.
func (b *Barrier) lock() (unlock func()) {
	_ = b.acquire(context.Background(), stays{})
	return b.unlock
}

func (b *Barrier) unlock() { _ = b.h.Lock().Release() } // ErrNotOwner: the lock was scribbled over

// arrive makes the caller a party of the present turn. The last party of a barrier without an action releases all.
func (b *Barrier) arrive(ctx context.Context) (*party, error) {
	if ctx.Err() != nil {
		return nil, errs.FromContext(ctx)
	}
	if err := b.acquire(ctx, b.h); err != nil {
		return nil, err
	}
	defer b.unlock()
	w := atomic.LoadUint32(b.area.word())
	p := &party{b: b, ctx: ctx, turn: w >> 1}
	if w&barBroken != 0 {
		return nil, b.brokenError(p.turn)
	}
	n := int(atomic.LoadUint32(b.area.arrived()))
	if n >= b.parties {
		if runner := family.Ident(atomic.LoadUint32(b.area.runner())); b.action != nil && b.fam.Alive(runner) {
			p.early = true
			return p, nil
		}
		b.breakTurn(p.turn, BrokenByScribble, b.me(), "")
		return nil, b.brokenError(p.turn)
	}
	r, err := b.rows.Claim()
	if err != nil {
		return nil, err
	}
	if err := b.mark(r, p.turn); err != nil {
		return nil, err
	}
	killpoint.Here("barrier.marked")
	p.index = n
	atomic.StoreUint32(b.area.arrived(), uint32(n)+1)
	killpoint.Here("barrier.arrived")
	switch {
	case n+1 < b.parties:
	case b.action == nil:
		b.complete(p.turn)
	default:
		atomic.StoreUint32(b.area.runner(), uint32(b.me()))
		killpoint.Here("barrier.full")
	}
	return p, nil
}

// mark makes this process's row name the turn.
func (b *Barrier) mark(r ledger.Row, turn uint32) error {
	for {
		w := atomic.LoadUint64(r.Word())
		if ledger.OwnerOf(w) != b.me() {
			return fmt.Errorf("%w: the row of this process is another's", errs.ErrCorrupt)
		}
		if atomic.CompareAndSwapUint64(r.Word(), w, ledger.Word(b.me(), uint64(turn)<<1|barBroken)) {
			return nil
		}
	}
}

// wait sleeps until the word says something else than that the turn is on.
func (p *party) wait() error {
	b := p.b
	killpoint.Here("barrier.waiting")
	r, done := b.in.rooms.enter(p.turn)
	defer done()
	err := r.Wait(p.ctx, b.h, func() (*uint32, uint32, bool) {
		w := atomic.LoadUint32(b.area.word())
		if w == p.turn<<1 {
			b.mourn(func() error { _, err := b.h.Lock().Acquire(p.ctx, b.h, 0); return err }, b.settle)
		}
		return b.area.word(), w, w != p.turn<<1
	})
	killpoint.Here("barrier.woken")
	return err
}

// outcome tells whether the turn is over or broken, and if it was broken why.
func (b *Barrier) outcome(turn uint32) (over bool, broken error) {
	w := atomic.LoadUint32(b.area.word())
	if w>>1 == turn {
		if w&barBroken == 0 {
			return false, nil
		}
		return true, b.brokenError(turn)
	}
	word, bit := b.area.outcome(turn)
	all := atomic.LoadUint64(word)&bit != 0
	if since := atomic.LoadUint32(b.area.word())>>1 - turn; since&(1<<31-1) >= barOutcomes {
		return true, &BrokenError{Text: "more than 1,023 turns ago"}
	}
	if !all {
		return true, b.brokenError(turn)
	}
	return true, nil
}

// desert leaves a turn that is not over for the reason of err, and breaks it, unless it is over by now.
func (p *party) desert(err error) error {
	b := p.b
	defer b.lock()()
	if over, broken := b.outcome(p.turn); over {
		return broken
	}
	reason := BrokenByContext
	switch {
	case errors.Is(err, errs.ErrCorrupt):
		reason = BrokenByScribble
	case b.gone():
		reason, err = BrokenByClose, errs.ErrClosed
	}
	b.breakTurn(p.turn, reason, b.me(), err.Error())
	if reason == BrokenByContext {
		return fmt.Errorf("%w; %w", err, ErrBroken)
	}
	return err
}

// act runs the action as the last party that has come, and ends the turn.
func (p *party) act() error {
	b := p.b
	done := false
	defer func() {
		if done {
			return
		}
		v := recover()
		text := "it called runtime.Goexit"
		if v != nil {
			text = fmt.Sprint("panic: ", v)
		}
		p.fail(text)
		if v != nil {
			panic(v)
		}
	}()
	err := b.action.f(p.ctx)
	done = true
	killpoint.Here("barrier.acted")
	if err != nil {
		broken := p.fail(err.Error())
		broken.cause = err
		return broken
	}
	defer b.lock()()
	if over, broken := b.outcome(p.turn); over {
		return broken
	}
	b.complete(p.turn)
	return nil
}

// fail breaks the turn because of what the action did.
func (p *party) fail(text string) *BrokenError {
	b := p.b
	defer b.lock()()
	b.breakTurn(p.turn, BrokenByAction, b.me(), text)
	return b.brokenError(p.turn)
}

// complete ends a turn to which all have come. The caller has the lock.
func (b *Barrier) complete(turn uint32) {
	b.area.setOutcome(turn, true)
	killpoint.Here("barrier.completing")
	b.next(turn)
}

// renew ends a broken turn. The caller has the lock.
func (b *Barrier) renew(turn uint32) {
	b.area.setOutcome(turn, false)
	killpoint.Here("barrier.renewing")
	b.next(turn)
}

// next begins the turn after one whose outcome is in memory.
func (b *Barrier) next(turn uint32) {
	atomic.StoreUint32(b.area.runner(), 0)
	atomic.StoreUint32(b.area.arrived(), 0)
	killpoint.Here("barrier.emptied")
	b.h.Lock().RaceRelease()
	atomic.StoreUint32(b.area.word(), (turn+1)<<1)
	killpoint.Here("barrier.released")
	park.Wake(b.area.word(), park.All)
}

// breakTurn breaks a turn that is not over. The caller has the lock.
func (b *Barrier) breakTurn(turn uint32, reason BreakReason, who family.Ident, text string) {
	if atomic.LoadUint32(b.area.word()) != turn<<1 {
		return
	}
	b.note(turn, reason, who, text)
	killpoint.Here("barrier.breaking")
	b.h.Lock().RaceRelease()
	atomic.StoreUint32(b.area.word(), turn<<1|barBroken)
	killpoint.Here("barrier.broken")
	park.Wake(b.area.word(), park.All)
}

// settle breaks the turn if somebody has died in it, and clears the rows of the dead. The caller has the lock.
func (b *Barrier) settle() {
	d := b.fam.Deaths()
	if b.rows.Attach() != nil {
		return
	}
	turn := atomic.LoadUint32(b.area.word()) >> 1
	for r := range b.rows.Each {
		w := atomic.LoadUint64(r.Word())
		owner := ledger.OwnerOf(w)
		if owner == 0 || b.fam.Alive(owner) {
			continue
		}
		if w&ledger.Counts == uint64(turn)<<1|barBroken {
			reason := BrokenByDeath
			if uint32(owner) == atomic.LoadUint32(b.area.runner()) {
				reason = BrokenInAction
			}
			b.breakTurn(turn, reason, owner, "")
		}
		killpoint.Here("barrier.clearing")
		atomic.StoreUint64(r.Extra(), 0)
		atomic.CompareAndSwapUint64(r.Word(), w, ledger.Word(owner, 0))
	}
	b.in.settled.Store(d)
}
