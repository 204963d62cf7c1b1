package rows

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/shm"
)

func orphanRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:    "orphan",
		Title:   "end of a worker whose parent was killed",
		Op:      "kill",
		Targets: []bench.Target{bench.Tail(0.99, 100*time.Millisecond)},
		Setup: func(_ context.Context, env *bench.Env) (*bench.Work, error) {
			return setUpOrphan((w.orphans+env.Rounds-1)/env.Rounds, env.Rounds)
		},
	}}
}

// parentPID is what a parent is given, to say which worker it has started.
type parentPID struct{ Child *shm.RawValue[int64] }

var idle = multiproc.Register("bench.idle", func(ctx context.Context, p parentPID) (struct{}, error) {
	atomic.StoreInt64(p.Child.Ptr(), int64(os.Getpid()))
	<-ctx.Done() // its parent's death comes first, and gives it no time to see this
	return struct{}{}, nil
})

var parentOfIdle = multiproc.Register("bench.parent", func(ctx context.Context, p parentPID) (struct{}, error) {
	worker, err := idle.Start(ctx, p)
	if err != nil {
		return struct{}{}, err
	}
	return worker.Wait(ctx)
})

func setUpOrphan(each, rounds int) (*bench.Work, error) {
	child, err := shm.NewRawValue(int64(0))
	if err != nil {
		return nil, err
	}
	return &bench.Work{
		Cases: []bench.Case{{Key: ours, Label: ours, Round: func(ctx context.Context) (bench.Sample, error) {
			var s bench.Sample
			for range each {
				wait, err := killParent(ctx, parentPID{child})
				if err != nil {
					return bench.Sample{}, err
				}
				s.Waits = append(s.Waits, float64(wait))
			}
			s.PerOp = bench.Median(s.Waits)
			return s, nil
		}}},
		Notes: []string{fmt.Sprintf("%d kills, timed from before the kill of the parent until the kernel has torn its worker down; the spread is the shortest and the longest", each*rounds)},
		Close: child.Close,
	}, nil
}

// killParent kills a worker that has a worker of its own, and returns the time until that one has ended too.
func killParent(ctx context.Context, task parentPID) (time.Duration, error) {
	child := task.Child.Ptr()
	atomic.StoreInt64(child, 0)
	p, err := parentOfIdle.Start(ctx, task)
	if err != nil {
		return 0, err
	}
	for atomic.LoadInt64(child) == 0 {
		if ctx.Err() != nil || !p.Alive() {
			_, err := p.Wait(ctx)
			return 0, fmt.Errorf("the parent ended before its worker ran: %w", err)
		}
		time.Sleep(20 * time.Microsecond)
	}
	wait, err := killUntilGone(p.Kill, int(atomic.LoadInt64(child)))
	if err == nil {
		<-p.Done()
	}
	return wait, err
}

// killUntilGone calls kill and returns the time until the kernel says that the process pid is gone.
func killUntilGone(kill func() error, pid int) (time.Duration, error) {
	fd, err := sys.PidfdOpen(pid)
	if err != nil {
		return 0, fmt.Errorf("pidfd of a worker: %w", err)
	}
	pidfd := os.NewFile(uintptr(fd), "pidfd")
	defer pidfd.Close()
	raw, err := pidfd.SyscallConn()
	if err != nil {
		return 0, err
	}
	killed := time.Now()
	if err := kill(); err != nil {
		return 0, err
	}
	err = raw.Read(func(fd uintptr) bool { return sys.Readable(int(fd)) })
	return time.Since(killed), err
}
