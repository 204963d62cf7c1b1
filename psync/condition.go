package psync

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// A Condition is where processes wait, with a lock in hand, until another one notifies them that what the lock guards has changed. Wait releases the lock, waits, and has the lock again
// when it returns:
//
//	l.Lock()
//	defer l.Unlock()
//	err := c.WaitFor(ctx, func() bool { return box.Full() })
//
// A Wait may return without a notification, so what it waits for has to be looked at again, as WaitFor does. It is made by NewCondition or arrives as a handle, which brings its lock along; the
// zero Condition can only be decoded into. It must not be copied.
//
// Notify and NotifyAll never block, whoever has died or is stopped. They cost some 20 ns when nobody waits, else a system call for each process that is woken. The processes that wait
// longest are notified first; inside a process goroutines are woken in order of arrival. Waiting costs no CPU, and one thread for a process's waiters, whatever their number, up to
// 131,071.
//
//	a process is killed              the others see
//	while it waits                   nothing; a notification is for one who lives
//	notified, before it has          another waiter notified in its place, as soon as its death is known; so a notification reaches one
//	returned from Wait               who can act on it, unless nobody else waits
//	after it was notified, with      the lock recovered from it, as below, and perhaps another waiter notified
//	the lock in hand again
//	while it holds the lock, also    every waiter returns from Wait, with nil; the first that has the lock has a Recovery (see
//	in Wait, Notify or NotifyAll     [Lock.Recovery]): what the dead was about to tell nobody else may know
//	while its Wait is cancelled      nothing, or a notification that it was to have goes to another
//	stopped (SIGSTOP) as waiter      nothing; a notification that it got stays its own
//	stopped (SIGSTOP) as notifier    they wait for the lock: a stopped process is alive and may go on at any moment
type Condition struct {
	tabled
	area  condArea
	lock  Mutex
	owned bool // the lock came with the condition, and goes with it
}

// NewCondition makes a condition of a lock, a *Lock or an *RLock, or with nil of a Lock of its own, in shared memory: 352 bytes, and 64 KiB more when 15 processes wait at
// the same time. It fails with ErrNoMemory, or where there is no shared memory.
func NewCondition(l Mutex) (*Condition, error) {
	c := &Condition{lock: l}
	if l == nil {
		lock, err := NewLock()
		if err != nil {
			return nil, err
		}
		c.lock, c.owned = lock, true
	} else if h := l.mutex(); h == nil || h.Closed() {
		return nil, fmt.Errorf("psync: NewCondition of %v: %w", l, errs.ErrClosed)
	}
	if err := c.create(handle.KindCondition, condSize); err != nil {
		c.closeOwned()
		return nil, err
	}
	if err := c.open(); err != nil {
		_ = c.h.Close()
		c.closeOwned()
		return nil, err
	}
	return c, nil
}

func (c *Condition) open() error {
	c.area = condArea{c.h.Payload()}
	return c.tabled.open(c.area.ledger())
}

// Locker is the condition's lock; nil when that is an RLock.
func (c *Condition) Locker() *Lock {
	l, _ := c.lock.(*Lock)
	return l
}

// RLocker is the condition's lock when that is an RLock, else nil.
func (c *Condition) RLocker() *RLock {
	l, _ := c.lock.(*RLock)
	return l
}

// Wait releases the lock, waits for a notification until ctx ends, and takes the lock again before it returns, with an error or without. For that it may have to wait longer than ctx. With an
// RLock, ctx carries the Holder that has the lock (see [Holder.Context]), which gives it up and takes it back to its whole depth.
//
// The error wraps ctx.Err() and the context's cause; a Wait that was notified before its context's end returns nil. ErrNotOwner: this process
// does not hold the lock. ErrClosed: the condition was closed, or the lock was, which is the one case in which it is not held on return. ErrNoMemory: there is no room for another process that waits.
func (c *Condition) Wait(ctx context.Context) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	t, err := tenureOf(ctx, c.lock)
	if err != nil {
		return err
	}
	err = c.wait(ctx, &t)
	if err != nil && !errors.Is(err, errs.ErrClosed) && ctx.Err() != nil {
		err = waitError(c, err)
	}
	return err
}

func (c *Condition) wait(ctx context.Context, t *tenure) error {
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	w := condWaiter{c: c, ctx: ctx, t: t, ends: either{c.h, t.h}, since: t.core().Takeovers()}
	if err := w.enroll(); err != nil {
		return err
	}
	killpoint.Here("condition.enrolled")
	if err := t.giveUp(); err != nil {
		w.depart(true)
		return err
	}
	killpoint.Here("condition.waiting")
	err := w.sleep()
	if err != nil && !errors.Is(err, errs.ErrClosed) && w.resign() {
		err = nil // it was notified before
	}
	killpoint.Here("condition.notified")
	lost := t.takeBack()
	killpoint.Here("condition.returning")
	if !w.resigned {
		w.depart(lost != nil || errors.Is(err, errs.ErrClosed))
	}
	return errors.Join(lost, err, w.err)
}

