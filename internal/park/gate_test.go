//go:build linux

package park

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// queueUp starts goroutines that enter the gate in the order of the slice.
func queueUp(t *testing.T, g *Gate, ks []*Kick, entered func(i int, in bool)) *sync.WaitGroup {
	t.Helper()
	var wg sync.WaitGroup
	for i, k := range ks {
		wg.Go(func() { entered(i, g.Enter(k)) })
		for end := time.Now().Add(time.Minute); g.Queued() != i+1; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatalf("%d queue, want %d", g.Queued(), i+1)
			}
		}
	}
	return &wg
}

func newKicks(n int) []*Kick {
	ks := make([]*Kick, n)
	for i := range ks {
		ks[i] = NewKick()
	}
	return ks
}

func finish(t *testing.T, what string, wg *sync.WaitGroup) {
	t.Helper()
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatalf("hangs: %s", what)
	}
}

func TestGateOrder(t *testing.T) {
	var g Gate
	if !g.Enter(NewKick()) {
		t.Fatal("an open gate refuses")
	}
	const n = 50
	var order []int
	wg := queueUp(t, &g, newKicks(n), func(i int, in bool) {
		if !in {
			t.Errorf("%d was refused", i)
			return
		}
		order = append(order, i) // the gate is what guards it
		g.Leave()
	})
	g.Leave()
	finish(t, "the queue", wg)
	if !slices.IsSorted(order) || len(order) != n {
		t.Errorf("entered in the order %v", order)
	}
	if g.held || g.queue.Len() != 0 {
		t.Error("the gate is not as new")
	}
}

// TestGateKicked: those who are kicked leave the queue from its head, middle and end, and the others keep their order.
func TestGateKicked(t *testing.T) {
	var g Gate
	g.Enter(NewKick())
	const n = 20
	ks := newKicks(n)
	kicked := map[int]bool{0: true, 1: true, 7: true, 8: true, 13: true, n - 1: true}
	var mu sync.Mutex
	var order, refused []int
	wg := queueUp(t, &g, ks, func(i int, in bool) {
		mu.Lock()
		defer mu.Unlock()
		if !in {
			refused = append(refused, i)
			return
		}
		order = append(order, i)
		g.Leave()
	})
	for i := range kicked {
		ks[i].Set()
	}
	for end := time.Now().Add(time.Minute); g.Queued() != n-len(kicked); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d still queue", g.Queued())
		}
	}
	g.Leave()
	finish(t, "the queue", wg)
	slices.Sort(refused)
	if len(refused) != len(kicked) || len(order) != n-len(kicked) || !slices.IsSorted(order) {
		t.Errorf("entered %v, refused %v", order, refused)
	}
}

// TestGateKickedWhileGranted: a goroutine that is granted the gate and kicked at once either has it or is refused; the gate is never lost.
func TestGateKickedWhileGranted(t *testing.T) {
	var g Gate
	n := 3000
	if testing.Short() {
		n = 300
	}
	k := NewKick()
	for range n {
		if !g.Enter(NewKick()) {
			t.Fatal("refused without a kick")
		}
		done := make(chan bool)
		go func() { done <- g.Enter(k) }()
		for g.Queued() == 0 {
			runtime.Gosched()
		}
		go k.Set()
		g.Leave()
		if <-done {
			g.Leave()
		}
		for !k.IsSet() {
			runtime.Gosched()
		}
		k.Reset()
		if g.held || g.queue.Len() != 0 {
			t.Fatal("the gate is lost")
		}
	}
}

func TestGateCrowd(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 1000
	}
	var g Gate
	var inside atomic.Int32
	entered, refused := 0, atomic.Int32{}
	ks := newKicks(n)
	var wg sync.WaitGroup
	g.Enter(NewKick())
	for i := range n {
		wg.Go(func() {
			if !g.Enter(ks[i]) {
				refused.Add(1)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two inside")
			}
			entered++
			inside.Add(-1)
			g.Leave()
		})
	}
	for range n / 10 {
		ks[rand.IntN(n)].Set()
	}
	g.Leave()
	finish(t, "the crowd", &wg)
	if entered+int(refused.Load()) != n || g.Queued() != 0 || g.held {
		t.Errorf("%d entered, %d refused, %d left", entered, refused.Load(), g.Queued())
	}
}
