//go:build linux

package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// ledger is what the lock guards. An addition is announced in the intent before it is made, so whoever finds its author dead can finish it: the
// total is exact whatever is killed where.
type ledger struct {
	inside     atomic.Uint32 // slot+1 of who is inside: two at once are a violation
	violations atomic.Uint64
	recoveries atomic.Uint64
	total      int64
	intent     struct {
		on    bool
		slot  int32
		total int64
		tally int64
	}
	tally   [64]int64
	longest [64]int64 // ns that the slot's workers have waited at most for the lock
}

type lockTask struct {
	Slot   int
	Lock   *psync.Lock
	Ledger *shm.RawValue[ledger]
}

// addForever adds under the lock from several goroutines until it is killed.
var addForever = multiproc.Register("chaos-add", func(ctx context.Context, task lockTask) (int, error) {
	l := task.Ledger.Ptr()
	for g := range 3 {
		go func() {
			rng := rand.New(rand.NewPCG(uint64(g), uint64(time.Now().UnixNano())))
			for {
				begin := time.Now()
				rec, ok := take(task.Lock, rng)
				if !ok {
					continue
				}
				if waited := int64(time.Since(begin)); waited > l.longest[task.Slot] {
					l.longest[task.Slot] = waited
				}
				l.add(task.Slot, rec, rng)
				task.Lock.Unlock()
			}
		}()
	}
	<-ctx.Done()
	return 0, nil
})

// take gets the lock in one of the ways there are.
func take(l *psync.Lock, rng *rand.Rand) (psync.Recovery, bool) {
	switch rng.IntN(4) {
	case 0:
		l.Lock()
		return l.Recovery(), true
	case 1:
		if !l.TryLock() {
			return psync.Recovery{}, false
		}
		return l.Recovery(), true
	case 2:
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(300))*time.Microsecond)
		defer cancel()
		rec, err := l.Acquire(ctx)
		return rec, err == nil
	}
	rec, err := l.Acquire(context.Background())
	return rec, err == nil
}

func (l *ledger) add(slot int, rec psync.Recovery, rng *rand.Rand) {
	before := l.inside.Swap(uint32(slot) + 1)
	if before != 0 && !rec.Recovered() {
		l.violations.Add(1)
	}
	if rec.Recovered() {
		l.recoveries.Add(1)
	}
	if in := &l.intent; in.on { // its author died
		l.total, l.tally[in.slot] = in.total, in.tally
		in.on = false
	}
	in := &l.intent
	in.slot, in.total, in.tally = int32(slot), l.total+1, l.tally[slot]+1
	fence(&l.inside)
	in.on = true
	fence(&l.inside)
	if rng.IntN(8) == 0 {
		for range rng.IntN(2000) {
			runtime.KeepAlive(l)
		}
	}
	l.total = in.total
	l.tally[slot] = in.tally
	fence(&l.inside)
	in.on = false
	fence(&l.inside)
	if !l.inside.CompareAndSwap(uint32(slot)+1, 0) {
		l.violations.Add(1)
	}
}

// fence keeps the compiler from reordering or merging the stores around it.
func fence(a *atomic.Uint32) { a.Add(0) }

func TestChaosLock(t *testing.T) {
	lock, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	shared, err := shm.NewRawValue(ledger{})
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	kills := mayhem(t, *workers, func(slot int) victim {
		p, err := addForever.Start(t.Context(), lockTask{slot, lock, shared}, multiproc.WithStartTimeout(watchdog))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}, func() bool { return atomic.LoadInt64(&shared.Ptr().total) > 0 })
	within(t, "the lock after the last kill", func(ctx context.Context) {
		if _, err := lock.Acquire(ctx); err != nil {
			t.Error(err)
		}
	})
	l := shared.Ptr()
	if l.intent.on {
		l.total, l.tally[l.intent.slot] = l.intent.total, l.intent.tally
	}
	var sum, longest int64
	for i := range l.tally {
		sum += l.tally[i]
		longest = max(longest, l.longest[i])
	}
	t.Logf("%d kills, %d additions, %d recoveries, %d violations, longest wait %v",
		kills, l.total, l.recoveries.Load(), l.violations.Load(), time.Duration(longest))
	if l.violations.Load() != 0 {
		t.Errorf("%d violations of mutual exclusion", l.violations.Load())
	}
	if sum != l.total {
		t.Errorf("total is %d, the workers' tallies sum to %d", l.total, sum)
	}
	if l.total == 0 {
		t.Error("nothing was added: the test tested nothing")
	}
	lock.Unlock()
}

// pair is consistent when A == B.
type pair struct{ A, B, Repairs int64 }

type pairTask struct {
	Pair *shm.Value[pair]
}

var errTorn = errors.New("a half-written pair was handed out")

var updateForever = multiproc.Register("chaos-update", func(ctx context.Context, task pairTask) (int, error) {
	for ctx.Err() == nil {
		err := task.Pair.Update(func(p *pair) {
			p.A++
			for i := 0; i < int(p.A)%500; i++ {
				runtime.KeepAlive(p)
			}
			p.B++
		})
		if errors.Is(err, shm.ErrOwnerDied) {
			err = task.Pair.Repair(func(p *pair) {
				if p.A != p.B {
					p.B = p.A
					p.Repairs++
				}
			})
		}
		if err != nil {
			return 0, err
		}
		p, err := task.Pair.Load()
		if err != nil && !errors.Is(err, shm.ErrOwnerDied) {
			return 0, err
		}
		if err == nil && p.A != p.B {
			return 0, errTorn
		}
	}
	return 0, nil
})

// TestChaosValue checks that nobody ever computes on what a dead process left half-written.
func TestChaosValue(t *testing.T) {
	v, err := shm.NewValue(pair{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	raw, err := v.Raw()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	var running []*multiproc.Process[int]
	kills := mayhem(t, *workers, func(int) victim {
		p, err := updateForever.Start(t.Context(), pairTask{v}, multiproc.WithStartTimeout(watchdog))
		if err != nil {
			t.Fatal(err)
		}
		running = append(running, p)
		return p
	}, func() bool { return atomic.LoadInt64(&raw.Ptr().A) > 0 })
	for _, p := range running {
		_, err := p.Wait(t.Context())
		var exit *multiproc.ExitError
		if !errors.As(err, &exit) || exit.SignalName != "SIGKILL" {
			t.Fatalf("a worker ended by itself: %v", err)
		}
	}
	var final pair
	if err := v.Repair(func(p *pair) { final = *p }); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills, %d updates, %d half-written pairs repaired", kills, final.A, final.Repairs)
	if final.A == 0 {
		t.Error("nothing was updated: the test tested nothing")
	}
}
