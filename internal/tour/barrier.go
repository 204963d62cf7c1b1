package tour

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

const (
	barrierParties = 4
	barrierTurns   = 3
)

// meeting is four processes that wait for each other.
type meeting struct {
	attend *multiproc.Func[seat, minutes]
}

func newMeeting() meeting { return meeting{attendMeeting} }

func (m meeting) program() Program {
	return Program{"barrier", "4 processes wait for each other, and one is killed", m.run}
}

// seat is a party's place: the barrier, a sheet with a number of each, and
// which is its own.
type seat struct {
	Barrier *psync.Barrier
	Sheet   *shm.RawArray[int64]
	Own     int
}

// minutes is what a party has seen in each turn, and what it was told when the
// barrier broke.
type minutes struct {
	Seen   [barrierTurns][barrierParties]int64
	Reason psync.BreakReason
	PID    int
	Text   string
}

// turn writes the party's number, and reads those of all once they are there.
// The second Wait is so that nobody writes the next ones while others read.
func (x seat) turn(ctx context.Context, n int) (seen [barrierParties]int64, err error) {
	x.Sheet.Slice()[x.Own] = int64(n)
	if _, err := x.Barrier.Wait(ctx); err != nil {
		return seen, err
	}
	seen = [barrierParties]int64(x.Sheet.Slice())
	_, err = x.Barrier.Wait(ctx)
	return seen, err
}

// told adds to the minutes what a broken barrier's error says.
func (m *minutes) told(err error) error {
	var broken *psync.BrokenError
	if !errors.As(err, &broken) {
		return fmt.Errorf("the barrier is not broken: %w", err)
	}
	m.Reason, m.PID, m.Text = broken.Reason, broken.PID, err.Error()
	return nil
}

var attendMeeting = multiproc.Register("tour.barrier.attend", attendAll)

// attendAll attends all turns, and comes once more.
func attendAll(ctx context.Context, x seat) (m minutes, err error) {
	for n := range barrierTurns {
		if m.Seen[n], err = x.turn(ctx, n+1); err != nil {
			return m, err
		}
	}
	_, err = x.Barrier.Wait(ctx) // for one who will not come
	return m, m.told(err)
}

func (m meeting) run(ctx context.Context, s *stage) (err error) {
	// A party that dies before it comes breaks nothing, so that nobody would
	// know for whom the others wait: the timeout ends that.
	barrier, err := psync.NewBarrier(barrierParties, psync.WithTimeout(time.Minute))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, barrier) }()
	sheet, err := shm.NewRawArray[int64](barrierParties)
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, sheet) }()

	s.Say("Parent and three children each write the number of the turn into their place of a shared array, wait at a barrier, and read: behind it all have written.")
	var children []*multiproc.Process[minutes]
	for i := 1; i < barrierParties; i++ {
		p, err := m.attend.Start(ctx, seat{barrier, sheet, i})
		if err != nil {
			return err
		}
		defer func() { _ = p.Kill() }() // it may wait for one who failed to start
		children = append(children, p)
	}
	var own minutes
	for n := range barrierTurns {
		if own.Seen[n], err = (seat{barrier, sheet, 0}).turn(ctx, n+1); err != nil {
			return err
		}
		s.Show("turn %d: the parent reads %v", n+1, own.Seen[n])
	}

	s.Say("The children come once more and wait for the parent. Instead of coming it kills one of them: the barrier breaks, and everybody is told who died.")
	for barrier.Waiting() < barrierParties-1 && !barrier.Broken() {
		if err := ctx.Err(); err != nil {
			return err
		}
		time.Sleep(50 * time.Microsecond)
	}
	victim := children[1]
	if err := victim.Kill(); err != nil {
		return err
	}
	<-victim.Done() // with the parent before that, all four would be there
	_, err = barrier.Wait(ctx)
	if err := own.told(err); err != nil {
		return err
	}
	all := []minutes{own}
	for _, p := range children {
		if p == victim {
			continue
		}
		theirs, err := p.Wait(ctx)
		if err != nil {
			return err
		}
		all = append(all, theirs)
	}
	return m.compare(s, victim.PID(), all)
}

func (m meeting) compare(s *stage, victim int, all []minutes) error {
	s.Show("killed process %d; the parent is told:", victim)
	s.Show("%s", all[0].Text)
	want := [barrierTurns][barrierParties]int64{{1, 1, 1, 1}, {2, 2, 2, 2}, {3, 3, 3, 3}}
	seen, told := 0, 0
	for _, x := range all {
		if x.Seen == want {
			seen++
		}
		if x.Reason == psync.BrokenByDeath && x.PID == victim {
			told++
		}
	}
	s.Check(seen == len(all), "in each turn each of them read the numbers of all")
	s.Check(told == len(all), "each of the other %d was told that process %d died", len(all), victim)
	return nil
}
