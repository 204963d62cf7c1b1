//go:build linux

package ring

import (
	"fmt"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// TestLayout holds the numbers of the table in layout_unsafe.go: peers of another build read the same bytes.
func TestLayout(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"magic":           {offMagic, 0},
		"capacity":        {offCapacity, 4},
		"bytes":           {offBytes, 8},
		"closed":          {offClosed, 16},
		"ends":            {offEnds, 20},
		"spin":            {offSpin, 24},
		"producers' lock": {offProducer, 64},
		"intent":          {offIntent, 96},
		"consumers' lock": {offConsumer, 128},
		"tail":            {offTail, 192},
		"getters' bell":   {offGetBell, 200},
		"head":            {offHead, 256},
		"putters' bell":   {offPutBell, 264},
		"extra":           {offExtra, 320},
		"data":            {offData, 384},
		"magic word":      {magic, 'M' | 'P'<<8 | 'R'<<16 | 'G'<<24},
		"items":           {itemMask, 1<<28 - 1},
		"positions":       {posMask, 1<<36 - 1},
		"a place":         {uint64(at(3, 5)), 3<<28 | 5},
		"references":      {hasRefs, 1},
		"large":           {hasSpill, 2},
		"asleep":          {asleep, 1},
		"a step":          {bellStep, 2},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %#x, want %#x", what, v[0], v[1])
		}
	}
	if offIntent < offProducer+robust.Size || offTail < offConsumer+robust.Size {
		t.Error("the locks have too little room")
	}
	if MaxCapacity*2+1 > 1<<arena.KeptBits-1 {
		t.Error("a kept cell can't tell the items of a full ring from others")
	}
}

// TestBytes reads a ring as the table describes it.
func TestBytes(t *testing.T) {
	r := newRing(t, 9, 64<<10)
	p := r.h.Payload()
	u8 := func(off uintptr) uint8 { return *(*uint8)(unsafe.Add(p, off)) }
	u16 := func(off uintptr) uint16 { return *(*uint16)(unsafe.Add(p, off)) }
	u32 := func(off uintptr) uint32 { return *(*uint32)(unsafe.Add(p, off)) }
	u64 := func(off uintptr) uint64 { return *(*uint64)(unsafe.Add(p, off)) }
	if uintptr(p)%64 != 0 {
		t.Errorf("a large ring is at %p", p)
	}
	if u32(0) != 0x4752504d || u32(4) != 9 || u64(8) != 64<<10 || u32(16) != 0 || u32(20) != 0 || u32(24) != 0 || u64(192) != 0 || u64(256) != 0 {
		t.Errorf("% x", unsafe.Slice((*byte)(p), 384))
	}
	if unsafe.Pointer(r.producer.Word()) != unsafe.Add(p, 64) || unsafe.Pointer(r.consumer.Word()) != unsafe.Add(p, 128) || unsafe.Pointer(&r.data[0]) != unsafe.Add(p, 384) {
		t.Error("locks or data at another place")
	}
	if unsafe.Pointer(r.Extra()) != unsafe.Add(p, 320) {
		t.Error("the extra word is at another place")
	}

	r.startAt(0, 0x12345)
	mustPut(t, r, []byte("hello"))
	if u64(192) != 2<<28|0x12346 || u64(256) != 0x12345 || u64(96) != 0 {
		t.Errorf("tail %#x, head %#x, intent %d", u64(192), u64(256), u64(96))
	}
	if u32(384) != 5 || u8(388) != 1 || u8(389) != 0 || u16(390) != 0x2345 || u8(392) != 'h' || u8(396) != 'o' {
		t.Errorf("record % x", unsafe.Slice((*byte)(unsafe.Add(p, 384)), 16))
	}
	h := object(t, 1)
	defer h.Close()
	mustPut(t, r, []byte("x"), h.Ref())
	if u32(400) != 8+16+1 || u8(405) != 1 || u64(408) != 1 || u64(416) != h.Ref().Off || u64(424) != h.Ref().Serial || u8(432) != 'x' {
		t.Errorf("record with a reference % x", unsafe.Slice((*byte)(unsafe.Add(p, 400)), 40))
	}
	mustPut(t, r, make([]byte, 40_000))
	if u32(440) != 8+16 || u8(445) != 3 || u64(448) != 1 {
		t.Errorf("record of a large item % x", unsafe.Slice((*byte)(unsafe.Add(p, 440)), 32))
	}
	r.flag(offGetBell)
	r.EndClosed()
	if u32(200) != 3 || u32(264) != 2 || u32(20) != 1 || r.Ends() != 1 {
		t.Errorf("bells %d and %d, ends %d", u32(200), u32(264), u32(20))
	}
	r.ring(offGetBell)
	r.ring(offPutBell)
	if u32(200) != 4 || u32(264) != 2 {
		t.Errorf("bells %d and %d", u32(200), u32(264))
	}
	if err := r.Shut(); err != nil || u32(16) != 1 {
		t.Error(err, u32(16))
	}
	for range 3 {
		var o Out
		if err := r.TryGet(&o); err != nil {
			t.Fatal(err)
		}
		o.drop()
	}
}

