//go:build linux

package shm_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/shm"
)

func TestMain(m *testing.M) { multiproctest.Main(m) }

// soon is how long a wait goes on that must end in vain.
const soon = 30 * time.Millisecond

// made fails the test on an error and closes what was made when the test ends.
func made[C io.Closer](c C, err error) func(testing.TB) C {
	return func(t testing.TB) C {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := c.Close(); err != nil && !errors.Is(err, shm.ErrClosed) {
				t.Error(err)
			}
		})
		return c
	}
}

// must fails the test on an error.
func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// want fails the test unless got is what it should be.
func want[V comparable](t testing.TB, what string, got, should V) {
	t.Helper()
	if got != should {
		t.Errorf("%s: %v, want %v", what, got, should)
	}
}

func wantErr(t testing.TB, what string, err, is error) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Errorf("%s: error %v, want %v", what, err, is)
	}
}

func load[T any](t testing.TB, v *shm.Value[T]) T {
	t.Helper()
	return must(v.Load())(t)
}

// start starts a worker that the test's end ends.
func start[In, Out any](t testing.TB, f *multiproc.Func[In, Out], in In, opts ...multiproc.Option) *multiproc.Process[Out] {
	t.Helper()
	p, err := f.Start(t.Context(), in, append([]multiproc.Option{multiproc.WithGrace(0), multiproc.WithStartTimeout(testproc.Watchdog)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wait[Out any](t testing.TB, p *multiproc.Process[Out]) (Out, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testproc.Watchdog)
	defer cancel()
	out, err := p.Wait(ctx)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
		t.Fatalf("%s hangs", p.Name())
	}
	return out, err
}

// run is a worker's whole life.
func run[In, Out any](t testing.TB, f *multiproc.Func[In, Out], in In, opts ...multiproc.Option) Out {
	t.Helper()
	return must(wait(t, start(t, f, in, opts...)))(t)
}

// inVain is how an update ends that another keeps out.
func inVain(update func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	switch err := update(ctx); {
	case err == nil:
		return errors.New("it was not kept out")
	case !errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return nil
}

// A signpost leads two processes through a test step by step.
type signpost = *shm.RawValue[atomic.Int32]

func newSignpost(t testing.TB) signpost {
	t.Helper()
	return made(shm.NewRawValue(atomic.Int32{}))(t)
}

// reach says that step n is reached.
func reach(s signpost, n int32) { s.Ptr().Store(n) }

// await waits for step n.
func await(ctx context.Context, s signpost, n int32) error {
	for end := time.Now().Add(testproc.Watchdog); s.Ptr().Load() < n; time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if time.Now().After(end) {
			return errors.New("the other process does not come to the next step")
		}
	}
	return nil
}

func census(t testing.TB) arena.Census {
	t.Helper()
	return must(arena.Count())(t)
}

// flat fails the test unless, after its later cleanups, no more objects are there than now.
func flat(t testing.TB) {
	t.Helper()
	runtime.GC()
	before := census(t).Objects
	t.Cleanup(func() {
		testproc.Eventually(t, "the objects gone", func() bool { runtime.GC(); return census(t).Objects <= before })
	})
}

// panicked returns what f panics with, nil if it does not.
func panicked(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

// panicsWith fails the test unless f panics with this error.
func panicsWith(t testing.TB, what string, is error, f func()) {
	t.Helper()
	if err, _ := panicked(f).(error); !errors.Is(err, is) {
		t.Errorf("%s: panic %v, want %v", what, err, is)
	}
}
