//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"
	"unique"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

type (
	point struct {
		X, Y float64
		n    int32 // copied as well: it is memory
	}
	blob  [16]byte
	label string
	cells []point
	list  struct {
		Next *list
		V    int
	}
	record struct {
		Name  string
		Tags  map[string][]int
		Where *point2
		Data  []byte
		None  *int
		At    time.Time
	}
	point2 struct{ X, Y float64 }
	// shout marshals itself, in another form than its memory.
	shout string
)

func (s shout) MarshalCBOR() ([]byte, error) { return cbor.Marshal(strings.ToUpper(string(s))) }

func (s *shout) UnmarshalCBOR(b []byte) error {
	var text string
	err := cbor.Unmarshal(b, &text)
	*s = shout(text + "!")
	return err
}

// travels puts items and takes them again in every way there is. The memory that holds them is small, so that large ones travel outside of it as well.
func travels[T any](t *testing.T, items ...T) { arrives(t, items, items) }

func arrives[T any](t *testing.T, items, should []T) {
	t.Helper()
	t.Run(strings.ReplaceAll(reflect.TypeFor[T]().String(), "/", "|"), func(t *testing.T) {
		for _, memory := range []int{0, 1, 4096} {
			if memory == 0 {
				travelWith(t, items, should)
			} else {
				travelWith(t, items, should, queue.WithMemory(memory))
			}
		}
	})
}

func travelWith[T any](t *testing.T, items, should []T, opts ...queue.Option) {
	census(t)
	ctx := bounded(t)
	q := must(queue.New[T](8, opts...))(t)
	defer q.Close()
	other := twin(t, q)
	same := func(how string, i int, v T, err error) {
		t.Helper()
		ok(t, err)
		if !reflect.DeepEqual(v, should[i]) {
			t.Errorf("%s: %#.200v arrived as %#.200v", how, should[i], v)
		}
	}
	var into T
	for i, v := range items {
		ok(t, q.Put(ctx, v))
		got, err := other.Get(ctx)
		same("Put, Get", i, got, err)
		ok(t, other.PutFrom(ctx, &items[i]))
		err = q.GetInto(ctx, &into)
		same("PutFrom, GetInto", i, into, err)
		ok(t, q.TryPut(v))
		got, err = q.TryGet()
		same("TryPut, TryGet", i, got, err)
	}
	done := make(chan error, 1)
	go func() {
		n, err := q.PutBatch(ctx, items)
		if n != len(items) && err == nil {
			err = fmt.Errorf("PutBatch has put %d of %d", n, len(items))
		}
		done <- err
	}()
	room := make([]T, 3)
	for i := 0; i < len(items); {
		n, err := other.GetBatch(ctx, room)
		ok(t, err)
		for _, v := range room[:n] {
			same("PutBatch, GetBatch", i, v, nil)
			i++
		}
	}
	ok(t, <-done)
	want(t, "what is left", q.Len(), 0)
}

func ptr[T any](v T) *T { return &v }

