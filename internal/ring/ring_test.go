//go:build linux

package ring

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// kind is that of the tests' rings.
const kind = 200

func init() { arena.RegisterKeeper(kind, Keeper()) }

func TestMain(m *testing.M) { testproc.Main(m) }

// newRing makes a ring that the end of the test detaches.
func newRing(t testing.TB, capacity int, bytes uint64) *Ring {
	t.Helper()
	r, err := New(Spec{Kind: kind, Capacity: capacity, Bytes: bytes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Detach() })
	return r
}

// another is a second handle to a ring.
func another(t testing.TB, r *Ring) *Ring {
	t.Helper()
	other, err := Attach(r.Handle().Ref(), kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Detach() })
	return other
}

func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	t.Cleanup(cancel)
	return ctx
}

// objects is how many there are in the family.
func objects(t testing.TB) int {
	t.Helper()
	c, err := arena.Count()
	if err != nil {
		t.Fatal(err)
	}
	return c.Objects
}

// flat fails the test when it leaves objects. Call it first: what the test cleans up is cleaned up before the count.
func flat(t testing.TB) {
	t.Helper()
	before := objects(t)
	t.Cleanup(func() {
		testproc.Eventually(t, fmt.Sprintf("only the %d objects of before", before), func() bool { return objects(t) <= before })
	})
}

// at moves an empty ring to a position, in units, and a number of items.
func (r *Ring) startAt(pos, items uint64) {
	r.a.setHead(at(pos, items))
	r.a.setTail(at(pos, items))
}

// text is contents of a length that tell where they come from.
func text(n, seed int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed*31 + i*7 + i>>8)
	}
	return b
}

func mustPut(t testing.TB, r *Ring, b []byte, refs ...arena.Ref) {
	t.Helper()
	if err := r.TryPut(&Item{Kind: 1, Data: b, Refs: refs}); err != nil {
		t.Fatal(err)
	}
}

// mustGet takes an item, checks its contents and returns what holds its objects.
func mustGet(t testing.TB, r *Ring, want []byte) *arena.Inbox {
	t.Helper()
	var o Out
	if err := r.TryGet(&o); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(o.Data, want) || o.Kind != 1 {
		t.Fatalf("%d bytes of kind %d % .40x, want %d bytes % .40x", len(o.Data), o.Kind, o.Data, len(want), want)
	}
	return o.Inbox
}

func TestNew(t *testing.T) {
	flat(t)
	for _, c := range []struct {
		capacity int
		bytes    uint64
		want     int
	}{{1, 0, 512}, {1, 1, 512}, {5, 512, 512}, {5, 513, 1024}, {MaxCapacity, 4096, 4096}, {100, 100_000, 131_072}} {
		r := newRing(t, c.capacity, c.bytes)
		if r.Cap() != c.capacity || r.Bytes() != c.want || r.Len() != 0 || r.Closed() {
			t.Errorf("%+v: %d items, %d bytes, %d there", c, r.Cap(), r.Bytes(), r.Len())
		}
		if p, c := r.Busy(); p != "" || c != "" {
			t.Errorf("busy: %q, %q", p, c)
		}
	}
	for _, s := range []Spec{{Capacity: 0}, {Capacity: -1}, {Capacity: MaxCapacity + 1}} {
		if _, err := New(s); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
	if _, err := New(Spec{Capacity: 1, Bytes: maxBytes + 1}); !errors.Is(err, errs.ErrNoMemory) {
		t.Errorf("too much memory: %v", err)
	}
}

func TestAttach(t *testing.T) {
	flat(t)
	r := newRing(t, 3, 1024)
	mustPut(t, r, text(10, 1))
	other := another(t, r)
	if other.Cap() != 3 || other.Bytes() != 1024 || other.Len() != 1 {
		t.Errorf("%d items, %d bytes, %d there", other.Cap(), other.Bytes(), other.Len())
	}
	mustGet(t, other, text(10, 1))
	if _, err := Attach(r.Handle().Ref(), kind+1); !errors.Is(err, errs.ErrWrongType) {
		t.Errorf("as another kind: %v", err)
	}
	h, err := arena.New(arena.Spec{Kind: kind, Size: 4096})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Attach(h.Ref(), kind); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("an object that is no ring: %v", err)
	}
	_ = h.Close()
	if _, err := Attach(h.Ref(), kind); !errors.Is(err, errs.ErrStale) {
		t.Errorf("an object that is gone: %v", err)
	}
}

// TestBounds: a ring is full by items or by bytes, whichever comes first, and an item up to a half of it always fits into an empty one.
func TestBounds(t *testing.T) {
	flat(t)
	for _, c := range []struct{ capacity, size, fit int }{
		{4, 0, 4}, {4, 8, 4}, {1000, 0, 64}, {1000, 8, 32}, {1000, 9, 21}, {1000, 120, 4}, {1000, 248, 2}, {1, 248, 1},
	} {
		r := newRing(t, c.capacity, 512)
		for lap := range 5 {
			for i := range c.fit {
				if r.Len() != i {
					t.Fatalf("%+v: %d there after %d", c, r.Len(), i)
				}
				mustPut(t, r, text(c.size, i+lap))
			}
			if err := r.TryPut(&Item{Data: text(c.size, 0)}); err != ErrFull {
				t.Fatalf("%+v: one more: %v", c, err)
			}
			if !r.full() && c.capacity == c.fit {
				t.Errorf("%+v: not full", c)
			}
			for i := range c.fit {
				mustGet(t, r, text(c.size, i+lap))
			}
			if err := r.TryGet(&Out{}); err != ErrEmpty {
				t.Fatalf("%+v: from an empty ring: %v", c, err)
			}
		}
	}
}

