package rows

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func recoveryRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:  "recovery",
		Title: "next holder after kill -9 of a small holder",
		Op:    "kill",
		Targets: []bench.Target{
			bench.Tail(0.5, 500*time.Microsecond),
			bench.Tail(0.99, 3*time.Millisecond),
			bench.Compare(floor),
		},
		Setup: func(_ context.Context, env *bench.Env) (*bench.Work, error) {
			return setUpRecovery((w.kills+env.Rounds-1)/env.Rounds, env.Rounds)
		},
	}}
}

// victim is what a holder is given: the lock to take and where to say so.
type victim struct {
	Lock *psync.Lock
	Held *shm.RawValue[uint32]
}

var holdUntilKilled = multiproc.Register("bench.hold", func(ctx context.Context, v victim) (struct{}, error) {
	if _, err := v.Lock.Acquire(ctx); err != nil {
		return struct{}{}, err
	}
	atomic.StoreUint32(v.Held.Ptr(), 1)
	<-ctx.Done() // a kill comes first
	v.Lock.Unlock()
	return struct{}{}, context.Cause(ctx)
})

func setUpRecovery(each, rounds int) (*bench.Work, error) {
	l, err := psync.NewLock()
	if err != nil {
		return nil, err
	}
	held, err := shm.NewRawValue(uint32(0))
	if err != nil {
		l.Close()
		return nil, err
	}
	kills := func(kill func(context.Context, holder, victim) (time.Duration, error)) func(context.Context) (bench.Sample, error) {
		return func(ctx context.Context) (s bench.Sample, err error) {
			for range each {
				wait, err := kill(ctx, holdUntilKilled, victim{l, held})
				if err != nil {
					return bench.Sample{}, err
				}
				s.Waits = append(s.Waits, float64(wait))
			}
			s.PerOp = bench.Median(s.Waits)
			return s, nil
		}
	}
	return &bench.Work{
		Cases: []bench.Case{
			{Key: ours, Label: ours, Round: kills(killHolder)},
			{Key: floor, Label: "the kernel's own word that it is gone", Round: kills(killAlone)},
		},
		Notes: []string{
			fmt.Sprintf("%d kills, timed from before the kill until a waiter that sleeps has the lock; the spread is the shortest and the longest", each*rounds),
			"nobody can know of a death before the kernel tells, which is when it has torn the process down",
			"there is no other side in Python: who waits for a multiprocessing.Lock whose holder was killed waits for ever",
		},
		Close: closeAll(l.Close, held.Close),
	}, nil
}

// holder is a function for workers that holds the lock of a victim until it is killed.
type holder = *multiproc.Func[victim, struct{}]

// startHolder returns a worker that holds the lock.
func startHolder(ctx context.Context, hold holder, v victim) (*multiproc.Process[struct{}], error) {
	atomic.StoreUint32(v.Held.Ptr(), 0)
	p, err := hold.Start(ctx, v)
	if err != nil {
		return nil, err
	}
	for atomic.LoadUint32(v.Held.Ptr()) == 0 {
		if ctx.Err() != nil || !p.Alive() {
			_, err := p.Wait(ctx)
			return nil, fmt.Errorf("the holder ended before it held the lock: %w", err)
		}
		time.Sleep(20 * time.Microsecond)
	}
	return p, nil
}

// killAlone kills a worker that holds the lock, for which nobody waits, and returns the time from the kill until the kernel says that it is gone.
func killAlone(ctx context.Context, hold holder, v victim) (time.Duration, error) {
	p, err := startHolder(ctx, hold, v)
	if err != nil {
		return 0, err
	}
	time.Sleep(time.Millisecond) // as long as killHolder
	wait, err := killUntilGone(p.Kill, p.PID())
	if err != nil {
		return 0, err
	}
	<-p.Done()
	if _, err := v.Lock.Acquire(ctx); err != nil {
		return 0, err
	}
	v.Lock.Unlock()
	return wait, nil
}

// killHolder kills a worker that holds the lock while this process waits for it, and returns the time from the kill until this process has the lock.
func killHolder(ctx context.Context, hold holder, v victim) (time.Duration, error) {
	p, err := startHolder(ctx, hold, v)
	if err != nil {
		return 0, err
	}
	type acquired struct {
		at       time.Time
		recovery psync.Recovery
		err      error
	}
	done := make(chan acquired, 1)
	go func() {
		recovery, err := v.Lock.Acquire(ctx)
		done <- acquired{time.Now(), recovery, err}
	}()
	// Long enough for the waiter to have gone to sleep: one that still spins
	// would be quicker and prove less.
	time.Sleep(time.Millisecond)
	killed := time.Now()
	if err := p.Kill(); err != nil {
		return 0, err
	}
	next := <-done
	if next.err != nil {
		return 0, next.err
	}
	v.Lock.Unlock()
	<-p.Done()
	if next.recovery.PID != p.PID() {
		return 0, fmt.Errorf("process %d was killed while it held the lock, but the next holder was told %+v", p.PID(), next.recovery)
	}
	return next.at.Sub(killed), nil
}
