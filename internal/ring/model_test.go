//go:build linux

package ring

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// modelled is an item of the model: a slice is the queue.
type modelled struct {
	data    []byte
	refs    []int // indices of objects
	kind    uint8
	spilled arena.Ref // the object that has the contents; zero: none
}

// TestModel does random things with a ring through two handles, and with a slice, and compares. Full is not modelled by bytes: the ring says when it is, and must not
// when it is empty, nor take more than its capacity.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 12).Draw(t, "capacity")
		size := rapid.SampledFrom([]uint64{512, 1024, 4096}).Draw(t, "bytes")
		a, err := New(Spec{Kind: kind, Capacity: capacity, Bytes: size, Spin: time.Microsecond})
		if err != nil {
			t.Fatal(err)
		}
		b, err := Attach(a.Handle().Ref(), kind)
		if err != nil {
			t.Fatal(err)
		}
		a.startAt(rapid.SampledFrom([]uint64{0, 3, posMask - 50}).Draw(t, "position"), rapid.SampledFrom([]uint64{0, itemMask - 7, 1<<23 - 5}).Draw(t, "number"))
		handles := []*Ring{a, b}
		var model []modelled
		var objs []*arena.Handle
		closed := false
		for i := range 4 {
			h, err := arena.New(arena.Spec{Kind: 1, Size: uint64(8 * i)})
			if err != nil {
				t.Fatal(err)
			}
			objs = append(objs, h)
		}
		var freed []arena.Ref
		seq := 0
		drawItem := func(t *rapid.T) (m modelled, it *Item, large bool) {
			n := rapid.OneOf(rapid.IntRange(0, 40), rapid.IntRange(0, int(size)), rapid.IntRange(int(size)/2-40, int(size)/2+8)).Draw(t, "size")
			m = modelled{kind: uint8(rapid.SampledFrom([]int{0, 1, 7, KindRaw}).Draw(t, "kind"))}
			m.refs = rapid.SliceOfN(rapid.IntRange(0, len(objs)-1), 0, 4).Draw(t, "refs")
			seq++
			m.data = text(n, seq)
			it = &Item{Kind: m.kind, Data: m.data}
			for _, i := range m.refs {
				it.Refs = append(it.Refs, objs[i].Ref())
			}
			room := size/2 - 8
			if len(m.refs) > 0 {
				room -= 8 + 16*uint64(len(m.refs))
			}
			return m, it, uint64(n) > room
		}
		putErr := func(t *rapid.T, err error, m modelled, large bool) {
			switch {
			case closed:
				if err != errs.ErrClosed {
					t.Fatalf("put into a closed ring: %v", err)
				}
			case err == nil:
				if large {
					last := a.a.tail().items() - 1
					a.left(func(item uint32, ref arena.Ref) {
						if item == uint32(last&itemMask) && m.spilled == (arena.Ref{}) {
							m.spilled = ref
						}
					})
				}
				model = append(model, m)
				if len(model) > capacity {
					t.Fatalf("%d items in a ring for %d", len(model), capacity)
				}
			case len(model) == 0 || err != ErrFull && !errors.Is(err, context.DeadlineExceeded):
				t.Fatalf("put behind %d: %v", len(model), err)
			}
		}
		took := func(t *rapid.T, o *Out) {
			m := model[0]
			model = model[1:]
			if !bytes.Equal(o.Data, m.data) || o.Kind != m.kind {
				t.Fatalf("%d bytes of kind %d, want %d of %d", len(o.Data), o.Kind, len(m.data), m.kind)
			}
			if (o.Inbox != nil) != (m.spilled != (arena.Ref{}) || len(m.refs) > 0) {
				t.Fatalf("inbox %v", o.Inbox)
			}
			o.drop()
			if m.spilled != (arena.Ref{}) {
				freed = append(freed, m.spilled)
			}
		}
		empty := func(t *rapid.T, err error) {
			want := ErrEmpty
			if closed {
				want = errs.ErrClosed
			}
			if len(model) > 0 || err != want && !(want == ErrEmpty && errors.Is(err, context.DeadlineExceeded)) {
				t.Fatalf("get from %d: %v", len(model), err)
			}
		}
		pick := func(t *rapid.T) *Ring { return handles[rapid.IntRange(0, 1).Draw(t, "handle")] }
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				m, it, large := drawItem(t)
				putErr(t, pick(t).TryPut(it), m, large)
			},
			"put and wait": func(t *rapid.T) {
				m, it, large := drawItem(t)
				ctx, cancel := context.WithTimeout(context.Background(), time.Microsecond)
				if len(model) == 0 || closed {
					cancel()
					ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
				}
				defer cancel()
				putErr(t, pick(t).Put(ctx, it), m, large)
			},
			"put some": func(t *rapid.T) {
				n := rapid.IntRange(0, 5).Draw(t, "n")
				var ms []modelled
				var its []*Item
				var larges []bool
				for range n {
					m, it, large := drawItem(t)
					ms, its, larges = append(ms, m), append(its, it), append(larges, large)
				}
				done, err := pick(t).PutSome(n, func(i int) *Item { return its[i] })
				if closed && n > 0 && !larges[0] {
					if done != 0 || err != errs.ErrClosed {
						t.Fatal(done, err)
					}
					return
				}
				for i := range done {
					if larges[i] {
						t.Fatal("a large item in a batch")
					}
					putErr(t, nil, ms[i], false)
				}
				if err != nil && (done > 0 || err != ErrFull || len(model) == 0) {
					t.Fatal(done, err)
				}
				if err == nil && done < n && !larges[done] && len(model) == 0 {
					t.Fatal("stopped early")
				}
			},
			"get": func(t *rapid.T) {
				o := Out{Data: make([]byte, 0, rapid.IntRange(0, 100).Draw(t, "room"))}
				o.Raw = len(model) > 0 && model[0].kind == KindRaw
				if err := pick(t).TryGet(&o); err != nil {
					empty(t, err)
					return
				}
				took(t, &o)
			},
			"get and wait": func(t *rapid.T) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Microsecond)
				if len(model) > 0 || closed {
					cancel()
					ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
				}
				defer cancel()
				o := Out{Raw: len(model) > 0 && model[0].kind == KindRaw}
				if err := pick(t).Get(ctx, &o); err != nil {
					empty(t, err)
					return
				}
				took(t, &o)
			},
			"get of the wrong size": func(t *rapid.T) {
				o := Out{Data: make([]byte, rapid.IntRange(0, 100).Draw(t, "room")), Fit: true}
				o.Raw = len(model) > 0 && model[0].kind == KindRaw
				err := pick(t).TryGet(&o)
				var size *SizeError
				switch {
				case errors.As(err, &size):
					if len(model) == 0 || size.Need != len(model[0].data) || size.Have != len(o.Data) || size.Have >= size.Need {
						t.Fatal(err)
					}
				case err != nil:
					empty(t, err)
				default:
					took(t, &o)
				}
			},
			"get of the wrong kind": func(t *rapid.T) {
				if len(model) > 0 {
					if err := pick(t).TryGet(&Out{Raw: model[0].kind != KindRaw}); err != ErrKind {
						t.Fatal(err)
					}
				}
			},
			"get some": func(t *rapid.T) {
				n := rapid.IntRange(1, 5).Draw(t, "n")
				outs := make([]Out, n)
				got, err := pick(t).GetSome(n, func(i int) *Out {
					outs[i].Raw = i < len(model) && model[i].kind == KindRaw
					return &outs[i]
				})
				if want := min(n, len(model)); got != want || (err == nil) != (want > 0) {
					t.Fatal(got, want, err)
				}
				for i := range got {
					took(t, &outs[i])
				}
			},
			"a producer dies": func(t *rapid.T) {
				if len(model) < capacity && !closed && a.room(a.a.tail(), a.a.head(), 12) {
					r := pick(t)
					tail := r.a.tail()
					it := &Item{Data: text(3, 3), Refs: []arena.Ref{objs[0].Ref(), objs[1].Ref()}}
					if err := r.TryPut(it); err != nil {
						t.Fatal(err)
					}
					*r.a.u64(offIntent) = tail.items() + 1
					r.a.setTail(tail)
				}
			},
			"shut": func(t *rapid.T) {
				if rapid.IntRange(0, 30).Draw(t, "luck") == 0 {
					err := pick(t).Shut()
					if (err == nil) == closed {
						t.Fatal(err)
					}
					closed = true
				}
			},
			"": func(t *rapid.T) {
				for _, m := range model {
					if m.spilled != (arena.Ref{}) && !arena.Held(m.spilled) {
						t.Fatal("the contents of an item are gone")
					}
				}
				for _, ref := range freed {
					if arena.Held(ref) {
						t.Fatal("the contents of an item that was taken are kept")
					}
				}
				for _, r := range handles {
					ready, err := r.Ready()
					if r.Len() != len(model) || r.Closed() != closed || err != nil || ready != (len(model) > 0 || closed) {
						t.Fatal(r.Len(), len(model), r.Closed(), closed, ready, err)
					}
				}
			},
		})
		for _, h := range objs {
			freed = append(freed, h.Ref())
			_ = h.Close()
		}
		for _, m := range model {
			freed = append(freed, m.spilled)
		}
		_, _ = a.Detach(), b.Detach()
		for i, ref := range freed {
			if arena.Held(ref) {
				t.Fatal("left:", i, ref)
			}
		}
	})
}
