package tour

import (
	"context"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// state shows which memory processes share and which they don't.
type state struct {
	look *multiproc.Func[board, sight]
	add  *multiproc.Func[board, struct{}]
}

func newState() state { return state{lookAtBoard, addToBoard} }

func (st state) program() Program {
	return Program{"state", "what a child sees of a global, a shared int and a shared array", st.run}
}

// ordinary is a global like any other: each process has its own.
var ordinary int

// board is what is shared: an int and an array, both under the int's lock.
type board struct {
	Int   *shm.Value[int64]
	Array *shm.RawArray[float64]
}

// sight is what a process sees at one moment.
type sight struct {
	Global int
	Int    int64
	Array  [3]float64
}

// look takes the lock of both, so that nobody changes the array after the int
// was read.
func (b board) look() (x sight, err error) {
	err = b.Int.Update(func(n *int64) {
		x = sight{ordinary, *n, [3]float64(b.Array.Slice())}
	})
	return x, err
}

// add adds 1 to the int and to the elements that are named, in one step.
func (b board) add(elements ...int) error {
	return b.Int.Update(func(n *int64) {
		*n++
		for _, i := range elements {
			b.Array.Slice()[i]++
		}
	})
}

var lookAtBoard = multiproc.Register("tour.state.look", func(_ context.Context, b board) (sight, error) {
	return b.look()
})

var addToBoard = multiproc.Register("tour.state.add", func(_ context.Context, b board) (struct{}, error) {
	return struct{}{}, b.add(0, 1, 2)
})

func (st state) run(ctx context.Context, s *stage) (err error) {
	ordinary = 0
	number, err := shm.NewValue(int64(0))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, number) }()
	array, err := shm.NewRawArray[float64](3)
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, array) }()
	b := board{number, array}

	s.Say("The parent has a global variable, a shared int and a shared array of 3 doubles. Three times it adds 1 to the global, to the int and to one element, and starts a child that looks:")
	s.Show("%-30s  %6s  %3s  %s", "", "global", "int", "array")
	show := func(who string, x sight) {
		s.Show("%-30s  %6d  %3d  %v", who, x.Global, x.Int, x.Array)
	}
	if err := st.oneByOne(ctx, s, b, show); err != nil {
		return err
	}
	s.Say("The global is 0 in every child, whatever the parent made of it: a child is the same program started anew, with variables of its own. Only what was made with package shm is one memory for all.")
	if err := st.atOnce(ctx, s, b, show); err != nil {
		return err
	}
	return st.adding(ctx, s, b, show)
}

// oneByOne lets a child look at the start and after each of the parent's
// three additions.
func (st state) oneByOne(ctx context.Context, s *stage, b board, show func(string, sight)) error {
	want := sight{}
	right := true
	for i := -1; i < 3; i++ {
		if i >= 0 {
			ordinary++
			if err := b.add(i); err != nil {
				return err
			}
			want.Int++
			want.Array[i]++
		}
		seen, err := call(ctx, st.look, b)
		if err != nil {
			return err
		}
		show([]string{"child, at the start", "child, after the 1st addition", "child, after the 2nd", "child, after the 3rd"}[i+1], seen)
		right = right && seen == want
	}
	s.Check(right, "each child saw all that was shared before it started, and 0 for the global")
	return nil
}

// atOnce starts a child after each of three more additions without waiting
// for any, so that a child may see later ones too.
func (st state) atOnce(ctx context.Context, s *stage, b board, show func(string, sight)) error {
	s.Say("The same with three children that run at once. A child may see additions that were made after its start, but never half of one, for the int and the array have one lock:")
	seen, err := callAll(ctx, 3, st.look, func(i int) (board, error) {
		ordinary++
		return b, b.add(i)
	})
	if err != nil {
		return err
	}
	right := true
	for i, x := range seen {
		show([]string{"1st child", "2nd child", "3rd child"}[i], x)
		whole := x.Array[0]+x.Array[1]+x.Array[2] == float64(x.Int)
		right = right && x.Global == 0 && x.Int >= int64(3+i+1) && x.Int <= 6 && whole
	}
	now, err := b.look()
	if err != nil {
		return err
	}
	show("parent", now)
	s.Check(right && now == sight{6, 6, [3]float64{2, 2, 2}}, "each saw at least what was there when it started; the parent has 6 and [2 2 2]")
	return nil
}

// adding lets children change what is shared.
func (st state) adding(ctx context.Context, s *stage, b board, show func(string, sight)) error {
	s.Say("Now children add 1 to the int and to all elements: three one after the other, then three at once, under the lock.")
	for range 3 {
		if _, err := call(ctx, st.add, b); err != nil {
			return err
		}
	}
	first, err := b.look()
	if err != nil {
		return err
	}
	show("after 3 in turn", first)
	if _, err := callAll(ctx, 3, st.add, same(b)); err != nil {
		return err
	}
	second, err := b.look()
	if err != nil {
		return err
	}
	show("after 3 at once", second)
	s.Check(first == sight{6, 9, [3]float64{5, 5, 5}}, "9 and [5 5 5] after the first three")
	s.Check(second == sight{6, 12, [3]float64{8, 8, 8}}, "12 and [8 8 8] after all six; the parent's global is 6")
	return nil
}
