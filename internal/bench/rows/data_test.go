package rows

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// The rows that carry data tell when it is not the data that was sent: each case below puts something wrong in and wants the receiver's words for it.

func wants(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want one that says %q", err, words)
	}
}

func newQueue[T any](t *testing.T, room int) *queue.Queue[T] {
	t.Helper()
	needWorkers(t)
	q, err := queue.New[T](room)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := done(q); err != nil {
			t.Error(err)
		}
	})
	return q
}

func begun() error { return nil }

func TestSmallItemsAreChecked(t *testing.T) {
	q := newQueue[small](t, 100)
	ctx := t.Context()
	for _, goroutines := range []int{1, 4} {
		if err := putSmall(ctx, q, 40, goroutines); err != nil {
			t.Fatal(err)
		}
		if err := getSmall(ctx, q, 40, goroutines); err != nil {
			t.Error(err)
		}
	}
	_ = putSmall(ctx, q, 2, 1)
	_ = putSmall(ctx, q, 2, 1)
	wants(t, getSmall(ctx, q, 4, 2), "add up to 2, want 6")
	_ = q.Put(ctx, small{0: 7})
	wants(t, getSmall(ctx, q, 1, 1), "item 7 ends in 0")
}

func TestErrandsDoTheSame(t *testing.T) {
	for _, sides := range [][]side[errand[small]]{errands[small](nil, 10, 4), errands[small](nil, 1, 4), errands[small](nil, 100, 1)} {
		put, get := sides[0].task, sides[1].task
		if !put.Put || get.Put || put.N != get.N || put.Warm != get.Warm || put.N%put.Goroutines != 0 || put.N == 0 || put.Warm == 0 {
			t.Errorf("%+v and %+v", put, get)
		}
	}
}

func TestBlocksAreChecked(t *testing.T) {
	q := newQueue[medium](t, 8)
	ctx := t.Context()
	e := errand[medium]{Queue: q, N: 3, Warm: 1}
	putting := e
	putting.Put = true
	for _, step := range []errand[medium]{putting, e} {
		if err := moveBlocks(ctx, step, begun); err != nil {
			t.Fatal(err)
		}
	}
	wrong := new(medium)
	wrong[len(wrong)-1] = 1
	_ = q.PutFrom(ctx, wrong)
	wants(t, moveBlocks(ctx, e, begun), "block 0 begins with 0 and ends with")
}

func TestOrdersAreChecked(t *testing.T) {
	q := newQueue[order](t, 8)
	ctx := t.Context()
	e := errand[order]{Queue: q}
	if err := putOrders(ctx, e, 3); err != nil {
		t.Fatal(err)
	}
	if err := getOrders(ctx, e, 3); err != nil {
		t.Error(err)
	}
	changed := exampleOrder()
	changed.ID = 0
	changed.Amounts["plums"]++
	_ = q.Put(ctx, changed)
	wants(t, getOrders(ctx, e, 1), "the last order is")
	_ = q.Put(ctx, changed)
	_ = q.Put(ctx, changed)
	wants(t, getOrders(ctx, e, 2), "order 1 has the number 0")
}

func TestChannelIsChecked(t *testing.T) {
	needWorkers(t)
	c, end, err := newChannel()
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	both := func(ctx context.Context) error {
		sent := make(chan error)
		go func() { sent <- c.send(ctx, 9) }()
		err := c.receive(ctx, 9)
		if e := <-sent; err == nil {
			err = e
		}
		return err
	}
	if err := both(t.Context()); err != nil {
		t.Error(err)
	}
	_ = c.send(t.Context(), 1)
	_ = c.Array.Set(5, -1)
	wants(t, c.receive(t.Context(), 1), "message 0 are not those sent")
	_ = c.send(t.Context(), 1)
	_ = c.Length.Store(channelSize - 1)
	wants(t, c.receive(t.Context(), 1), "has 9999 numbers")
	_ = c.send(t.Context(), 1)
	_ = c.Length.Store(channelSize + 1)
	wants(t, c.receive(t.Context(), 1), "has 10001 numbers")
}

func TestFramesAreChecked(t *testing.T) {
	var b bytes.Buffer
	if err := writeFrames(&b, 3); err != nil || b.Len() != 3*frameSize {
		t.Fatalf("%d bytes, %v", b.Len(), err)
	}
	whole := b.Bytes()
	if err := readFrames(bytes.NewReader(whole), 3); err != nil {
		t.Error(err)
	}
	wants(t, readFrames(bytes.NewReader(whole[frameSize:]), 2), "item 0 has the number 1")
	wants(t, readFrames(bytes.NewReader(whole[:frameSize+10]), 2), "unexpected EOF")
	wants(t, readFrames(strings.NewReader("\xff\xff\xff\xff"), 1), "item 0 has 4294967295 bytes")
}

func TestTripsAreChecked(t *testing.T) {
	s, err := trips(100, func(*small) error { return nil })
	if err != nil || len(s.Waits) != 100 {
		t.Errorf("%d trips noted, %v", len(s.Waits), err)
	}
	_, err = trips(100, func(ball *small) error { ball[63]++; return nil })
	wants(t, err, "came back for")
}

// Both sides of the copy go round the memory in whole blocks, however many.
func TestCopiesStayInside(t *testing.T) {
	needWorkers(t)
	memory, err := shm.NewRawArray[byte](6 * 16)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	for _, into := range []bool{true, false} {
		if err := copyThrough(transcript{Memory: memory, Into: into, Block: 16, N: 20, Warm: 5}, begun); err != nil {
			t.Error(err)
		}
	}
}
