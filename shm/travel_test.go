//go:build linux

package shm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

func encoded(t testing.TB, o cbor.Marshaler) []byte {
	t.Helper()
	return must(o.MarshalCBOR())(t)
}

// decoded is another handle to an object, as if it had travelled.
func decoded[O any, P interface {
	*O
	cbor.Unmarshaler
	io.Closer
}](t testing.TB, o cbor.Marshaler) *O {
	t.Helper()
	out := new(O)
	return made(P(out), P(out).UnmarshalCBOR(encoded(t, o)))(t)
}

// parcel has handles wherever a type can have them.
type parcel struct {
	Named  map[string]*shm.Value[int]
	Listed []*shm.Array[float64]
	Inner  struct {
		Raw   *shm.RawArray[byte]
		Deep  map[int][]*shm.RawValue[point]
		Twice [2]*shm.Value[int]
	}
	None *shm.Value[int]
	Any  []any
}

var forward = multiproc.Register("shm-forward", func(ctx context.Context, in parcel) (parcel, error) {
	if in.None != nil || len(in.Named) != 2 || len(in.Listed) != 2 {
		return parcel{}, fmt.Errorf("got %v", in)
	}
	for _, name := range []string{"a", "b"} {
		if err := in.Named[name].Update(func(n *int) { *n *= 10 }); err != nil {
			return parcel{}, err
		}
	}
	for i, a := range in.Listed {
		if err := a.Fill(float64(i) + 0.5); err != nil {
			return parcel{}, err
		}
	}
	copy(in.Inner.Raw.Slice(), "HELLO")
	in.Inner.Deep[7][0].Ptr().Y = 2
	if err := in.Inner.Twice[0].Store(5); err != nil {
		return parcel{}, err
	}
	if n, err := in.Inner.Twice[1].Load(); n != 5 || err != nil {
		return parcel{}, fmt.Errorf("two handles of one object differ: %d, %v", n, err)
	}
	fresh, err := shm.NewValue(77)
	if err != nil {
		return parcel{}, err
	}
	in.Named["new"] = fresh
	return in, nil
})

func TestNestedHandles(t *testing.T) {
	flat(t)
	twice := must(shm.NewValue(4))(t)
	in := parcel{
		Named:  map[string]*shm.Value[int]{"a": must(shm.NewValue(1))(t), "b": must(shm.NewValue(2))(t)},
		Listed: []*shm.Array[float64]{must(shm.NewArray[float64](3))(t), must(shm.NewArray[float64](100_000))(t)},
	}
	in.Inner.Raw = must(shm.RawArrayOf([]byte("hello, world")))(t)
	in.Inner.Deep = map[int][]*shm.RawValue[point]{7: {must(shm.NewRawValue(point{1, 0}))(t)}}
	in.Inner.Twice = [2]*shm.Value[int]{twice, twice}

	out := run(t, forward, in)
	check := func(p parcel) {
		t.Helper()
		want(t, "in a map", load(t, p.Named["a"]), 10)
		want(t, "in a map", load(t, p.Named["b"]), 20)
		want(t, "in a slice", must(p.Listed[1].At(99_999))(t), 1.5)
		want(t, "in a struct", string(p.Inner.Raw.Slice()), "HELLO, world")
		want(t, "deep", *p.Inner.Deep[7][0].Ptr(), point{1, 2})
		want(t, "twice", load(t, p.Inner.Twice[0]), 5)
		want(t, "twice", load(t, p.Inner.Twice[1]), 5)
	}
	check(in)
	check(out)
	want(t, "made by the worker, which is gone", load(t, out.Named["new"]), 77)
	if err := out.Named["a"].Store(-1); err != nil || load(t, in.Named["a"]) != -1 {
		t.Error("what came back is not the same memory", err)
	}
	if &out.Inner.Raw.Slice()[0] != &in.Inner.Raw.Slice()[0] {
		t.Error("one object has two addresses in one process")
	}
	for _, p := range []parcel{in, out} {
		for _, v := range p.Named {
			v.Close()
		}
		for _, a := range p.Listed {
			a.Close()
		}
		p.Inner.Raw.Close()
		p.Inner.Deep[7][0].Close()
		p.Inner.Twice[0].Close()
		p.Inner.Twice[1].Close()
	}
}

