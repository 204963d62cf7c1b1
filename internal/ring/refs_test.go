//go:build linux

package ring

import (
	"encoding/binary"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// object is something for an item to refer to.
func object(t testing.TB, seed int) *arena.Handle {
	t.Helper()
	h, err := arena.New(arena.Spec{Kind: 1, Size: 16})
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint64(payloadBytes(h.Payload(), 16), uint64(seed))
	return h
}

// TestKept: an item is the only reason for its objects to live, until it is taken; then who took it is.
func TestKept(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 4096)
	before := objects(t)
	var refs [3]arena.Ref
	var hs [3]*arena.Handle
	for i := range hs {
		hs[i] = object(t, i+1)
		refs[i] = hs[i].Ref()
	}
	mustPut(t, r, text(9, 1), refs[0], refs[1])
	mustPut(t, r, text(3000, 2), refs[1], refs[2]) // with its contents in a fourth
	mustPut(t, r, text(0, 3), refs[0], refs[0])    // the same twice
	for _, h := range hs {
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
	have := func(n int) {
		t.Helper()
		if got := objects(t) - before; got != n {
			t.Fatalf("%d objects, want %d", got, n)
		}
	}
	have(4)
	in := mustGet(t, r, text(9, 1))
	have(4)
	h, err := arena.Attach(refs[0])
	if err != nil || binary.LittleEndian.Uint64(payloadBytes(h.Payload(), 16)) != 1 {
		t.Fatal(err)
	}
	_ = h.Close()
	in.Release()
	have(4)
	mustGet(t, r, text(3000, 2)).Release()
	have(1)
	if arena.Held(refs[1]) || !arena.Held(refs[0]) {
		t.Error("the wrong one")
	}
	in = mustGet(t, r, text(0, 3))
	have(1)
	in.Release()
	have(0)
}

// TestKeptByTheRest: a ring that goes with items in it frees what they refer to, also queues in queues, to any depth.
func TestKeptByTheRest(t *testing.T) {
	flat(t)
	before := objects(t)
	outer := newRing(t, 10, 512)
	in := outer
	const depth = 300
	for range depth {
		next := newRing(t, 10, 512)
		h := object(t, 1)
		mustPut(t, next, text(1000, 1), h.Ref()) // a large item: an object more
		mustPut(t, in, text(5, 1), next.Handle().Ref(), h.Ref())
		_ = h.Close()
		if in != outer {
			if err := in.Detach(); err != nil {
				t.Fatal(err)
			}
		}
		in = next
	}
	if err := in.Detach(); err != nil {
		t.Fatal(err)
	}
	if got := objects(t) - before; got != 1+3*depth {
		t.Errorf("%d objects", got)
	}
	if err := outer.Detach(); err != nil {
		t.Fatal(err)
	}
	if got := objects(t) - before; got != 0 {
		t.Errorf("%d objects left", got)
	}
}

// TestFreedWhenLarger: a ring that crosses the border of the arena's mappings is read to its end when it goes.
func TestFreedWhenLarger(t *testing.T) {
	flat(t)
	before := objects(t)
	r := newRing(t, 10, arena.WindowSize)
	h := object(t, 1)
	r.startAt(arena.WindowSize/unit-4, 5)
	for range 3 { // at the end of the data, over it, and at its beginning
		mustPut(t, r, text(1, 1), h.Ref())
	}
	ref := h.Ref()
	_ = h.Close()
	if !arena.Held(ref) {
		t.Fatal("not kept")
	}
	if err := r.Detach(); err != nil {
		t.Fatal(err)
	}
	if got := objects(t); got > before {
		t.Errorf("%d objects, %d before", got, before)
	}
}

// TestStaleReference: an item can't be put with a reference to what its sender does not have, and nothing of it remains.
func TestStaleReference(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 4096)
	good, bad := object(t, 1), object(t, 2)
	gone := bad.Ref()
	_ = bad.Close()
	defer good.Close()
	for range 3 {
		if err := r.TryPut(&Item{Data: text(5, 1), Refs: []arena.Ref{good.Ref(), gone}}); !errors.Is(err, errs.ErrStale) || errors.Is(err, errs.ErrClosed) {
			t.Fatal(err)
		}
	}
	if n := atomic.LoadUint64(r.a.u64(offIntent)); n != 0 || r.Len() != 0 {
		t.Errorf("intent %d, %d items", n, r.Len())
	}
	mustPut(t, r, text(5, 2), good.Ref())
	mustGet(t, r, text(5, 2)).Release()
}

