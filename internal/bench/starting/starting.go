// Package starting measures how long a process takes to start. It is a
// package of its own, with little below it, because the program that does so
// shall be small: the size of a program is part of what is measured.
package starting

import (
	"context"
	"os"
	"os/exec"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// Ask is a request for a number of starts, one after the other.
type Ask struct {
	N    int    `json:"n"`
	Exec string `json:"exec,omitempty"` // a program to run with os/exec; "": a worker
}

// Do returns the mean cost of one start in nanoseconds.
func (a Ask) Do(ctx context.Context) (float64, error) {
	total := int64(0)
	for range a.N {
		one := startWorker
		if a.Exec != "" {
			one = a.run
		}
		ns, err := one(ctx)
		if err != nil {
			return 0, err
		}
		total += ns
	}
	return float64(total) / float64(a.N), nil
}

// stamp returns when it runs, on a clock that all processes share.
var stamp = multiproc.Register("bench.stamp", func(context.Context, struct{}) (int64, error) {
	return sys.Monotonic(), nil
})

// startWorker is the time from Start until the worker's function runs. The
// worker's end isn't counted, but waited for.
func startWorker(ctx context.Context) (int64, error) {
	begin := sys.Monotonic()
	p, err := stamp.Start(ctx, struct{}{})
	if err != nil {
		return 0, err
	}
	ran, err := p.Wait(ctx)
	if err != nil {
		return 0, err
	}
	return ran - begin, nil
}

// emptyEnv tells a program that knows it to end at once.
const emptyEnv = "MULTIPROC_BENCH_EMPTY"

// Empty reports whether this program shall do nothing: it was started in place
// of an empty one. Call it right after multiproc.Main.
func Empty() bool { return os.Getenv(emptyEnv) != "" }

// run is the time that os/exec takes to run a program that does nothing.
func (a Ask) run(ctx context.Context) (int64, error) {
	cmd := exec.CommandContext(ctx, a.Exec)
	cmd.Env = append(os.Environ(), emptyEnv+"=1")
	begin := sys.Monotonic()
	err := cmd.Run()
	return sys.Monotonic() - begin, err
}
