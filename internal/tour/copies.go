package tour

import (
	"context"
	"slices"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// copies shows raw objects, wrappers around them, copies of them, and structs.
type copies struct {
	double *multiproc.Func[*shm.Array[int64], struct{}]
	set    *multiproc.Func[setting, struct{}]
	both   *multiproc.Func[pair, struct{}]
	move   *multiproc.Func[*shm.Value[ship], struct{}]
}

func newCopies() copies { return copies{doubleArray, setValue, addToBoth, moveShip} }

func (c copies) program() Program {
	return Program{"copy", "raw objects, wrappers, copies, two arrays under one lock, a struct", c.run}
}

func (c copies) run(ctx context.Context, s *stage) error {
	for _, part := range []func(context.Context, *stage) error{c.wrapper, c.copied, c.pair, c.structs} {
		if err := part(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

var doubleArray = multiproc.Register("tour.copy.double", func(_ context.Context, a *shm.Array[int64]) (struct{}, error) {
	return struct{}{}, a.Update(func(elements []int64) {
		for i := range elements {
			elements[i] *= 2
		}
	})
})

func (c copies) wrapper(ctx context.Context, s *stage) (err error) {
	s.Say("A RawArray is plain memory, as quick as any slice. Synchronized wraps it with a lock; both are the same memory.")
	raw, err := shm.RawArrayOf([]int64{1, 2, 3})
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, raw) }()
	wrapped, err := raw.Synchronized()
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, wrapped) }()
	if _, err := call(ctx, c.double, wrapped); err != nil {
		return err
	}
	got := slices.Clone(raw.Slice())
	s.Show("a child doubled the wrapper; the raw array is now %v", got)
	s.Check(slices.Equal(got, []int64{2, 4, 6}), "[2 4 6]")
	return nil
}

// setting is a shared value and what to set it to.
type setting struct {
	Value *shm.Value[int64]
	To    int64
}

var setValue = multiproc.Register("tour.copy.set", func(_ context.Context, x setting) (struct{}, error) {
	return struct{}{}, x.Value.Store(x.To)
})

func (c copies) copied(ctx context.Context, s *stage) (err error) {
	s.Say("Copy makes a new shared object with the same contents.")
	original, err := shm.NewValue(int64(4))
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, original) }()
	twin, err := original.Copy()
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, twin) }()
	if _, err := call(ctx, c.set, setting{original, 5}); err != nil {
		return err
	}
	a, err := original.Load()
	if err != nil {
		return err
	}
	b, err := twin.Load()
	if err != nil {
		return err
	}
	s.Show("a child set the original to %d; the copy has %d", a, b)
	s.Check(a == 5 && b == 4, "the copy keeps 4 while the original goes on to 5")
	return nil
}

// pair is two arrays that belong together: Raw has no lock and is changed
// under that of Locked.
type pair struct {
	Locked *shm.Array[float32]
	Raw    *shm.RawArray[float32]
}

const pairTimes = 1000

var addToBoth = multiproc.Register("tour.copy.both", func(_ context.Context, p pair) (struct{}, error) {
	raw := p.Raw.Slice()
	for range pairTimes {
		err := p.Locked.Update(func(locked []float32) {
			for i := range locked {
				locked[i]++
				raw[i] += 2
			}
		})
		if err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

func (c copies) pair(ctx context.Context, s *stage) (err error) {
	s.Say("One lock may guard several objects: an Array[float32] and a RawArray[float32], changed together %d times by each of 4 processes under the Array's lock.", pairTimes)
	locked, err := shm.NewArray[float32](3)
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, locked) }()
	raw, err := shm.NewRawArray[float32](3)
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, raw) }()
	const workers = 4
	if _, err := callAll(ctx, workers, c.both, same(pair{locked, raw})); err != nil {
		return err
	}
	got := make([]float32, 3)
	if _, err := locked.CopyTo(got); err != nil {
		return err
	}
	also := slices.Clone(raw.Slice())
	s.Show("the Array has %v, the RawArray %v", got, also)
	const n = workers * pairTimes
	s.Check(slices.Equal(got, []float32{n, n, n}) && slices.Equal(also, []float32{2 * n, 2 * n, 2 * n}), "nothing is lost in either")
	return nil
}

// ship is a struct without pointers, so it can be shared as it is.
type ship struct {
	X, Y  float64
	Moves int32
	Name  [8]byte
}

var moveShip = multiproc.Register("tour.copy.move", func(_ context.Context, v *shm.Value[ship]) (struct{}, error) {
	return struct{}{}, v.Update(func(x *ship) {
		x.X += 1.5
		x.Y -= 2
		x.Moves++
	})
})

func (c copies) structs(ctx context.Context, s *stage) (err error) {
	s.Say("A struct of fixed size without pointers is shared as it is, and Update changes it whole.")
	v, err := shm.NewValue(ship{Y: 10, Name: [8]byte([]byte("Argo    "))})
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, v) }()
	const workers = 4
	if _, err := callAll(ctx, workers, c.move, same(v)); err != nil {
		return err
	}
	got, err := v.Load()
	if err != nil {
		return err
	}
	s.Show("%d processes have moved the %.4s: it is at (%v, %v) after %d moves", workers, got.Name[:], got.X, got.Y, got.Moves)
	s.Check(got.X == 6 && got.Y == 2 && got.Moves == workers && string(got.Name[:4]) == "Argo", "at (6, 2) after 4 moves")
	return nil
}
