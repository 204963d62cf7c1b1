//go:build linux

package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// A letter is an item that can have a handle with it.
type letter struct {
	N    int
	Text string
	End  *queue.Conn[int]
}

// flat makes a test fail after which the family has more objects than before.
func flat(t testing.TB) {
	t.Helper()
	count := func() int {
		c, err := arena.Count()
		if err != nil {
			t.Fatal(err)
		}
		return c.Objects
	}
	collect()
	before := count()
	t.Cleanup(func() {
		if !t.Failed() {
			testproc.Eventually(t, fmt.Sprintf("no more than the %d objects of before (there are %d)", before, count()), func() bool {
				collect()
				return count() <= before
			})
		}
	})
}

// collect makes the collector close what was forgotten.
func collect() {
	for range 2 {
		runtime.GC()
		time.Sleep(time.Millisecond) // the clean-ups run in goroutines of their own
	}
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	t.Cleanup(cancel)
	return ctx
}

func newPipe[T any](t testing.TB, opts ...queue.Option) (a, b *queue.Conn[T]) {
	t.Helper()
	flat(t)
	a, b, err := queue.NewPipe[T](opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return a, b
}

// anotherEnd decodes one more handle to the same end.
func anotherEnd[T any](t testing.TB, c *queue.Conn[T]) *queue.Conn[T] {
	t.Helper()
	data, err := cbor.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out := new(queue.Conn[T])
	if err := cbor.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

// untilFull is a context that ends when somebody in this process waits for room.
func untilFull(t testing.TB) context.Context {
	ctx, full := context.WithCancel(within(t))
	killpoint.Call("ring.put-waiting", full)
	t.Cleanup(func() { killpoint.Call("ring.put-waiting", nil) })
	return ctx
}

// fill sends until the pipe is full, and returns how many that were.
func fill(t testing.TB, c *queue.Conn[int]) (n int) {
	t.Helper()
	ctx := untilFull(t)
	for {
		err := c.Send(ctx, n)
		if errors.Is(err, context.Canceled) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
}

func receive[T comparable](t testing.TB, c *queue.Conn[T], want T) {
	t.Helper()
	if got, err := c.Recv(within(t)); err != nil || got != want {
		t.Fatalf("received %v, %v; want %v", got, err, want)
	}
}

func over[T any](t testing.TB, c *queue.Conn[T]) {
	t.Helper()
	if got, err := c.Recv(within(t)); err != io.EOF {
		t.Fatalf("received %v, %v; want EOF", got, err)
	}
}

func polled[T any](t testing.TB, c *queue.Conn[T], timeout time.Duration, want bool) {
	t.Helper()
	if got, err := c.Poll(timeout); err != nil || got != want {
		t.Errorf("Poll(%v): %v, %v; want %v", timeout, got, err, want)
	}
}

func send[T any](t testing.TB, c *queue.Conn[T], v T) {
	t.Helper()
	if err := c.Send(within(t), v); err != nil {
		t.Fatal(err)
	}
}

// sleeping starts fn in a goroutine and returns when it probably waits; the result tells what it has returned.
func sleeping(t testing.TB, fn func() error) (result func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- fn() }()
	time.Sleep(5 * time.Millisecond) // whether it sleeps by now or not, it must end
	select {
	case err := <-done:
		t.Fatalf("it does not wait: %v", err)
	default:
	}
	return func() error {
		t.Helper()
		select {
		case err := <-done:
			return err
		case <-time.After(testproc.Watchdog):
			t.Fatal("it waits for ever")
			return nil
		}
	}
}

func TestPipeDuplex(t *testing.T) {
	a, b := newPipe[letter](t)
	for i := range 300 {
		send(t, a, letter{N: i, Text: "there"})
		send(t, b, letter{N: -i, Text: "back"})
		if i%2 == 1 { // two on their way at a time
			for _, n := range []int{i - 1, i} {
				receive(t, b, letter{N: n, Text: "there"})
				receive(t, a, letter{N: -n, Text: "back"})
			}
		}
	}
	polled(t, a, 0, false)
	polled(t, b, 0, false)
}

func TestPipeTypes(t *testing.T) {
	t.Run("memory", func(t *testing.T) {
		a, b := newPipe[[4]float64](t)
		send(t, a, [4]float64{1, 2, 3, 4})
		receive(t, b, [4]float64{1, 2, 3, 4})
	})
	t.Run("string", func(t *testing.T) {
		a, b := newPipe[string](t)
		for _, s := range []string{"", "x", strings.Repeat("long", 50_000)} {
			c := sleeping(t, func() error { _, err := b.Recv(within(t)); return err })
			send(t, a, s)
			if err := c(); err != nil {
				t.Error(err)
			}
			send(t, a, s)
			receive(t, b, s)
		}
	})
	t.Run("slice", func(t *testing.T) {
		a, b := newPipe[[]int32](t)
		room := make([]int32, 8)
		first := &room[0]
		for _, v := range [][]int32{{1, 2, 3}, {}, nil, make([]int32, 100_000)} {
			send(t, a, v)
			if err := b.RecvInto(within(t), &room); err != nil || len(room) != len(v) || (room == nil) != (v == nil) {
				t.Fatalf("%d, %v", len(room), err)
			}
			if len(v) == 3 && first != &room[0] {
				t.Error("the room was not used")
			}
		}
	})
	t.Run("large by pointer", func(t *testing.T) {
		type page [300_000]byte
		a, b := newPipe[page](t)
		v, w := new(page), new(page)
		for i := range v {
			v[i] = byte(i)
		}
		for range 4 {
			if err := a.SendFrom(within(t), v); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			if err := b.RecvInto(within(t), w); err != nil || *v != *w {
				t.Fatal(err)
			}
		}
	})
	t.Run("not to be sent", func(t *testing.T) {
		if _, _, err := queue.NewPipe[chan int](); err == nil {
			t.Error("a pipe of channels")
		}
		if _, _, err := queue.NewPipe[int](queue.WithMemory(-1)); err == nil {
			t.Error("a memory of -1 bytes")
		}
		if _, _, err := queue.NewOneWay[int](queue.WithMemory(1 << 62)); !errors.Is(err, queue.ErrNoMemory) {
			t.Errorf("too much memory: %v", err)
		}
	})
}

func TestPipeOneWay(t *testing.T) {
	flat(t)
	r, w, err := queue.NewOneWay[int]()
	if err != nil {
		t.Fatal(err)
	}
	send(t, w, 7)
	receive(t, r, 7)
	if err := r.Send(within(t), 1); err == nil || !strings.Contains(err.Error(), "receives only") {
		t.Errorf("Send at the receiving end: %v", err)
	}
	if err := r.SendBytes(within(t), nil); err == nil || !strings.Contains(err.Error(), "receives only") {
		t.Errorf("SendBytes at the receiving end: %v", err)
	}
	if _, err := w.Recv(within(t)); err == nil || !strings.Contains(err.Error(), "sends only") {
		t.Errorf("Recv at the sending end: %v", err)
	}
	if _, err := w.RecvBytes(within(t), nil); err == nil || !strings.Contains(err.Error(), "sends only") {
		t.Errorf("RecvBytes at the sending end: %v", err)
	}
	if _, err := w.Poll(0); err == nil || !strings.Contains(err.Error(), "sends only") {
		t.Errorf("Poll at the sending end: %v", err)
	}
	if s := anotherEnd(t, w).String(); !strings.Contains(s, "the other end is open; 0 sent and not received") {
		t.Error(s)
	}
	send(t, w, 8)
	w.Close()
	collect() // the one that String has looked at
	for _, c := range []*queue.Conn[int]{w} {
		if err := c.Close(); !errors.Is(err, queue.ErrClosed) {
			t.Errorf("second Close: %v", err)
		}
	}
	receive(t, r, 8)
	r.Close()
}

func TestPipePoll(t *testing.T) {
	a, b := newPipe[int](t)
	polled(t, a, 0, false)
	begin := time.Now()
	polled(t, a, 3*time.Millisecond, false)
	if took := time.Since(begin); took < 3*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	polled(t, a, time.Nanosecond, false)
	for _, timeout := range []time.Duration{-1, -time.Hour, time.Hour} {
		waits := sleeping(t, func() error { ok, err := a.Poll(timeout); return errors.Join(err, is(ok)) })
		send(t, b, 1)
		if err := waits(); err != nil {
			t.Error(timeout, err)
		}
		for _, timeout := range []time.Duration{0, -1, time.Hour} { // nothing was taken
			polled(t, a, timeout, true)
		}
		receive(t, a, 1)
	}
	waits := sleeping(t, func() error { ok, err := a.Poll(-1); return errors.Join(err, is(ok)) })
	b.Close()
	if err := waits(); err != nil {
		t.Error(err)
	}
	over(t, a)
}

// TestPipePollPassesOn: those who only look do not use up the wake-up of those who take.
func TestPipePollPassesOn(t *testing.T) {
	a, b := newPipe[int](t)
	other := anotherEnd(t, a)
	for i := range 300 {
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _, _ = a.Poll(-1) })
		}
		got := make(chan error, 1)
		go func() { v, err := other.Recv(within(t)); got <- errors.Join(err, is(v == i)) }()
		if i%3 == 0 {
			time.Sleep(50 * time.Microsecond)
		}
		begin := time.Now()
		send(t, b, i)
		if err := <-got; err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took > testproc.Watchdog/2 {
			t.Fatalf("%v", took)
		}
		send(t, b, -1) // for those who have come too late to see the first
		testproc.Finish(t, "Poll", wg.Wait)
		receive(t, a, -1)
	}
}

// TestPipeCrowd: very many goroutines wait at one end, and each gets its item.
func TestPipeCrowd(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	a, b := newPipe[int](t)
	seen := make([]int, n)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			v, err := b.Recv(within(t))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			seen[v]++
			mu.Unlock()
		})
	}
	for i := range n {
		wg.Go(func() {
			if err := a.Send(within(t), i); err != nil {
				t.Error(err)
			}
		})
	}
	testproc.Finish(t, "the crowd", wg.Wait)
	for i, times := range seen {
		if times != 1 {
			t.Fatalf("item %d was received %d times", i, times)
		}
	}
	// And all of a crowd see the end.
	for range n / 10 {
		wg.Go(func() {
			if _, err := b.Recv(within(t)); err != io.EOF {
				t.Error(err)
			}
		})
	}
	time.Sleep(time.Millisecond)
	a.Close()
	testproc.Finish(t, "the crowd at the end", wg.Wait)
}
