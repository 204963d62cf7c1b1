package tour

import (
	"context"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

const (
	counterWorkers = 10
	counterTimes   = 10
	counterTotal   = counterWorkers * counterTimes
)

// counter is the program that every book on the subject begins with.
type counter struct {
	careless *multiproc.Func[*shm.Value[int64], struct{}]
	careful  *multiproc.Func[*shm.Value[int64], struct{}]
}

func newCounter() counter { return counter{addCarelessly, addCarefully} }

func (c counter) program() Program {
	return Program{"counter", "10 processes add 1 to a shared number, 10 times each", c.run}
}

// addCarelessly locks each access, but not what happens from the one to the
// other: Load and Store take the lock for themselves and give it back.
var addCarelessly = multiproc.Register("tour.counter.careless", func(_ context.Context, n *shm.Value[int64]) (struct{}, error) {
	for range counterTimes {
		x, err := n.Load()
		if err != nil {
			return struct{}{}, err
		}
		time.Sleep(time.Millisecond) // thinking, while others read the same number
		if err := n.Store(x + 1); err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

// addCarefully holds the lock from the read to the write.
var addCarefully = multiproc.Register("tour.counter.careful", func(_ context.Context, n *shm.Value[int64]) (struct{}, error) {
	for range counterTimes {
		err := n.Update(func(x *int64) {
			old := *x
			time.Sleep(time.Millisecond)
			*x = old + 1
		})
		if err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

func (c counter) run(ctx context.Context, s *stage) (err error) {
	n, err := shm.NewValue(int64(0))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, n) }()

	s.Say("Each process reads the number, thinks for a millisecond, and writes back one more. First without holding the lock in between: who reads what another has read already makes the other's addition vanish.")
	if _, err := callAll(ctx, counterWorkers, c.careless, same(n)); err != nil {
		return err
	}
	got, err := n.Load()
	if err != nil {
		return err
	}
	s.Show("Load, then Store:  %3d   %d of %d additions were lost", got, counterTotal-got, counterTotal)
	// Chance decides how many, but not that the last one stays.
	s.Check(got >= 1 && got <= counterTotal, "between 1 and %d", counterTotal)

	if err := n.Store(0); err != nil {
		return err
	}
	s.Say("Then with Update, which holds the lock from the read to the write:")
	if _, err := callAll(ctx, counterWorkers, c.careful, same(n)); err != nil {
		return err
	}
	if got, err = n.Load(); err != nil {
		return err
	}
	s.Show("Update:            %3d", got)
	s.Check(got == counterTotal, "exactly %d", counterTotal)
	return nil
}
