package rows

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/internal/bench/starting"
)

func startRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:  "start",
		Title: "start of a worker until its function runs",
		Op:    "start",
		Targets: []bench.Target{
			bench.AtLeast(25, python),
			bench.AtMost(1.5, osExec),
		},
		Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpStart(ctx, env, w) },
	}}
}

func setUpStart(ctx context.Context, env *bench.Env, load workload) (*bench.Work, error) {
	var w *bench.Work
	var err error
	if env.Go != nil {
		w, err = startSmall(ctx, env, load.starts)
	} else {
		w, err = startSelf(load.starts)
	}
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "start")
	if err != nil {
		w.Close()
		return nil, err
	}
	ask := map[string]int{"n": load.pythonStarts}
	w.Cases = append(w.Cases, env.PythonCases(scripts, python, "spawn", ask)...)
	w.Close = closeAll(w.Close, scripts.Close)
	w.Notes = append(w.Notes, "os/exec is Run of a Go program whose main is empty: from the start until its end is known")
	return w, nil
}

// startSmall measures from a small program that starts itself and an empty
// one, both built for it.
func startSmall(ctx context.Context, env *bench.Env, starts int) (*bench.Work, error) {
	dir, err := os.MkdirTemp("", "multiproc-bench-")
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	small, err := env.Go.Build(ctx, dir, "internal/bench/starting/small")
	if err != nil {
		remove()
		return nil, err
	}
	empty, err := env.Go.Build(ctx, dir, "internal/bench/starting/empty")
	if err != nil {
		remove()
		return nil, err
	}
	h, err := bench.StartHelper(ctx, "the small program", exec.Command(small))
	if err != nil {
		remove()
		return nil, err
	}
	return &bench.Work{
		Cases: []bench.Case{
			{Key: ours, Label: ours, Round: h.Round(starting.Ask{N: starts})},
			{Key: osExec, Label: "os/exec", Round: h.Round(starting.Ask{N: starts, Exec: empty})},
		},
		Close: closeAll(h.Close, remove),
	}, nil
}

// startSelf measures with this very program where no other can be built.
func startSelf(starts int) (*bench.Work, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	round := func(ask starting.Ask) func(context.Context) (bench.Sample, error) {
		return func(ctx context.Context) (bench.Sample, error) {
			ns, err := ask.Do(ctx)
			return bench.Sample{PerOp: ns}, err
		}
	}
	return &bench.Work{
		Cases: []bench.Case{
			{Key: ours, Label: ours, Round: round(starting.Ask{N: starts})},
			{Key: osExec, Label: "os/exec", Round: round(starting.Ask{N: starts, Exec: self})},
		},
		Notes: []string{fmt.Sprintf("no small programs could be built, for want of the go tool or this module's source, so both start %s itself", self)},
		Close: func() error { return nil },
	}, nil
}