// TestWrapAround puts items of every small length at every offset of the data, next to another one that must stay as it is.
func TestWrapAround(t *testing.T) {
	r := newRing(t, 100, 512)
	for pos := range uint64(64) {
		for _, n := range []int{0, 1, 7, 8, 9, 100, 239, 240, 241, 248} {
			r.startAt(pos, 1000*pos)
			mustPut(t, r, text(8, 99))
			mustPut(t, r, text(n, n))
			mustPut(t, r, text(16, 98))
			mustGet(t, r, text(8, 99))
			mustGet(t, r, text(n, n))
			mustGet(t, r, text(16, 98))
			if r.Len() != 0 {
				t.Fatal(r.Len())
			}
		}
	}
}

func TestSome(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 1024)
	put := func(n int, size func(i int) int) (int, error) {
		return r.PutSome(n, func(i int) *Item { return &Item{Kind: 1, Data: text(size(i), i)} })
	}
	outs := make([]Out, 20)
	get := func(n int) (int, error) {
		clear(outs)
		return r.GetSome(n, func(i int) *Out { return &outs[i] })
	}
	if n, err := get(5); n != 0 || err != ErrEmpty {
		t.Errorf("from an empty ring: %d, %v", n, err)
	}
	for range 50 {
		if n, err := put(7, func(i int) int { return i }); n != 7 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := put(7, func(i int) int { return i }); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if n, err := put(7, func(i int) int { return i }); n != 0 || err != ErrFull {
			t.Fatal(n, err)
		}
		if n, err := get(4); n != 4 || err != nil {
			t.Fatal(n, err)
		}
		for i := range 4 {
			if !bytes.Equal(outs[i].Data, text(i, i)) {
				t.Errorf("item %d is % x", i, outs[i].Data)
			}
		}
		if n, err := get(20); n != 6 || err != nil {
			t.Fatal(n, err)
		}
	}
	// An item that needs an object of its own ends the batch before it.
	if n, err := put(5, func(i int) int { return []int{8, 8, 2000, 8, 8}[i] }); n != 2 || err != nil {
		t.Error(n, err)
	}
	// What does not fit its receiver ends the batch after those that did.
	clear(outs)
	n, err := r.GetSome(2, func(i int) *Out {
		outs[i] = Out{Data: make([]byte, 8-i), Exact: true}
		return &outs[i]
	})
	if size := (*SizeError)(nil); n != 1 || !errors.As(err, &size) || r.Len() != 1 {
		t.Error(n, err, r.Len())
	}
}

// TestLarge: items larger than a half of the ring, up to many times its size, take an object of their own, which goes with them.
func TestLarge(t *testing.T) {
	flat(t)
	r := newRing(t, 100, 1024)
	before := objects(t)
	for _, n := range []int{503, 504, 505, 512, 1024, 5000, 100_000, 5 << 20} {
		it := &Item{Kind: 1, Data: text(n, n)}
		if err := r.TryPut(it); err != nil {
			t.Fatal(err)
		}
		spilled := n > 504
		if got := objects(t) - before; (got == 1) != spilled {
			t.Errorf("%d bytes: %d objects", n, got)
		}
		if len(it.Refs) != 0 {
			t.Errorf("the caller's item has %d references", len(it.Refs))
		}
		in := mustGet(t, r, text(n, n))
		if (in != nil) != spilled {
			t.Errorf("%d bytes: inbox %v", n, in)
		}
		if in != nil {
			in.Release()
		}
		if got := objects(t) - before; got != 0 {
			t.Errorf("%d bytes: %d objects left", n, got)
		}
	}
	// A refused one leaves nothing, and can be tried again.
	small := newRing(t, 1, 512)
	before = objects(t)
	it := &Item{Kind: 1, Data: text(2000, 3)}
	mustPut(t, small, nil)
	for range 3 {
		if err := small.TryPut(it); err != ErrFull {
			t.Fatal(err)
		}
	}
	if got := objects(t) - before; got != 0 {
		t.Errorf("%d objects of items that were refused", got)
	}
	mustGet(t, small, nil)
	if err := small.TryPut(it); err != nil {
		t.Fatal(err)
	}
	if err := small.TryGet(&Out{Data: make([]byte, 8), Exact: true}); err == nil {
		t.Error("2000 bytes fit into 8")
	}
	if err := small.TryGet(&Out{Raw: true}); err != ErrKind {
		t.Error(err)
	}
	mustGet(t, small, text(2000, 3)).Release()
}

func TestErrors(t *testing.T) {
	if s := (&SizeError{3, 9}).Error(); s != "multiproc: the item has 9 bytes, the room for it 3" {
		t.Error(s)
	}
	if !errors.Is(ErrKind, errs.ErrWrongType) {
		t.Error(ErrKind)
	}
	r := newRing(t, 1, 512)
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("why")
	cancel(cause)
	for _, err := range []error{r.Put(ctx, &Item{}), r.Get(ctx, &Out{})} {
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
			t.Error(err)
		}
	}
	if r.Len() != 0 {
		t.Error("a Put whose context had ended")
	}
	binary.LittleEndian.PutUint32(r.data, 0) // the data is this process's to write
}
