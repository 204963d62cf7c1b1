package tour

import (
	"context"
	"slices"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// negate is the smallest program in which a child changes what its parent
// has.
type negate struct {
	work *multiproc.Func[*shm.Array[int64], struct{}]
}

func newNegate() negate { return negate{negateArray} }

func (n negate) program() Program {
	return Program{"negate", "a child changes an array in place", n.run}
}

var negateArray = multiproc.Register("tour.negate", func(_ context.Context, a *shm.Array[int64]) (struct{}, error) {
	return struct{}{}, a.Update(func(elements []int64) {
		for i := range elements {
			elements[i] = -elements[i]
		}
	})
})

func (n negate) run(ctx context.Context, s *stage) (err error) {
	a, err := shm.ArrayOf([]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, a) }()

	s.Say("The array travels as a handle of a few bytes; its elements stay where they are.")
	got := make([]int64, a.Len())
	if _, err := a.CopyTo(got); err != nil {
		return err
	}
	s.Show("before:  %3d", got)
	if _, err := call(ctx, n.work, a); err != nil {
		return err
	}
	if _, err := a.CopyTo(got); err != nil {
		return err
	}
	s.Show("after:   %3d", got)
	s.Check(slices.Equal(got, []int64{0, -1, -2, -3, -4, -5, -6, -7, -8, -9}), "the child has negated the parent's array")
	return nil
}
