package tour

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// rallyHits is how often each side hits the ball.
const rallyHits = 1000

// pingpong is two processes that take turns.
type pingpong struct {
	play *multiproc.Func[table, []int64]
}

func newPingpong() pingpong { return pingpong{playBall} }

func (g pingpong) program() Program {
	return Program{"condition", "two processes play ping-pong", g.run}
}

// table is where they play. Ball counts the hits, and belongs to Cond's lock:
// when it is even it is the parent's turn, when it is odd the child's.
type table struct {
	Cond *psync.Condition
	Ball *shm.RawValue[int64]
}

// play hits the ball whenever it is this side's turn, and returns the numbers
// of its hits. WaitFor gives the lock up while it waits, and has it again when
// it returns.
func (t table) play(ctx context.Context, side int64) (hits []int64, err error) {
	lock := t.Cond.Locker()
	lock.Lock()
	defer lock.Unlock()
	for range rallyHits {
		if err := t.Cond.WaitFor(ctx, func() bool { return *t.Ball.Ptr()%2 == side }); err != nil {
			return hits, err
		}
		hits = append(hits, *t.Ball.Ptr())
		*t.Ball.Ptr()++
		if err := t.Cond.Notify(1); err != nil {
			return hits, err
		}
	}
	return hits, nil
}

var playBall = multiproc.Register("tour.condition.play", func(ctx context.Context, t table) ([]int64, error) {
	return t.play(ctx, 1)
})

func (g pingpong) run(ctx context.Context, s *stage) (err error) {
	s.Say("Parent and child hit a ball in turn, %d times each. A condition lets each wait until it is its turn, whatever woke it: it looks at the ball under the lock, and waits again if it was for nothing.", rallyHits)
	cond, err := psync.NewCondition(nil) // with a lock of its own
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, cond) }()
	ball, err := shm.NewRawValue(int64(0))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, ball) }()
	t := table{cond, ball}

	p, err := g.play.Start(ctx, t)
	if err != nil {
		return err
	}
	begin := time.Now()
	ours, err := t.play(p.Context(), 0) // not longer than the child plays
	if err != nil && !errors.Is(err, multiproc.ErrEnded) {
		return err
	}
	theirs, err := p.Wait(ctx)
	if err != nil {
		return err
	}
	took := time.Since(begin)

	s.Show("parent  ping  %v ...", ours[:min(5, len(ours))])
	s.Show("child   pong  %v ...", theirs[:min(5, len(theirs))])
	s.Show("%d hits, one in %v", *ball.Ptr(), (took / (2 * rallyHits)).Round(100*time.Nanosecond))
	right := len(ours) == rallyHits && len(theirs) == rallyHits
	for i := range min(len(ours), len(theirs)) {
		right = right && ours[i] == int64(2*i) && theirs[i] == int64(2*i+1)
	}
	s.Check(right && slices.IsSorted(ours), "nobody hit twice in a row, and no hit was missed")
	return nil
}
