package rows

import (
	"context"
	"os"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/shm"
)

// A turn is what one worker of a pair is told: its task, and where it meets the other.
type turn[Task any] struct {
	Meet *shm.RawValue[start]
	Task Task
}

// onCue makes work the function of a worker of a pair. work gets ready, touching what it will need, calls begin, which returns in both workers at one time, and does what
// is measured. The result is the time from then until work returned.
func onCue[Task any](work func(ctx context.Context, task Task, begin func() error) error) func(context.Context, turn[Task]) (time.Duration, error) {
	return func(ctx context.Context, t turn[Task]) (time.Duration, error) {
		var began int64
		err := work(ctx, t.Task, func() (err error) {
			began, err = meet(ctx, t.Meet.Ptr())
			return err
		})
		if err != nil {
			return 0, err
		}
		return time.Duration(sys.Monotonic() - began), nil
	}
}

// meet waits for the other worker and returns when both begin. The last milliseconds are spent awake, see bench.WakeUp.
func meet(ctx context.Context, s *start) (int64, error) {
	if s.Ready.Add(1) == 2 {
		s.At.Store(sys.Monotonic() + int64(5*time.Millisecond))
	}
	for s.At.Load() == 0 {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		time.Sleep(50 * time.Microsecond)
	}
	at := s.At.Load()
	for sys.Monotonic() < at {
	}
	return at, nil
}

// A side is what one worker of a pair is started with.
type side[Task any] struct {
	task  Task
	files []*os.File
}

// runPair runs fn in two workers and returns the time from their common beginning until both were done.
func runPair[Task any](ctx context.Context, fn *multiproc.Func[turn[Task], time.Duration], sides ...side[Task]) (time.Duration, error) {
	cue, err := shm.NewRawValue(start{})
	if err != nil {
		return 0, err
	}
	defer cue.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	type ending struct {
		took time.Duration
		err  error
	}
	ends := make(chan ending)
	started := 0
	var failed error
	for _, s := range sides {
		p, err := fn.Start(ctx, turn[Task]{Meet: cue, Task: s.task}, multiproc.WithFiles(s.files...))
		if err != nil {
			failed = err
			cancel(err)
			break
		}
		started++
		go func() {
			took, err := p.Wait(context.Background()) // ends soon after ctx
			ends <- ending{took, err}
		}()
	}
	longest := time.Duration(0)
	for range started {
		e := <-ends
		longest = max(longest, e.took)
		if e.err != nil && failed == nil {
			failed = e.err
			cancel(e.err) // the other waits for what won't come
		}
	}
	return longest, failed
}
