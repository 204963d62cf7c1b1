package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/shm"
)

func valueRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:    "value-update",
		Title:   "Value.Update(+1) under its lock",
		Op:      "update",
		Targets: []bench.Target{bench.AtLeast(20, python)},
		Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpValue(ctx, env, w) },
	}}
}

func setUpValue(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	v, err := shm.NewValue(int64(0))
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "value")
	if err != nil {
		v.Close()
		return nil, err
	}
	cases := []bench.Case{{Key: ours, Label: ours, Round: func(context.Context) (bench.Sample, error) {
		if err := v.Store(0); err != nil {
			return bench.Sample{}, err
		}
		start := time.Now()
		for range w.updates {
			if err := v.Update(func(n *int64) { *n++ }); err != nil {
				return bench.Sample{}, err
			}
		}
		took := time.Since(start)
		if n, err := v.Load(); err != nil || n != int64(w.updates) {
			return bench.Sample{}, fmt.Errorf("%d updates gave %d: %w", w.updates, n, err)
		}
		return bench.Per(took, w.updates), nil
	}}}
	ask := map[string]int{"n": w.pythonUpdates}
	cases = append(cases, env.PythonCases(scripts, python, "with v.get_lock(): v.value += 1", ask)...)
	return &bench.Work{Cases: cases, Close: closeAll(v.Close, scripts.Close)}, nil
}
