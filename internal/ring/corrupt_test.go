//go:build linux

package ring

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// all is a ring's whole payload.
func all(r *Ring) []byte { return unsafe.Slice((*byte)(r.h.Payload()), r.h.Size()) }

// use calls everything once, without waiting for long.
func use(r *Ring, which int, refs []arena.Ref) {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Microsecond)
	defer cancel()
	var outs [3]Out
	switch which % 12 {
	case 0:
		_ = r.TryPut(&Item{Data: text(which, 1)})
	case 1:
		_ = r.TryPut(&Item{Data: text(which, 1), Refs: refs})
	case 2:
		_ = r.TryPut(&Item{Data: text(2000+which, 1), Refs: refs[:1]})
	case 3:
		_ = r.Put(ctx, &Item{Data: text(which, 1), Refs: refs[1:]})
	case 4, 5:
		_ = r.TryGet(&outs[0])
	case 6:
		_ = r.Get(ctx, &outs[0])
	case 7:
		_ = r.TryGet(&Out{Data: make([]byte, which), Exact: true})
	case 8:
		_, _ = r.GetSome(3, func(i int) *Out { return &outs[i] })
	case 9:
		_, _ = r.PutSome(3, func(int) *Item { return &Item{Data: text(which, 2), Refs: refs[:which%3]} })
	case 10:
		_ = r.WaitReadable(ctx)
	case 11:
		head, tail := r.Places()
		r.Between(head, tail)
		_, _ = r.Ready()
		_, _ = r.Waiting()
		_, _ = r.Busy()
		r.Len()
	}
	for i := range outs {
		outs[i].drop()
	}
}

// swept fails the test when it leaves objects that a sweep does not free, or the collector does.
func swept(t testing.TB) {
	before := objects(t)
	t.Cleanup(func() {
		testproc.Start(t).Bury() // a death makes everybody sweep
		testproc.Eventually(t, "only the objects of before", func() bool {
			runtime.GC()
			return objects(t) <= before
		})
	})
}

func scribbled(t testing.TB) (r *Ring, refs []arena.Ref) {
	r = newRing(t, 6, 512)
	t.Cleanup(func() { unlock(r) })
	for i := range 3 {
		h := object(t, i)
		t.Cleanup(func() { _ = h.Close() })
		refs = append(refs, h.Ref())
	}
	return r, refs
}

// unlock frees locks whose words name this process, or anybody, by a scribble.
func unlock(r *Ring) {
	if !r.h.Closed() {
		clear(all(r)[offProducer:offIntent])
		clear(all(r)[offConsumer:offTail])
	}
}

// FuzzScribbled uses a ring whose memory a peer overwrites between any two steps. Whatever the bytes are, there is an answer, in time.
func FuzzScribbled(f *testing.F) {
	swept(f)
	for off := 0; off < offData; off += 8 {
		f.Add([]byte{1, 2, 0, 0xff, byte(off >> 3), 0xff, 4, 8, 3, 1, 6, 9, 11})
		f.Add([]byte{1, 0, 2, 0xfe, byte(off >> 3), 1, 1, 4, 8, 3, 2, 6, 9, 11})
	}
	for rec := byte(0); rec < 24; rec++ {
		f.Add([]byte{1, 2, 1, 0xff, 48 + rec, 0xff, 4, 4, 4, 1, 1})
		f.Add([]byte{1, 2, 1, 0xfe, 48 + rec, 0x7f, 4, 4, 4, 1, 1})
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 200 {
			return
		}
		defer func(p time.Duration) { patience = p }(patience)
		patience = 100 * time.Microsecond
		testproc.Finish(t, "a ring that is scribbled over", func() {
			r, refs := scribbled(t)
			for len(steps) > 0 {
				s := steps[0]
				steps = steps[1:]
				if s < 0xfd || len(steps) < 2 {
					use(r, int(s), refs)
					continue
				}
				word := all(r)[int(steps[0])*8%(len(all(r))-7):][:8]
				v := steps[1]
				steps = steps[2:]
				switch s {
				case 0xff: // all bytes
					binary.LittleEndian.PutUint64(word, uint64(v)*0x0101010101010101)
				case 0xfe: // a number, more or less
					binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)+uint64(int64(int8(v))))
				case 0xfd: // one bit
					binary.LittleEndian.PutUint64(word, binary.LittleEndian.Uint64(word)^1<<(v%64))
				}
			}
		})
	})
}

// TestScribbledMeanwhile overwrites words while others are inside.
func TestScribbledMeanwhile(t *testing.T) {
	swept(t)
	defer func(p time.Duration) { patience = p }(patience)
	patience = 100 * time.Microsecond
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for round := range rounds {
		r, refs := scribbled(t)
		mem := all(r)
		stop := make(chan struct{})
		var users, peer sync.WaitGroup
		peer.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(round), 7))
			for {
				select {
				case <-stop:
					return
				default:
				}
				at := rnd.IntN(len(mem) / 8)
				if rnd.IntN(2) == 0 {
					at = rnd.IntN(offData/8 + 4)
				}
				v := []uint64{0, 1<<64 - 1, rnd.Uint64(), rnd.Uint64N(1 << 33), uint64(rnd.IntN(64)) << itemBits}[rnd.IntN(5)]
				binary.LittleEndian.PutUint64(mem[at*8:], v)
				if rnd.IntN(4) == 0 {
					time.Sleep(time.Duration(rnd.IntN(50)) * time.Microsecond)
				}
			}
		})
		for g := range 2 {
			users.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(round), uint64(g)))
				for range 100 {
					use(r, rnd.IntN(240), refs)
				}
			})
		}
		testproc.Finish(t, "users of a ring that is scribbled over", users.Wait)
		close(stop)
		peer.Wait()
		unlock(r)
		_ = r.Detach()
		if _, err := Attach(r.Handle().Ref(), kind); err == nil {
			t.Error("attached to a ring that is gone")
		}
	}
}