func TestItems(t *testing.T) {
	travels(t, 0, 1, -1, math.MaxInt, math.MinInt)
	travels[uint8](t, 0, 255)
	travels(t, true, false)
	travels(t, 1.5, math.Inf(-1), math.Copysign(0, -1))
	travels(t, complex(1, -2))
	travels(t, point{1, 2, 3}, point{})
	travels(t, blob{1, 15: 2})
	travels(t, [64]byte{63: 1})
	travels(t, [65536]byte{0: 1, 65535: 2})
	travels(t, [3]point{2: {1, 2, 3}})
	travels(t, time.Second)
	travels(t, "", "a", "ä\x00\xff", strings.Repeat("long ", 10_000))
	travels(t, label("l"), label(""))
	travels(t, []byte("bytes"), []byte{}, nil, make([]byte, 1<<20), []byte{7})
	travels(t, []float64{1, 2, 3}, nil, []float64{}, []float64{4})
	travels(t, []point{{1, 2, 3}}, []point{}, nil)
	travels(t, []int16{1, 2, 3}, []int16{}, nil, []int16{9})
	travels(t, [][3]byte{{1, 2, 3}}, nil)
	travels(t, cells{{1, 2, 3}}, cells(nil), cells{})
	travels(t, []struct{}{}, make([]struct{}, 3), nil)
	travels(t, struct{}{})
	travels(t, [0]int{})
	travels(t, [][]byte{nil, {}, []byte("x")}, nil, [][]byte{})
	travels(t, []string{"a", ""}, nil, []string{})
	travels(t, map[string]int{"a": 1}, nil, map[string]int{})
	travels(t, record{}, record{Name: "n", Tags: map[string][]int{"a": {1}, "b": nil, "c": {}}, Where: &point2{1, 2}, Data: []byte("d"), At: time.Unix(1, 2).UTC()})
	travels(t, &point2{3, 4}, nil)
	travels(t, ptr(ptr(5)), nil)
	travels(t, list{&list{&list{nil, 3}, 2}, 1})
	travels[any](t, 1, "a", nil, []byte("b"), []any{int64(1), "x", nil}, map[string]any{"k": 1.5}, 2.5, uint8(3))
	travels(t, time.Unix(7, 8).UTC())
	travels(t, *big.NewInt(99))
	travels(t, net.IPv4(1, 2, 3, 4), nil)
	travels(t, cbor.RawMessage{0x18, 0x2a})
	arrives(t, []shout{"a"}, []shout{"A!"})
	arrives(t, []*shout{ptr(shout("a")), nil}, []*shout{ptr(shout("A!")), nil})
	arrives(t, [][]shout{{"a"}, nil}, [][]shout{{"A!"}, nil})
}

// TestItemsAreCopies: what was got stays what it is, whatever is put and got afterwards, and a change of what was put changes nothing.
func TestItemsAreCopies(t *testing.T) {
	t.Run("slice", func(t *testing.T) { testCopies(t, func(s string) []byte { return []byte(s) }) })
	t.Run("string", func(t *testing.T) { testCopies(t, func(s string) string { return s }) })
	t.Run("struct", func(t *testing.T) {
		testCopies(t, func(s string) record { return record{Name: s, Data: []byte(s), Tags: map[string][]int{s: {1}}} })
	})
	t.Run("any", func(t *testing.T) { testCopies(t, func(s string) any { return []byte(s) }) })
	t.Run("raw", func(t *testing.T) {
		testCopies(t, func(s string) cbor.RawMessage { return must(cbor.Marshal(s))(t) })
	})
}

func testCopies[T any](t *testing.T, of func(string) T) {
	ctx := bounded(t)
	q := must(queue.New[T](100, queue.WithMemory(4096)))(t)
	defer q.Detach()
	var got []T
	name := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 1+i*37%300) }
	for i := range 100 {
		ok(t, q.Put(ctx, of(name(i))))
		if i%2 == 0 {
			got = append(got, must(q.Get(ctx))(t))
			continue
		}
		room := make([]T, 2)
		n, err := q.GetBatch(ctx, room)
		ok(t, err)
		got = append(got, room[:n]...)
	}
	for i, v := range got {
		if !reflect.DeepEqual(v, of(name(i))) {
			t.Fatalf("item %d has become %v", i, v)
		}
	}
}

// TestGetIntoUsesRoom: a slice with enough room is filled in place, one with too little is replaced.
func TestGetIntoUsesRoom(t *testing.T) {
	ctx := bounded(t)
	q := must(queue.New[[]float64](4))(t)
	defer q.Detach()
	room := make([]float64, 0, 10)
	p := room
	for _, c := range []struct {
		put   []float64
		reuse bool
	}{{[]float64{1, 2, 3}, true}, {[]float64{}, true}, {make([]float64, 10), true}, {make([]float64, 11), false}, {[]float64{5}, false}, {nil, false}} {
		ok(t, q.Put(ctx, c.put))
		ok(t, q.GetInto(ctx, &p))
		if !reflect.DeepEqual(p, c.put) {
			t.Errorf("%v arrived as %v", c.put, p)
		}
		if p == nil {
			continue
		}
		if same := &p[:1][0] == &room[:1][0]; same != c.reuse {
			t.Errorf("%d elements: the same room: %v, want %v", len(c.put), same, c.reuse)
		}
	}
	// What lies behind the item, in the room, is left alone.
	p = []float64{1, 2, 3}
	ok(t, q.Put(ctx, []float64{9}))
	ok(t, q.GetInto(ctx, &p))
	if !reflect.DeepEqual(p[:3], []float64{9, 2, 3}) {
		t.Errorf("the room holds %v", p[:3])
	}
}