func TestPlaces(t *testing.T) {
	for _, c := range []struct{ pos, items, units, wantPos, wantItems uint64 }{
		{0, 0, 1, 1, 1}, {posMask, 7, 1, 0, 8}, {posMask - 1, itemMask, 5, 3, 0}, {5, itemMask, 1, 6, 0}, {posMask, itemMask, 1, 0, 0},
	} {
		p := at(c.pos, c.items).past(c.units)
		if p.pos() != c.wantPos || p.items() != c.wantItems {
			t.Errorf("%+v: %d, %d", c, p.pos(), p.items())
		}
	}
}

// TestNearTheWrap uses rings whose positions or numbers of items are about to start over: of 36 and 28 bits, of the 23 in a kept cell, of the 16 in a record, of the 32 of a
// kept item's number.
func TestNearTheWrap(t *testing.T) {
	for _, start := range []struct{ pos, items uint64 }{
		{posMask - 30, 0}, {0, itemMask - 10}, {posMask - 30, itemMask - 10}, {posMask, itemMask}, {17, 1<<23 - 10}, {17, 1<<16 - 10}, {17, 1<<24 - 10}, {posMask - 300, 1<<23 - 1},
	} {
		t.Run(fmt.Sprint(start), func(t *testing.T) {
			flat(t)
			r := newRing(t, 5, 512)
			r.startAt(start.pos, start.items)
			other := another(t, r)
			before := objects(t)
			for lap := range 30 {
				want := [][]byte{text(8, lap), text(0, 0), text(lap*5, lap), text(2000, lap), text(3, lap)}
				n := 0
				for i, b := range want {
					h := object(t, lap)
					err := []*Ring{r, other}[i%2].TryPut(&Item{Kind: 1, Data: b, Refs: []arena.Ref{h.Ref()}})
					_ = h.Close()
					if err != nil {
						t.Fatal(err)
					}
					n++
					if r.Len() != n || other.Len() != n {
						t.Fatalf("%d items, want %d", r.Len(), n)
					}
				}
				if err := r.TryPut(&Item{}); err != ErrFull {
					t.Fatal(err)
				}
				if got := objects(t) - before; got != len(want)+1 {
					t.Fatalf("%d objects kept by %d items", got, len(want))
				}
				for i, b := range want {
					mustGet(t, []*Ring{other, r}[i%2], b).Release()
				}
				if got := objects(t) - before; got != 0 {
					t.Fatalf("%d objects left", got)
				}
			}
		})
	}
}

// TestLargest: no record is longer than its header can say, however large the ring.
func TestLargest(t *testing.T) {
	small := newRing(t, 1, 512)
	for _, size := range []uint64{minBytes, 1 << 20, 1 << 32, 1 << 33, maxBytes} {
		r := &Ring{data: unsafe.Slice(&small.data[0], size)} // never touched
		for _, refs := range []int{0, 1, 14, 15, 1000} {
			n, ok := r.largest(refs)
			length := n
			if refs > 0 {
				length += 8 + 16*uint64(refs)
			}
			if want := uint64(refs) <= (size/2-16)/16 || refs == 0; ok != want {
				t.Errorf("%d references in %d bytes: %v", refs, size, ok)
			}
			if ok && (length >= 1<<32 || length > size/2-8) {
				t.Errorf("%d references and %d bytes in a ring of %d", refs, n, size)
			}
		}
	}
}

// TestBellWraps: the count in a bell starts over without touching the bit.
func TestBellWraps(t *testing.T) {
	r := newRing(t, 1, 512)
	atomic.StoreUint32(r.a.u32(offGetBell), 1<<32-1)
	r.ring(offGetBell)
	if v := atomic.LoadUint32(r.a.u32(offGetBell)); v != 0 {
		t.Errorf("%#x", v)
	}
}
