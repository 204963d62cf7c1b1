package tour

import (
	"context"
	"errors"

	"github.com/multiproc-go/multiproc"
)

// call runs fn in a worker of its own and returns its result.
func call[In, Out any](ctx context.Context, fn *multiproc.Func[In, Out], in In) (out Out, err error) {
	p, err := fn.Start(ctx, in)
	if err != nil {
		return out, err
	}
	return p.Wait(ctx)
}

// callAll runs fn in n workers that run at once, worker i with in(i), and
// returns their results. in is called just before each worker starts. When one
// fails the others are ended.
func callAll[In, Out any](ctx context.Context, n int, fn *multiproc.Func[In, Out], in func(i int) (In, error)) ([]Out, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all []*multiproc.Process[Out]
	var failed error
	for i := range n {
		arg, err := in(i)
		if err != nil {
			failed = err
			break
		}
		p, err := fn.Start(ctx, arg)
		if err != nil {
			failed = err
			break
		}
		all = append(all, p)
	}
	if failed != nil {
		cancel()
	}
	var results []Out
	for _, p := range all {
		// Not with ctx: a worker that was told to end is still waited for.
		out, err := p.Wait(context.WithoutCancel(ctx))
		if err != nil && failed == nil {
			failed = err
			cancel()
		}
		results = append(results, out)
	}
	return results, failed
}

// same returns an in for callAll that gives each worker the same.
func same[In any](in In) func(int) (In, error) {
	return func(int) (In, error) { return in, nil }
}

// closeAll closes shared objects; what goes wrong is added to *err.
func closeAll(err *error, all ...interface{ Close() error }) {
	for _, c := range all {
		*err = errors.Join(*err, c.Close())
	}
}
