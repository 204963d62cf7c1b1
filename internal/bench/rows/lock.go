package rows

import (
	"context"
	"sync"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
)

func lockRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:  "lock-alone",
		Title: "Lock+Unlock, uncontended",
		Op:    "lock+unlock",
		Targets: []bench.Target{
			bench.AtMost(1.25, mutex),
			bench.AtLeast(5, pythonCall),
			bench.AtLeast(30, pythonWith),
			bench.Compare(floor),
		},
		Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpLock(ctx, env, w) },
	}}
}

func setUpLock(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	shared, err := psync.NewLock()
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "lock")
	if err != nil {
		shared.Close()
		return nil, err
	}
	private := new(sync.Mutex)
	cases := []bench.Case{
		{Key: ours, Label: ours, Round: func(context.Context) (bench.Sample, error) {
			start := time.Now()
			for range w.lockPairs {
				shared.Lock()
				shared.Unlock() // empty: the pair is what is measured
			}
			return bench.Per(time.Since(start), w.lockPairs), nil
		}},
		{Key: mutex, Label: "sync.Mutex", Round: func(context.Context) (bench.Sample, error) {
			start := time.Now()
			for range w.lockPairs {
				private.Lock()
				private.Unlock() // empty: the pair is what is measured
			}
			return bench.Per(time.Since(start), w.lockPairs), nil
		}},
	}
	cases = append(cases, floorCase(w.lockPairs))
	type ask struct {
		Form string `json:"form"`
		N    int    `json:"n"`
	}
	cases = append(cases, env.PythonCases(scripts, pythonCall, "acquire+release", ask{"call", w.pythonLockPairs})...)
	cases = append(cases, env.PythonCases(scripts, pythonWith, "with lock", ask{"with", w.pythonLockPairs})...)
	return &bench.Work{
		Cases: cases,
		Notes: []string{"two atomic instructions are the least that a lock and an unlock can cost on this CPU; every lock here pays for them, Python's too"},
		Close: closeAll(shared.Close, scripts.Close),
	}, nil
}