// WaitFor waits until pred returns true. It is called with the lock held, at once and whenever somebody has notified. When ctx ends first and pred is still false the error is that of Wait.
func (c *Condition) WaitFor(ctx context.Context, pred func() bool) error {
	if err := c.mayNotify("WaitFor"); err != nil {
		return err
	}
	for !pred() {
		err := c.Wait(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil && !errors.Is(err, errs.ErrClosed) && pred():
			return nil
		default:
			return err
		}
	}
	return nil
}

// Notify wakes n goroutines of those that wait, in all processes, or all if there are fewer. It never blocks. The caller holds the lock; a woken goroutine returns from
// Wait when it has the lock. ErrNotOwner: this process does not hold it. ErrCorrupt: a peer has scribbled over the condition.
func (c *Condition) Notify(n int) error {
	if n < 0 {
		return fmt.Errorf("psync: Notify(%d): there is no notifying fewer than 0", n)
	}
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	if err := holds(c.lock.mutex(), "Notify"); err != nil {
		return err
	}
	now := atomic.LoadUint64(c.area.tickets())
	if n == 0 || now == atomic.LoadUint64(c.area.idle()) {
		return nil
	}
	return c.notify(n, now)
}

// NotifyAll is Notify of everybody.
func (c *Condition) NotifyAll() error { return c.Notify(math.MaxInt) }

func (c *Condition) mayNotify(to string) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	return holds(c.lock.mutex(), to)
}

// String tells who waits, and the state of the lock, at a moment that may be over when it returns.
func (c *Condition) String() string {
	if c == nil || c.enter() != nil {
		return c.gist()
	}
	defer c.leave()
	var b strings.Builder
	for r := range c.rows.Each {
		w := atomic.LoadUint64(r.Word())
		waiting, granted := condCounts(w)
		if waiting == 0 {
			continue
		}
		if b.Len() > maxListed {
			b.WriteString("and more; ")
			break
		}
		fmt.Fprintf(&b, "%d wait in %s", waiting, c.h.Lock().Who(ledger.OwnerOf(w)))
		if granted > 0 {
			fmt.Fprintf(&b, ", %d of them notified", granted)
		}
		b.WriteString("; ")
	}
	if b.Len() == 0 {
		b.WriteString("nobody waits; ")
	}
	return fmt.Sprintf("psync.Condition(%s%v)", b.String(), c.lock)
}

// maxListed is how long a list of processes in a String may become.
const maxListed = 400

func (c *Condition) gist() string {
	if c == nil {
		return (*tabled)(nil).unavailable(handle.KindCondition)
	}
	return c.unavailable(handle.KindCondition)
}

// Close gives this handle up, and that to the lock if the lock came with it: from NewCondition(nil), or with the handle that was decoded. Whoever waits through it gets
// ErrClosed; other handles, here and elsewhere, are not affected. A second Close is ErrClosed.
func (c *Condition) Close() error {
	err := c.tabled.Close()
	if err == nil {
		c.closeOwned()
	}
	return err
}

func (c *Condition) closeOwned() {
	if c.owned {
		_ = c.lock.Close()
	}
}

// MarshalCBOR encodes the handle and that of the lock, not the state. It implements cbor.Marshaler, so that the condition can be part of an
// argument, of a result or of a queue's item.
func (c *Condition) MarshalCBOR() ([]byte, error) {
	if c == nil || c.gone() {
		return c.objectOf().encode(arena.Ref{})
	}
	if h := c.lock.mutex(); !h.Closed() {
		return c.encode(h.Ref())
	}
	return nil, fmt.Errorf("psync: sending a Condition whose lock was closed: %w", errs.ErrClosed)
}

func (c *Condition) objectOf() *object {
	if c == nil {
		return nil
	}
	return &c.object
}

// UnmarshalCBOR makes c a handle to the condition that was encoded, with a handle to its lock: see Locker and RLocker. ErrStale: one of the two is gone.
func (c *Condition) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindCondition)
	if err != nil {
		return err
	}
	lock, err := attachMutex(b.Lock)
	if err != nil {
		return err
	}
	if err := c.attach(b, handle.KindCondition, condSize); err != nil {
		_ = lock.Close()
		return err
	}
	c.lock, c.owned = lock, true
	return c.open()
}
