//go:build linux

package queue_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// An item of these tests says who has put it, and as his how many-th.
type (
	plain struct{ By, N int32 }
	heavy struct {
		By, N int32
		Text  string            // sometimes more than the queue has memory
		V     *shm.Value[int64] // made for the item, holds N
	}
)

type (
	maker[T any]   func(by, n int32) (T, error)
	checker[T any] func(v T) (by, n int32, err error)
)

func makePlain(by, n int32) (plain, error)        { return plain{by, n}, nil }
func checkPlain(v plain) (by, n int32, err error) { return v.By, v.N, nil }
func checkHeavy(h heavy) (by, n int32, err error) {
	v, err := h.V.Load()
	if err == nil && v != int64(h.N) || len(h.Text) != int(h.N)%7*300 {
		err = fmt.Errorf("item %d has %d, and %d bytes of text", h.N, v, len(h.Text))
	}
	return h.By, h.N, errors.Join(err, h.V.Close())
}

func makeHeavy(by, n int32) (heavy, error) {
	v, err := shm.NewValue(int64(n))
	return heavy{by, n, strings.Repeat("x", int(n)%7*300), v}, err
}

// A sheet is what all have done, in shared memory: for each of a producer's items how often it was got, and how many of his Puts have returned.
const (
	producers = 4
	perSheet  = 5000
)

type sheet []uint32

func (s sheet) got(by, n int32) *uint32 { return &s[int(by)*perSheet+int(n)] }
func (s sheet) put(by int32) *uint32    { return &s[producers*perSheet+int(by)] }

func newSheet(t testing.TB) *shm.RawArray[uint32] {
	a := must(shm.NewRawArray[uint32](producers*perSheet + producers))(t)
	t.Cleanup(func() { _ = a.Close() })
	return a
}

func produce[T any](ctx context.Context, q *queue.Queue[T], s sheet, make maker[T], by, n int32) error {
	for i := range n {
		v, err := make(by, i)
		if err != nil {
			return err
		}
		if err := q.Put(ctx, v); err != nil {
			return err
		}
		if h, ok := any(v).(heavy); ok {
			if err := h.V.Close(); err != nil {
				return err
			}
		}
		atomic.StoreUint32(s.put(by), uint32(i)+1)
	}
	return nil
}

// consume takes until the queue is closed. Each producer's items come in order.
func consume[T any](ctx context.Context, q *queue.Queue[T], s sheet, check checker[T]) error {
	var last [producers]int32
	for v, err := range q.All(ctx) {
		if err != nil {
			return err
		}
		by, n, err := check(v)
		if err != nil {
			return err
		}
		if n < last[by] {
			return fmt.Errorf("item %d of producer %d after item %d", n, by, last[by]-1)
		}
		last[by] = n + 1
		atomic.AddUint32(s.got(by, n), 1)
	}
	return nil
}

// opsFor registers what children do with queues of a type.
func opsFor[T any](name string, make maker[T], check checker[T]) {
	withSheet := func(arg string) (sheet, error) {
		a, err := childHas[shm.RawArray[uint32]](arg)
		if err != nil {
			return nil, err
		}
		return a.Slice(), nil
	}
	childOp(name+".produce", func(q *queue.Queue[T], args []string) (string, error) {
		s, err := withSheet(args[0])
		if err != nil {
			return "", err
		}
		return "", produce(context.Background(), q, s, make, int32(argNum(args, 1)), int32(argNum(args, 2)))
	})
	childOp(name+".consume", func(q *queue.Queue[T], args []string) (string, error) {
		s, err := withSheet(args[0])
		if err != nil {
			return "", err
		}
		return "", consume(context.Background(), q, s, check)
	})
}

func init() {
	opsFor("plain", makePlain, checkPlain)
	opsFor("heavy", makeHeavy, checkHeavy)
	testproc.Handle("heavy.leave", func(args []string) (string, error) { // puts one and closes it
		q, err := childHas[queue.Queue[heavy]](args[0])
		if err != nil {
			return "", err
		}
		v, err := makeHeavy(0, int32(argNum(args, 1)))
		if err != nil {
			return "", err
		}
		return "", errors.Join(q.Put(context.Background(), v), v.V.Close())
	})
}

// audit compares what was put with what was got. Each killed producer may have put one item of which it never knew, each killed consumer taken one of which nobody did.
func audit(t testing.TB, s sheet, killedProducers, killedConsumers int) {
	t.Helper()
	unknown, missing := 0, 0
	for by := range int32(producers) {
		put := int32(atomic.LoadUint32(s.put(by)))
		for n := range int32(perSheet) {
			switch got := atomic.LoadUint32(s.got(by, n)); {
			case got > 1:
				t.Errorf("item %d of producer %d was got %d times", n, by, got)
			case got == 1 && n >= put:
				unknown++
			case got == 0 && n < put:
				missing++
			}
		}
	}
	if unknown > killedProducers {
		t.Errorf("%d items were got whose Put has not returned", unknown)
	}
	if missing > killedConsumers {
		t.Errorf("%d items were put and never got", missing)
	}
}