// TestTooManyReferences: more references than the ring can carry are an error at once, not a wait for room that never comes.
func TestTooManyReferences(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 512)
	h := object(t, 1)
	defer h.Close()
	refs := make([]arena.Ref, 64)
	for i := range refs {
		refs[i] = h.Ref()
	}
	for _, c := range []struct {
		refs, bytes int
		ok          bool
	}{{15, 0, true}, {14, 8, true}, {14, 1000, true}, {15, 1, false}, {16, 0, false}, {64, 0, false}, {64, 9, false}} {
		err := r.TryPut(&Item{Kind: 1, Data: text(c.bytes, 1), Refs: refs[:c.refs]})
		if (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "more memory") {
			t.Errorf("%+v: %v", c, err)
		}
		if n, err := r.PutSome(1, func(int) *Item { return &Item{Kind: 1, Refs: refs[:c.refs]} }); n == 1 && c.refs > 15 || err != nil {
			t.Errorf("%+v: %d, %v", c, n, err)
		}
		for r.Len() > 0 {
			var o Out
			if err := r.TryGet(&o); err != nil {
				t.Fatal(err)
			}
			o.drop()
		}
	}
}

// TestManyItemsOneObject: any number of items may refer to one object, which lives until the last of them has been taken.
func TestManyItemsOneObject(t *testing.T) {
	flat(t)
	r := newRing(t, 10_000, 1<<20)
	h := object(t, 1)
	ref := h.Ref()
	const n = 9_999
	for i := range n {
		if err := r.TryPut(&Item{Data: text(3, i), Refs: []arena.Ref{ref}}); err != nil {
			t.Fatal(i, err)
		}
	}
	mustPut(t, r, text(1, 1))
	_ = h.Close()
	for range n {
		if !arena.Held(ref) {
			t.Fatal("gone early")
		}
		var o Out
		if err := r.TryGet(&o); err != nil {
			t.Fatal(err)
		}
		o.Inbox.Release()
	}
	if arena.Held(ref) {
		t.Error("still there")
	}
	mustGet(t, r, text(1, 1))
}

// intend leaves a ring as a producer does that is killed with the references of an item kept, and the item not committed.
func intend(t testing.TB, r *Ring, refs ...arena.Ref) {
	t.Helper()
	tail := r.a.tail()
	data := text(7, 7)
	at := tail.pos() * unit
	r.copyIn(r.copyRefs(at+unit, refs), data)
	r.a.storeHeader(r.data, at&r.mask, header{uint32(8 + 16*len(refs) + len(data)), 1, hasRefs, uint16(tail.items())})
	atomic.StoreUint64(r.a.u64(offIntent), tail.items()+1)
	if err := arena.Keep(refs, r.h, uint32(tail.items())); err != nil {
		t.Fatal(err)
	}
}

// TestAbandoned: what a dead producer has kept goes with the next item that is put, and with the ring; what an item before it keeps stays.
func TestAbandoned(t *testing.T) {
	for _, how := range []string{"put", "detach", "empty"} {
		t.Run(how, func(t *testing.T) {
			flat(t)
			r := newRing(t, 10, 4096)
			before := objects(t)
			shared, only := object(t, 1), object(t, 2)
			if how != "empty" {
				mustPut(t, r, text(4, 1), shared.Ref())
			}
			intend(t, r, shared.Ref(), only.Ref(), shared.Ref())
			a, b := shared.Ref(), only.Ref()
			_, _ = shared.Close(), only.Close()
			if arena.Held(a) != (how != "empty") || arena.Held(b) {
				t.Fatal("what an item keeps:", arena.Held(a), "what none keeps:", arena.Held(b))
			}
			switch how {
			case "put":
				mustPut(t, r, text(5, 2))
				if !arena.Held(a) || arena.Held(b) {
					t.Fatal("what an item keeps:", arena.Held(a), "what none keeps:", arena.Held(b))
				}
				mustGet(t, r, text(4, 1)).Release()
				mustGet(t, r, text(5, 2))
			default:
				if err := r.Detach(); err != nil {
					t.Fatal(err)
				}
				before--
			}
			if got := objects(t) - before; got != 0 {
				t.Errorf("%d objects left", got)
			}
		})
	}
}

// TestAbandonedNote: a producer that is killed after its commit leaves only the note.
func TestAbandonedNote(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 4096)
	h := object(t, 1)
	mustPut(t, r, text(4, 1), h.Ref())
	ref := h.Ref()
	_ = h.Close()
	atomic.StoreUint64(r.a.u64(offIntent), 1) // of item 0, which is in
	mustPut(t, r, text(4, 2))
	if !arena.Held(ref) || atomic.LoadUint64(r.a.u64(offIntent)) != 0 {
		t.Error("dropped what an item keeps")
	}
	mustGet(t, r, text(4, 1)).Release()
	mustGet(t, r, text(4, 2))
}