// TestNotSent: types of which no value arrives are refused when the queue is made.
func TestNotSent(t *testing.T) {
	census(t)
	refused[chan int](t, "channel")
	refused[func()](t, "function")
	refused[struct{ In struct{ C []chan int } }](t, ".In.C[] (type chan int)")
	refused[map[*int]int](t, "pointer as a map key")
	refused[struct{ a *int }](t, "a")
	refused[error](t, "interface")
	refused[fmt.Stringer](t, "interface")
	refused[uintptr](t, "address")
	refused[[]uintptr](t, "address")
	refused[unique.Handle[string]](t, "")
	refused[context.Context](t, "interface")
}

func refused[T any](t *testing.T, says string) {
	t.Helper()
	var refusal *queue.TypeError
	_, err := queue.New[T](1)
	if !errors.As(err, &refusal) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v: error %v, want a *TypeError that says %q", reflect.TypeFor[T](), err, says)
	}
	if _, err := queue.NewJoinable[T](1); !errors.As(err, &refusal) {
		t.Errorf("joinable, %v: error %v", reflect.TypeFor[T](), err)
	}
}

// TestNotSentValue: a value that can't travel is an error of Put, and the queue is as before.
func TestNotSentValue(t *testing.T) {
	ctx := bounded(t)
	q := must(queue.New[any](4))(t)
	defer q.Detach()
	if err := q.Put(ctx, make(chan int)); err == nil {
		t.Error("a channel was put")
	}
	if n, err := q.PutBatch(ctx, []any{1, 2, point2{}, 3}); n != 2 || err == nil {
		t.Errorf("PutBatch: %d, %v", n, err)
	}
	want(t, "items", q.Len(), 2)
	for i := range 2 {
		if v := must(q.Get(ctx))(t); v != i+1 {
			t.Errorf("got %v", v)
		}
	}
}

// TestTypeMismatch: a handle that arrives as one of another item type is refused, with both names; one of the same layout is not.
func TestTypeMismatch(t *testing.T) {
	q := must(queue.New[int32](4))(t)
	defer q.Detach()
	mismatch[float32](t, q, "int32", "float32")
	mismatch[int64](t, q, "int32", "int64")
	mismatch[[]int32](t, q, "int32", "[]int32")
	mismatch[string](t, q, "int32", "string")
	mismatch[map[int]int](t, q, "int32", "map[int]int")
	s := must(queue.New[[]byte](4))(t)
	defer s.Detach()
	mismatch[string](t, s, "[]uint8", "string")
	mismatch[[]int8](t, s, "[]uint8", "[]int8")
	mismatch[[4]byte](t, s, "[]uint8", "[4]uint8")

	var same queue.Queue[rune]
	ok(t, same.UnmarshalCBOR(must(q.MarshalCBOR())(t)))
	ok(t, same.Put(bounded(t), 'x'))
	want(t, "the rune", must(q.Get(bounded(t)))(t), 'x')
	ok(t, same.Detach())

	var j queue.JoinableQueue[int32]
	wantErr(t, "as a JoinableQueue", j.UnmarshalCBOR(must(q.MarshalCBOR())(t)), queue.ErrWrongType)
	l := must(psync.NewLock())(t)
	defer l.Close()
	wantErr(t, "a lock", same.UnmarshalCBOR(must(l.MarshalCBOR())(t)), queue.ErrWrongType)
}

func mismatch[B, A any](t *testing.T, q *queue.Queue[A], have, as string) {
	t.Helper()
	var other queue.Queue[B]
	err := other.UnmarshalCBOR(must(q.MarshalCBOR())(t))
	var m *queue.TypeMismatchError
	if !errors.As(err, &m) || !errors.Is(err, queue.ErrWrongType) {
		t.Fatalf("%s as %s: %v", have, as, err)
	}
	want(t, "the queue's type", m.Have, have)
	want(t, "the program's type", m.Want, as)
	want(t, "a Put after it", other.Put(context.Background(), *new(B)), queue.ErrClosed)
}