// TestCorrupt is what is certain to be noticed.
func TestCorrupt(t *testing.T) {
	swept(t)
	for name, c := range map[string]struct {
		spoil    func(r *Ring)
		put, get bool
	}{
		"tail far ahead":        {func(r *Ring) { r.a.setTail(r.a.tail().past(1 << 20)) }, true, true},
		"tail behind":           {func(r *Ring) { r.a.setTail(r.a.head().past(posMask)) }, true, true},
		"more items than units": {func(r *Ring) { r.a.setTail(at(r.a.tail().pos(), r.a.tail().items()+5)) }, true, true},
		"more than capacity":    {func(r *Ring) { r.a.setTail(at(r.a.tail().pos()+50, r.a.tail().items()+40)) }, true, true},
		"head far behind":       {func(r *Ring) { r.a.setHead(at(r.a.head().pos()-200, r.a.head().items())) }, true, true},
		"a long item":           {func(r *Ring) { binary.LittleEndian.PutUint32(r.data, 400) }, false, true},
		"a very long item":      {func(r *Ring) { binary.LittleEndian.PutUint32(r.data, 1<<32-1) }, false, true},
		"another item":          {func(r *Ring) { binary.LittleEndian.PutUint16(r.data[6:], 9) }, false, true},
		"too many references":   {func(r *Ring) { r.data[5] = hasRefs; binary.LittleEndian.PutUint64(r.data[8:], 9) }, false, true},
		"endless references":    {func(r *Ring) { r.data[5] = hasRefs; binary.LittleEndian.PutUint64(r.data[8:], 1<<60) }, false, true},
		"no contents":           {func(r *Ring) { r.data[5] = hasRefs | hasSpill; binary.LittleEndian.PutUint64(r.data[8:], 0) }, false, true},
		"contents that are gone": {func(r *Ring) {
			r.data[5] = hasRefs | hasSpill
			clear(r.data[8:32])
			r.data[8] = 1
		}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRing(t, 6, 512)
			mustPut(t, r, text(30, 1))
			c.spoil(r)
			fresh := another(t, r) // whose producer remembers nothing
			if err := fresh.TryGet(&Out{}); c.get && !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("get: %v", err)
			}
			if err := fresh.TryPut(&Item{}); c.put != errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("put: %v", err)
			}
		})
	}
	// Fixed words are looked at by Attach.
	for name, spoil := range map[string]func(r *Ring){
		"magic":                 func(r *Ring) { *r.a.u32(offMagic)++ },
		"no capacity":           func(r *Ring) { *r.a.u32(offCapacity) = 0 },
		"too much capacity":     func(r *Ring) { *r.a.u32(offCapacity) = MaxCapacity + 1 },
		"another size":          func(r *Ring) { *r.a.u64(offBytes) = 1024 },
		"a size that is no 2^n": func(r *Ring) { *r.a.u64(offBytes) = 511 },
		"a huge size":           func(r *Ring) { *r.a.u64(offBytes) = 1 << 63 },
	} {
		r := newRing(t, 6, 512)
		spoil(r)
		if _, err := Attach(r.Handle().Ref(), kind); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A peer's idea of how long to spin has a bound.
	r := newRing(t, 6, 512)
	*r.a.u32(offSpin) = 1<<32 - 1
	if other := another(t, r); other.spin != maxSpin {
		t.Error(other.spin)
	}
}

// TestScribbledAndFreed frees rings whose memory is scribbled over: what they kept may be lost, nothing else is touched.
func TestScribbledAndFreed(t *testing.T) {
	swept(t)
	bystander := newRing(t, 6, 512)
	h := object(t, 5)
	mustPut(t, bystander, text(3, 1), h.Ref())
	kept := h.Ref()
	_ = h.Close()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		r, refs := scribbled(t)
		mustPut(t, r, text(3, 1), refs...)
		mustPut(t, r, text(900, 1), refs[0])
		mem := all(r)
		for range 1 + rnd.IntN(4) {
			at := rnd.IntN(len(mem) / 8)
			if rnd.IntN(2) == 0 {
				at = []int{offBytes, offTail, offHead, offIntent, offData, offData + 8, offData + 16}[rnd.IntN(7)] / 8
			}
			binary.LittleEndian.PutUint64(mem[at*8:], []uint64{0, 1<<64 - 1, rnd.Uint64(), 1, 3, kept.Off}[rnd.IntN(6)])
		}
		unlock(r)
		_ = r.Detach()
		if !arena.Held(kept) {
			t.Fatal("the object of another ring is gone")
		}
	}
	mustGet(t, bystander, text(3, 1)).Release()
}
