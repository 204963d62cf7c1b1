//go:build linux

package arena

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// TestKeptCell holds the bits of the table in header_unsafe.go.
func TestKeptCell(t *testing.T) {
	for _, c := range []struct {
		keeper uint64
		item   uint32
		want   uint64
	}{
		{0x120, 0, 0x12<<26 | 3}, {0x120, 5, 0x12<<26 | 5<<3 | 3}, {0x120, 1<<23 + 5, 0x12<<26 | 5<<3 | 3}, {1<<42 - 16, 1<<23 - 1, 1<<64 - 1 - 7 + 3},
	} {
		if got := kept(c.keeper, c.item); got != c.want {
			t.Errorf("keeper %#x, item %d: %#x, want %#x", c.keeper, c.item, got, c.want)
		}
	}
	if family.FileSize > 1<<42 || keptMask != 1<<23-1 {
		t.Error("a keeper's offset has no room in a cell")
	}
}

// TestWindow: a cell counts while its item is there, or about to be; numbers wrap.
func TestWindow(t *testing.T) {
	p := here(t)
	s := newShelf(t, 0)
	for _, c := range []struct {
		first, end, item uint32
		want             bool
	}{
		{0, 0, 0, true}, {0, 0, 1, false}, {0, 3, 2, true}, {0, 3, 3, true}, {0, 3, 4, false}, {5, 7, 4, false}, {5, 7, 5, true},
		{1<<23 - 2, 1<<23 + 2, 1<<23 - 2, true}, {1<<23 - 2, 1<<23 + 2, 1<<23 - 3, false}, {1<<23 - 2, 1<<23 + 2, 1, true}, {1<<23 - 2, 1<<23 + 2, 2, true}, {1<<23 - 2, 1<<23 + 2, 3, false},
		{1<<32 - 2, 1, 1<<32 - 1, true}, {1<<32 - 2, 1, 0, true}, {1<<32 - 2, 1, 1, true}, {1<<32 - 2, 1, 2, false}, {1<<32 - 2, 1, 1<<32 - 3, false},
	} {
		atomic.StoreUint32(s.first(), c.first)
		atomic.StoreUint32(s.end(), c.end)
		p.mu.Lock()
		got := p.valid(kept(s.o.ref.Off, c.item))
		p.mu.Unlock()
		if got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// TestKeep: an item is a reason to live from Keep on, as long as it is there, and no longer.
func TestKeep(t *testing.T) {
	stays(t)
	s := newShelf(t, 0)
	for _, size := range []uint64{16, 20_000, 100_000} {
		a, b := made(t, size), made(t, size)
		before := live(t) - 2
		if err := s.put(a.Ref()); err != nil {
			t.Fatal(err)
		}
		if err := s.put(a.Ref()); err != nil {
			t.Fatal(err)
		}
		if err := s.put(b.Ref()); err != nil {
			t.Fatal(err)
		}
		closeAll(a, b)
		if live(t) != before+2 || !Held(a.o.ref) || !Held(b.o.ref) {
			t.Fatal("what items refer to is gone")
		}
		if ref, in := s.take(); ref != a.o.ref || len(in.handles) != 1 {
			t.Fatal(ref)
		} else {
			in.Release()
		}
		if !Held(a.o.ref) {
			t.Fatal("a second item refers to it")
		}
		_, in := s.take()
		if !Held(a.o.ref) {
			t.Fatal("held by who took it")
		}
		in.Release()
		if Held(a.o.ref) || live(t) != before+1 {
			t.Fatal("kept by nothing")
		}
		_, in = s.take()
		in.Release()
		if live(t) != before {
			t.Fatal("kept by nothing")
		}
	}
}

// TestKeepAllOrNone: Keep of what the caller does not hold is an error and keeps nothing else; Unkeep takes back just one.
func TestKeepAllOrNone(t *testing.T) {
	stays(t)
	s := newShelf(t, 0)
	a, gone := made(t, 16), made(t, 16)
	refs := []Ref{a.Ref(), a.Ref(), gone.Ref()}
	closeAll(gone)
	for range 10 {
		if err := Keep(refs, s.Handle, 0); !errors.Is(err, errs.ErrClosed) {
			t.Fatal(err)
		}
	}
	if err := Keep(refs[:2], s.Handle, 0); err != nil {
		t.Fatal(err)
	}
	closeAll(a)
	Unkeep(refs[:1], s.Handle, 0)
	if !Held(refs[0]) {
		t.Fatal("both are gone")
	}
	Unkeep(refs[:1], s.Handle, 1)
	if !Held(refs[0]) {
		t.Fatal("another item's is gone")
	}
	Unkeep(refs[:1], s.Handle, 0)
	if Held(refs[0]) {
		t.Fatal("one was kept more than put")
	}
	Unkeep(refs, s.Handle, 0) // what is not there
	Unkeep(nil, s.Handle, 0)
}

// TestKeptLimit: so many items, and no more, can refer to one object.
func TestKeptLimit(t *testing.T) {
	stays(t)
	s := newShelf(t, 0)
	a := made(t, 16)
	ref := a.Ref()
	n := 0
	for ; n < 10_000; n++ {
		if err := Keep([]Ref{ref}, s.Handle, 0); err != nil {
			break
		}
	}
	if n < maxMore*moreCells || n > maxMore*moreCells+inlineCells {
		t.Errorf("%d", n)
	}
	closeAll(a)
	for range n {
		if !Held(ref) {
			t.Fatal("gone early")
		}
		Unkeep([]Ref{ref}, s.Handle, 0)
	}
	if Held(ref) {
		t.Error("still there")
	}
}

// TestHold leaves out what is gone.
func TestHold(t *testing.T) {
	stays(t)
	a, gone := made(t, 16), made(t, 16)
	refs := []Ref{a.Ref(), gone.Ref(), {Off: 1, Serial: 2}}
	closeAll(gone)
	in := Hold(refs)
	if len(in.handles) != 1 {
		t.Errorf("%d held", len(in.handles))
	}
	closeAll(a)
	if !Held(refs[0]) || Held(refs[1]) || Held(refs[2]) {
		t.Error(Held(refs[0]), Held(refs[1]), Held(refs[2]))
	}
	in.Release()
	if Held(refs[0]) {
		t.Error("held by a released inbox")
	}
	if len(Hold(nil).handles) != 0 {
		t.Error("something of nothing")
	}
}

// TestHolders names those who have a handle or are sent one, the living only, and says when a keeper may make more.
func TestHolders(t *testing.T) {
	stays(t)
	p := here(t)
	a := made(t, 16)
	ref := a.Ref()
	holders := func() (string, bool) {
		var out []string
		others := Holders(ref, func(id family.Ident) { out = append(out, fmt.Sprint(id)) })
		return strings.Join(out, " "), others
	}
	self := fmt.Sprint(p.f.Self())
	if who, others := holders(); who != self || others {
		t.Error(who, others)
	}
	c := testproc.Start(t)
	if err := Send([]Ref{ref}, c.ID); err != nil {
		t.Fatal(err)
	}
	if who, others := holders(); who != self+" "+fmt.Sprint(c.ID) || others {
		t.Error(who, others)
	}
	c.Bury()
	if who, others := holders(); who != self || others {
		t.Error("after a death:", who, others)
	}
	s := newShelf(t, 0)
	if err := s.put(ref); err != nil {
		t.Fatal(err)
	}
	if who, others := holders(); who != self || !others {
		t.Error(who, others)
	}
	closeAll(a)
	if who, others := holders(); who != "" || !others {
		t.Error(who, others)
	}
	closeAll(s.Handle)
	if who, others := holders(); who != "" || others {
		t.Error(who, others)
	}
}