// parcel has handles wherever a type can have them.
type parcel struct {
	Lock  *psync.Lock
	Array map[string]*shm.Array[float64]
	Back  []*queue.Queue[string]
	Tasks *queue.JoinableQueue[int]
	Any   any
}

func TestHandlesInside(t *testing.T) {
	census(t)
	ctx := bounded(t)
	for _, memory := range []int{1 << 16, 512} { // with the second the item is large
		q := must(queue.New[parcel](4, queue.WithMemory(memory)))(t)
		before := objects(t)
		func() {
			a := must(shm.ArrayOf([]float64{1, 2, 3}))(t)
			back := must(queue.New[string](4))(t)
			tasks := must(queue.NewJoinable[int](4))(t)
			l := must(psync.NewLock())(t)
			p := parcel{l, map[string]*shm.Array[float64]{"a": a}, []*queue.Queue[string]{back, back, nil}, tasks, []any{strings.Repeat("x", memory/2)}}
			ok(t, back.Put(ctx, "inside"))
			ok(t, tasks.Put(ctx, 42))
			ok(t, q.Put(ctx, p))
			ok(t, a.Close())
			ok(t, back.Detach())
			ok(t, tasks.Detach())
			ok(t, l.Close())
		}()
		for range 3 {
			if n := objects(t); n < before+5 {
				t.Errorf("%d objects are left of those that the item refers to", n-before)
			}
		}
		got := must(q.Get(ctx))(t)
		for range 3 {
			objects(t)
		}
		want(t, "the array", must(got.Array["a"].At(2))(t), 3)
		want(t, "the queue", must(got.Back[1].TryGet())(t), "inside")
		want(t, "its twin", got.Back[0].Len(), 0)
		want(t, "the tasks", must(got.Tasks.Get(ctx))(t), 42)
		ok(t, got.Tasks.TaskDone())
		got.Lock.Lock()
		got.Lock.Unlock()
		ok(t, got.Array["a"].Close())
		ok(t, got.Back[0].Detach())
		ok(t, got.Back[1].Detach())
		ok(t, got.Tasks.Detach())
		ok(t, got.Lock.Close())
		want(t, "what is left beside the queue", objects(t), before)
		ok(t, q.Detach())
	}
}

// TestUnreadItemsAreFreed: what only a queue's items refer to goes with the queue.
func TestUnreadItemsAreFreed(t *testing.T) {
	census(t)
	ctx := bounded(t)
	outer := must(queue.New[*queue.Queue[*shm.Array[byte]]](4))(t)
	inner := must(queue.New[*shm.Array[byte]](4))(t)
	for range 3 {
		a := must(shm.NewArray[byte](100_000))(t)
		ok(t, inner.Put(ctx, a))
		ok(t, a.Close())
	}
	ok(t, outer.Put(ctx, inner))
	ok(t, inner.Detach())
	ok(t, outer.Detach())
}

// TestAlignment: decoded slices begin where their elements may, whatever lies before them in the queue.
func TestAlignment(t *testing.T) {
	aligned[int64](t)
	aligned[complex128](t)
	aligned[[3]int32](t)
	aligned[[5]int16](t)
	aligned[struct {
		A byte
		B float64
	}](t)
}

func aligned[E any](t *testing.T) {
	t.Helper()
	ctx := bounded(t)
	q := must(queue.New[[]E](50, queue.WithMemory(4096)))(t)
	defer q.Detach()
	room := make([][]E, 3)
	for n := range 200 {
		for range 3 {
			ok(t, q.Put(ctx, make([]E, n%9+1)))
		}
		one := must(q.Get(ctx))(t)
		k, err := q.GetBatch(ctx, room)
		ok(t, err)
		want(t, "items in the batch", k, 2)
		for _, s := range [][]E{one, room[0], room[1]} {
			if at := reflect.ValueOf(s).Pointer(); at%uintptr(reflect.TypeFor[E]().Align()) != 0 || len(s) != n%9+1 {
				t.Fatalf("%d elements of %T at %#x", len(s), s, at)
			}
		}
	}
}
