package rows

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func contendedRows(w workload) []bench.Row {
	return []bench.Row{
		{
			Name:    "lock-contended",
			Title:   "Lock+Unlock by two contending processes",
			Op:      "lock+unlock",
			Targets: []bench.Target{bench.AtLeast(20, pythonWith), bench.AtLeast(20, pythonCall)},
			Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpContended(ctx, env, w) },
		},
		{
			Name:    "lock-waits",
			Title:   "longest waits of two equal contenders",
			Op:      "lock+unlock",
			Targets: []bench.Target{bench.Tail(0.999, 20*time.Millisecond)},
			Setup:   func(context.Context, *bench.Env) (*bench.Work, error) { return setUpWaits(w) },
		},
	}
}

const (
	contenders = 2
	// mostWaits is how many waits a contender keeps of a round: a uniform
	// choice of all, so that percentiles hold, with the longest in any case.
	mostWaits = 50_000
)

// start is where contenders meet, in shared memory.
type start struct {
	Ready atomic.Int32 // how many are there
	At    atomic.Int64 // when to begin, on the machine's monotonic clock; 0 not yet
}

// contest is what a contender is told.
type contest struct {
	Lock  *psync.Lock
	Start *shm.RawValue[start]
	For   time.Duration
	Waits bool
}

// showing is what a contender has to show.
type showing struct {
	Pairs int
	Took  time.Duration
	Waits []int64 // nanoseconds
}

var contend = multiproc.Register("bench.contend", func(ctx context.Context, c contest) (showing, error) {
	meet := c.Start.Ptr()
	meet.Ready.Add(1)
	for meet.At.Load() == 0 {
		if ctx.Err() != nil {
			return showing{}, context.Cause(ctx)
		}
		time.Sleep(50 * time.Microsecond)
	}
	begin := meet.At.Load()
	for sys.Monotonic() < begin {
	}
	if c.Waits {
		return lockAndNote(c.Lock, begin, c.For), nil
	}
	return lockOnly(c.Lock, begin, c.For), nil
})

func lockOnly(l *psync.Lock, begin int64, d time.Duration) showing {
	const batch = 1000 // between two looks at the clock
	var s showing
	now := begin
	for end := begin + int64(d); now < end; now = sys.Monotonic() {
		for range batch {
			l.Lock()
			l.Unlock() // empty: the pair is what is measured
		}
		s.Pairs += batch
	}
	s.Took = time.Duration(now - begin)
	return s
}

// lockAndNote notes how long each Lock took that couldn't have the lock at
// once. Those that could, the far most, would hide the others in a percentile.
func lockAndNote(l *psync.Lock, begin int64, d time.Duration) showing {
	const batch = 1000
	var s showing
	var longest int64
	noted := 0
	note := func(wait int64) {
		longest = max(longest, wait)
		noted++
		if len(s.Waits) < mostWaits {
			s.Waits = append(s.Waits, wait)
		} else if i := rand.IntN(noted); i < mostWaits {
			s.Waits[i] = wait
		}
	}
	now := begin
	for end := begin + int64(d); now < end; now = sys.Monotonic() {
		for range batch {
			if !l.TryLock() {
				from := time.Now()
				l.Lock()
				note(int64(time.Since(from)))
			}
			l.Unlock()
		}
		s.Pairs += batch
	}
	s.Took = time.Duration(now - begin)
	if len(s.Waits) > 0 {
		s.Waits[0] = longest
	}
	return s
}

// compete lets the contenders go at one lock and returns what each showed.
func compete(ctx context.Context, l *psync.Lock, d time.Duration, waits bool) ([]showing, error) {
	meet, err := shm.NewRawValue(start{})
	if err != nil {
		return nil, err
	}
	defer meet.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the others when one has failed

	var all []*multiproc.Process[showing]
	for range contenders {
		p, err := contend.Start(ctx, contest{Lock: l, Start: meet, For: d, Waits: waits})
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	for meet.Ptr().Ready.Load() < contenders {
		if ctx.Err() != nil || !all[0].Alive() || !all[1].Alive() {
			break // Wait says why
		}
		time.Sleep(50 * time.Microsecond)
	}
	meet.Ptr().At.Store(sys.Monotonic() + int64(5*time.Millisecond))

	var shown []showing
	for _, p := range all {
		s, err := p.Wait(ctx)
		if err != nil {
			return nil, err
		}
		shown = append(shown, s)
	}
	return shown, nil
}

// together is the cost of one pair when all go on at once.
func together(shown []showing) float64 {
	perNS := 0.0
	for _, s := range shown {
		perNS += float64(s.Pairs) / float64(s.Took)
	}
	return 1 / perNS
}

func setUpContended(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	l, err := psync.NewLock()
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "contend")
	if err != nil {
		l.Close()
		return nil, err
	}
	cases := []bench.Case{{Key: ours, Label: ours, Round: func(ctx context.Context) (bench.Sample, error) {
		shown, err := compete(ctx, l, w.contendFor, false)
		if err != nil {
			return bench.Sample{}, err
		}
		return bench.Sample{PerOp: together(shown)}, nil
	}}}
	type ask struct {
		Form    string  `json:"form"`
		Seconds float64 `json:"seconds"`
	}
	cases = append(cases, env.PythonCases(scripts, pythonWith, "with lock", ask{"with", w.contendFor.Seconds()})...)
	cases = append(cases, env.PythonCases(scripts, pythonCall, "acquire+release", ask{"call", w.contendFor.Seconds()})...)
	return &bench.Work{Cases: cases, Close: closeAll(l.Close, scripts.Close)}, nil
}

func setUpWaits(w workload) (*bench.Work, error) {
	l, err := psync.NewLock()
	if err != nil {
		return nil, err
	}
	return &bench.Work{
		Cases: []bench.Case{{Key: ours, Label: ours, Round: func(ctx context.Context) (bench.Sample, error) {
			shown, err := compete(ctx, l, w.contendFor, true)
			if err != nil {
				return bench.Sample{}, err
			}
			sample := bench.Sample{PerOp: together(shown)}
			for _, s := range shown {
				for _, wait := range s.Waits {
					sample.Waits = append(sample.Waits, float64(wait))
				}
			}
			return sample, nil
		}}},
		Notes: []string{"only acquisitions that found the lock held are counted, so the percentile is that of real waits; the spread is the shortest and the longest"},
		Close: l.Close,
	}, nil
}
