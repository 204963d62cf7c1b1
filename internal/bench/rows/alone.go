package rows

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
)

// alone is a row about a primitive that nobody else uses meanwhile: what its quickest path costs.
type alone struct {
	name, title, op string
	targets         []bench.Target

	// make makes the primitive. pairs does op n times; end gives the primitive up.
	make func() (pairs func(n int) error, end func() error, err error)

	script string
	forms  []form // what the script is asked for
}

// A form is one way in which Python does the same.
type form struct {
	key   string // of its case
	label string
	ask   map[string]any // without n
}

func (a alone) row(w workload) bench.Row {
	return bench.Row{
		Name: a.name, Title: a.title, Op: a.op, Targets: append(a.targets, bench.Compare(floor)),
		Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return a.setUp(ctx, env, w) },
	}
}

func (a alone) setUp(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	pairs, end, err := a.make()
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, a.script)
	if err != nil {
		end()
		return nil, err
	}
	cases := []bench.Case{{Key: ours, Label: ours, Round: func(context.Context) (bench.Sample, error) {
		start := time.Now()
		if err := pairs(w.lockPairs); err != nil {
			return bench.Sample{}, err
		}
		return bench.Per(time.Since(start), w.lockPairs), nil
	}}, floorCase(w.lockPairs)}
	for _, f := range a.forms {
		ask := map[string]any{"n": w.pythonLockPairs}
		for k, v := range f.ask {
			ask[k] = v
		}
		cases = append(cases, env.PythonCases(scripts, f.key, f.label, ask)...)
	}
	return &bench.Work{Cases: cases, Close: closeAll(end, scripts.Close)}, nil
}

// floorCase is what a lock and an unlock, or anything else with a beginning and an end, cost on this CPU in any case.
func floorCase(n int) bench.Case {
	word := new(atomic.Uint32)
	return bench.Case{Key: floor, Label: "two atomic instructions", Round: func(context.Context) (bench.Sample, error) {
		start := time.Now()
		for range n {
			word.CompareAndSwap(0, 1)
			word.CompareAndSwap(1, 0)
		}
		return bench.Per(time.Since(start), n), nil
	}}
}