// TestManyProcesses: three processes put, three take, with some goroutines here.
func TestManyProcesses(t *testing.T) {
	t.Run("plain", func(t *testing.T) { manyProcesses(t, "plain", makePlain, checkPlain, perSheet) })
	t.Run("heavy", func(t *testing.T) { manyProcesses(t, "heavy", makeHeavy, checkHeavy, 500) })
}

func manyProcesses[T any](t *testing.T, name string, make maker[T], check checker[T], n int) {
	census(t)
	ctx := bounded(t)
	q := must(queue.New[T](10, queue.WithMemory(2048)))(t)
	s := newSheet(t)
	var puts, gets []*testproc.Call
	for by := range producers - 1 {
		puts = append(puts, testproc.Start(t).Go(name+".produce", wire(t, q), wire(t, s), by, n))
		gets = append(gets, testproc.Start(t).Go(name+".consume", wire(t, q), wire(t, s)))
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := consume(ctx, q, s.Slice(), check); err != nil {
				t.Error(err)
			}
		})
	}
	ok(t, produce(ctx, q, s.Slice(), make, producers-1, int32(n)))
	for _, c := range puts {
		c.Must()
	}
	ok(t, q.Close())
	for _, c := range gets {
		c.Must()
	}
	testproc.Finish(t, "consumers", wg.Wait)
	audit(t, s.Slice(), 0, 0)
	for by := range int32(producers) {
		want(t, fmt.Sprint("put by ", by), *sheet(s.Slice()).put(by), uint32(n))
	}
	ok(t, q.Detach())
}

// TestProducerDies: what it has put, and what that refers to, stays until it is got, and no longer.
func TestProducerDies(t *testing.T) {
	census(t)
	q := must(queue.New[heavy](10, queue.WithMemory(2048)))(t)
	p := testproc.Start(t)
	for n := range 8 {
		p.Must("heavy.leave", wire(t, q), n)
	}
	p.Bury()
	before := objects(t)
	for range 3 {
		testproc.Start(t).Bury() // further deaths, each of which makes everybody sweep
	}
	want(t, "objects after further deaths", objects(t), before)
	for n := range int32(8) {
		_, got, err := checkHeavy(must(q.Get(bounded(t)))(t))
		ok(t, err)
		want(t, "item", got, n)
	}
	testproc.Eventually(t, "the queue alone", func() bool { return objects(t) <= before-8 })
	ok(t, q.Detach())
}

// TestQueueOutlivesItsMaker: a queue lives as long as somebody has a handle, or an item refers to it.
func TestQueueOutlivesItsMaker(t *testing.T) {
	census(t)
	q := must(queue.New[*queue.Queue[string]](1))(t)
	p := testproc.Start(t)
	p.Must("queue.give", wire(t, q), "hello")
	p.Bury()
	inner := must(q.Get(bounded(t)))(t)
	want(t, "item", must(inner.Get(bounded(t)))(t), "hello")
	ok(t, inner.Detach())
	ok(t, q.Detach())
}

func init() {
	childOp("queue.give", func(q *queue.Queue[*queue.Queue[string]], args []string) (string, error) {
		inner, err := queue.New[string](3)
		if err != nil {
			return "", err
		}
		ctx := context.Background()
		return "", errors.Join(inner.Put(ctx, args[0]), q.Put(ctx, inner))
	})
	testproc.Handle("mismatch", func(args []string) (string, error) {
		data, err := hex.DecodeString(args[0])
		if err != nil {
			return "", err
		}
		return "", new(queue.Queue[float64]).UnmarshalCBOR(data)
	})
}

func TestTypeMismatchElsewhere(t *testing.T) {
	q := must(queue.New[int](1))(t)
	defer q.Detach()
	_, err := testproc.Start(t).Call("mismatch", wire(t, q))
	if err == nil || !strings.Contains(err.Error(), "carries int64, and was attached as one of float64") {
		t.Error(err)
	}
}

// TestStaleHandle: a handle that arrives when the queue is gone.
func TestStaleHandle(t *testing.T) {
	for _, q := range []interface {
		cbor.Marshaler
		Detach() error
	}{must(queue.New[int](1))(t), must(queue.NewJoinable[int](1))(t)} {
		data := must(q.MarshalCBOR())(t)
		ok(t, q.Detach())
		var a queue.Queue[int]
		var b queue.JoinableQueue[int]
		err := a.UnmarshalCBOR(data)
		if errors.Is(err, queue.ErrWrongType) {
			err = b.UnmarshalCBOR(data)
		}
		wantErr(t, "attach", err, queue.ErrStale)
	}
}
