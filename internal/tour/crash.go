package tour

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// crash kills processes at the worst moment.
type crash struct {
	hold  *multiproc.Func[grip, struct{}]
	spoil *multiproc.Func[transfer, struct{}]
	kills int
}

func newCrash() crash { return crash{holdLock, breakUpdate, 20} }

func (c crash) program() Program {
	return Program{"crash", "the holder of a lock is killed", c.run}
}

func (c crash) run(ctx context.Context, s *stage) error {
	if err := c.lock(ctx, s); err != nil {
		return err
	}
	return c.value(ctx, s)
}

// grip is a lock to take and where to say that it was taken.
type grip struct {
	Lock *psync.Lock
	Held *shm.RawValue[uint32]
}

var holdLock = multiproc.Register("tour.crash.hold", func(ctx context.Context, g grip) (struct{}, error) {
	g.Lock.Lock()
	defer g.Lock.Unlock()
	atomic.StoreUint32(g.Held.Ptr(), 1)
	<-ctx.Done() // never, in the tour: a kill comes first
	return struct{}{}, context.Cause(ctx)
})

func (c crash) lock(ctx context.Context, s *stage) (err error) {
	s.Say("A child takes a lock and is killed (kill -9) while the parent waits for it. The parent gets the lock, and is told who died.")
	l, err := psync.NewLock()
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, l) }()
	held, err := shm.NewRawValue(uint32(0))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, held) }()

	var waits []time.Duration
	told := 0
	for i := range c.kills {
		wait, recovery, pid, err := c.killOne(ctx, grip{l, held})
		if err != nil {
			return err
		}
		if i == 0 {
			s.Show("killed process %d; the next holder was told: %s (process %d) died holding it", pid, recovery.Name, recovery.PID)
		}
		if recovery.PID == pid {
			told++
		}
		waits = append(waits, wait)
	}
	slices.Sort(waits)
	s.Show("from the kill to the next holder, %d times: half within %v, the longest %v",
		c.kills, waits[c.kills/2].Round(time.Microsecond), waits[c.kills-1].Round(time.Microsecond))
	s.Check(told == c.kills, "each next holder was told which process had died")
	return nil
}

// killOne kills a worker that holds the lock while this process waits for it.
func (c crash) killOne(ctx context.Context, g grip) (wait time.Duration, r psync.Recovery, pid int, err error) {
	atomic.StoreUint32(g.Held.Ptr(), 0)
	p, err := c.hold.Start(ctx, g)
	if err != nil {
		return 0, r, 0, err
	}
	if err := awaitFlag(ctx, p, g.Held); err != nil {
		return 0, r, 0, err
	}
	// The kill comes from beside, while this goroutine sleeps in Acquire.
	type shot struct {
		at  time.Time
		err error
	}
	fired := make(chan shot, 1)
	time.AfterFunc(2*time.Millisecond, func() { fired <- shot{time.Now(), p.Kill()} })
	r, err = g.Lock.Acquire(ctx)
	now := time.Now()
	kill := <-fired
	<-p.Done()
	if err != nil {
		return 0, r, 0, err
	}
	g.Lock.Unlock()
	return now.Sub(kill.at), r, p.PID(), kill.err
}

// awaitFlag waits until the worker has set the flag.
func awaitFlag[Out any](ctx context.Context, p *multiproc.Process[Out], flag *shm.RawValue[uint32]) error {
	for atomic.LoadUint32(flag.Ptr()) == 0 {
		if ctx.Err() != nil || !p.Alive() {
			_, err := p.Wait(ctx)
			return fmt.Errorf("the worker ended before it was where it should be killed: %w", err)
		}
		time.Sleep(50 * time.Microsecond)
	}
	return nil
}

// account is two numbers whose sum never changes, except halfway through a
// transfer.
type account struct{ Left, Right int64 }

// transfer is an account and where to say that half of it is done.
type transfer struct {
	Account *shm.Value[account]
	Half    *shm.RawValue[uint32]
}

var breakUpdate = multiproc.Register("tour.crash.update", func(ctx context.Context, t transfer) (struct{}, error) {
	return struct{}{}, t.Account.Update(func(a *account) {
		a.Left -= 30
		atomic.StoreUint32(t.Half.Ptr(), 1)
		<-ctx.Done() // never, in the tour: a kill comes first
		a.Right += 30
	})
})

func (c crash) value(ctx context.Context, s *stage) (err error) {
	s.Say("A child is killed halfway through moving 30 from one half of a shared account to the other. Nobody computes on what it left behind: the value refuses, until Repair has put it right.")
	v, err := shm.NewValue(account{Left: 100})
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, v) }()
	half, err := shm.NewRawValue(uint32(0))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, half) }()
	p, err := c.spoil.Start(ctx, transfer{v, half})
	if err != nil {
		return err
	}
	if err := awaitFlag(ctx, p, half); err != nil {
		return err
	}
	if err := p.Kill(); err != nil {
		return err
	}
	_, exit := p.Wait(ctx)
	s.Show("Wait:    %v", exit)
	_, refused := v.Load()
	s.Show("Load:    %v", refused)
	err = v.Repair(func(a *account) {
		s.Show("Repair:  finds %+v", *a)
		a.Right = 100 - a.Left
	})
	if err != nil {
		return err
	}
	got, err := v.Load()
	if err != nil {
		return err
	}
	s.Show("Load:    %+v", got)
	var exited *multiproc.ExitError
	s.Check(errors.As(exit, &exited) && exited.SignalName == "SIGKILL", "Wait names the signal")
	s.Check(errors.Is(refused, shm.ErrOwnerDied), "the value refused with ErrOwnerDied")
	s.Check(got == account{70, 30}, "after Repair it can be used, and its sum is 100")
	return nil
}