// TestDecodedTwice: handles that are decoded in one process are of the same memory, and each is closed on its own.
func TestDecodedTwice(t *testing.T) {
	for _, n := range []int{3, 1 << 13, 9 << 20} { // small, large, larger than a window of the arena
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			flat(t)
			a := must(shm.NewRawArray[int64](n))(t)
			x, y := decoded[shm.RawArray[int64]](t, a), decoded[shm.RawArray[int64]](t, a)
			if &x.Slice()[0] != &y.Slice()[0] || &x.Slice()[n-1] != &a.Slice()[n-1] {
				t.Error("not the same memory")
			}
			data := encoded(t, a)
			for i, r := range []*shm.RawArray[int64]{a, x} {
				r.Set(n-1, int64(i+1))
				want(t, "through the other", y.At(n-1), int64(i+1))
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			want(t, "the last handle", y.At(n-1), 2)
			y.Close()
			wantErr(t, "a handle of what is gone", new(shm.RawArray[int64]).UnmarshalCBOR(data), shm.ErrStale)
		})
	}
}

type views struct {
	Locked *shm.Array[int]
	Of     *shm.Array[int] // a view of Locked
	Raw    *shm.RawArray[int]
	Empty  *shm.Array[int]
	Post   signpost
}

var throughViews = multiproc.Register("shm-views", func(ctx context.Context, v views) ([]int, error) {
	if err := inVain(func(ctx context.Context) error { return v.Of.UpdateContext(ctx, func([]int) {}) }); err != nil {
		return nil, fmt.Errorf("the view's update, while another process holds the array: %w", err)
	}
	reach(v.Post, 1)
	v.Raw.Fill(-1)
	again, err := v.Of.View(1, 3)
	if err != nil {
		return nil, err
	}
	if err := again.Set(0, 99); err != nil {
		return nil, err
	}
	err = again.Update(func([]int) {
		if err := inVain(func(ctx context.Context) error { return v.Locked.UpdateContext(ctx, func([]int) {}) }); err != nil {
			panic(fmt.Errorf("the array's update inside of its view's: %w", err))
		}
	})
	return []int{v.Locked.Len(), v.Of.Len(), v.Raw.Len(), v.Empty.Len(), again.Len()}, err
})

func TestViewsTravel(t *testing.T) {
	flat(t)
	a := made(shm.ArrayOf([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))(t)
	of := made(a.View(2, 6))(t)
	raw := must(a.Raw())(t)
	end := made(raw.View(7, 10))(t)
	raw.Close()
	v := views{a, of, end, made(a.View(10, 10))(t), newSignpost(t)}
	var p *multiproc.Process[[]int]
	err := a.Update(func([]int) {
		p = start(t, throughViews, v)
		if err := await(t.Context(), v.Post, 1); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if lens := must(wait(t, p))(t); !slices.Equal(lens, []int{10, 4, 3, 0, 2}) {
		t.Errorf("lengths %v", lens)
	}
	got := make([]int, 10)
	must(a.CopyTo(got))(t)
	if !slices.Equal(got, []int{0, 1, 2, 99, 4, 5, 6, -1, -1, -1}) {
		t.Errorf("contents %v", got)
	}
	for _, c := range []io.Closer{a, of, end, v.Empty, v.Post} {
		c.Close()
	}
}

type orphaned struct {
	Array *shm.Array[int]
	Value *shm.RawValue[int]
	Post  signpost
}

var carryOn = multiproc.Register("shm-carry-on", func(ctx context.Context, o orphaned) (orphaned, error) {
	reach(o.Post, 1)
	if err := await(ctx, o.Post, 2); err != nil {
		return o, err
	}
	o.Value.Store(o.Value.Load() + 1)
	return o, errors.Join(o.Array.Fill(8), o.Array.Set(0, 1))
})

// TestCreatorCloses: an object lives on in the worker that has it, and comes back.
func TestCreatorCloses(t *testing.T) {
	flat(t)
	post := newSignpost(t)
	in := orphaned{must(shm.NewArray[int](20_000))(t), must(shm.NewRawValue(41))(t), post}
	p := start(t, carryOn, in)
	if err := await(t.Context(), post, 1); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.Array.Close(), in.Value.Close()); err != nil {
		t.Error(err)
	}
	for range 50 { // who wrongly got its memory would show
		made(shm.NewRawValue(-1))(t)
	}
	made(shm.NewRawArray[int](20_000))(t)
	reach(post, 2)
	out := must(wait(t, p))(t)
	want(t, "the value", out.Value.Load(), 42)
	want(t, "the array", must(out.Array.At(0))(t), 1)
	want(t, "the array", must(out.Array.At(19_999))(t), 8)
	if err := errors.Join(out.Array.Close(), out.Value.Close(), out.Post.Close(), post.Close()); err != nil {
		t.Error(err)
	}
	wantErr(t, "sending what was closed", func() error { _, err := carryOn.Start(t.Context(), in); return err }(), shm.ErrClosed)
}
