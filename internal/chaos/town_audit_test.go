//go:build linux

package chaos

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/queue"
)

// TestChaosEverything has all primitives in use at once by processes that are killed, and checks the books at the end.
func TestChaosEverything(t *testing.T) {
	baseline := settle(t, arena.Census{})
	baseline.Bytes += slack
	c := newTown(t)
	kills := mayhem(t, *workers, func(slot int) victim {
		c := c
		c.Slot = slot
		p, err := live.Start(t.Context(), c, multiproc.WithStartTimeout(watchdog))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}, func() bool { return !slices.Contains(slices.Collect(maps.Values(c.Books.Ptr().done())), 0) })
	c.audit(t, kills)
	c.close()
	settle(t, baseline)
}

// done is how much of each was done.
func (b *books) done() map[string]uint64 {
	return map[string]uint64{"tasks": b.Delivered.Load(), "holds": b.RLocked.Load(), "permits": b.Rented.Load(), "events": b.Events.Load(), "tokens": b.Woken.Load(), "barriers": b.Passed.Load()}
}

// audit looks at everything after the last kill.
func (c town) audit(t *testing.T, kills int) {
	b := c.Books.Ptr()
	left, lost := c.drain(t)
	var acked, vanished, doubled uint64
	for i, fate := range c.Fate.Slice()[:min(b.NextItem.Load(), maxItems)] {
		got := fate / received
		if fate&1 != 0 {
			acked++
			if got == 0 {
				vanished++
			}
		}
		if got > 1 {
			doubled++
			t.Errorf("task %d was received %d times", i, got)
		}
	}
	var longest int64
	for i := range b.Longest {
		longest = max(longest, b.Longest[i])
	}
	t.Logf("%d kills; %d tasks acknowledged, %d received, %d left at the end, %d lost with their consumers (of them %d before they were noted); %d holds of the RLock, %d rented, %d events, %d tokens, %d barriers passed, %d broken; longest Get %v",
		kills, acked, b.Delivered.Load(), left, lost, vanished, b.RLocked.Load(), b.Rented.Load(), b.Events.Load(), b.Woken.Load(), b.Passed.Load(), b.Broken.Load(), time.Duration(longest))
	// A consumer that is killed between Get and its note in the books has lost its task, and the queue knows it; one that is killed after the note has a lost task too.
	if vanished > uint64(lost) {
		t.Errorf("%d tasks vanished, the queue knows of %d that were lost", vanished, lost)
	}
	if lost > 2*kills {
		t.Errorf("%d tasks are lost after %d kills of processes with two consumers each", lost, kills)
	}
	if n := b.Torn.Load(); n != 0 {
		t.Errorf("%d items arrived damaged", n)
	}
	if n := b.Wrong.Load(); n != 0 {
		t.Errorf("%d calls failed as they must not", n)
	}
	if n := b.Doubled.Load(); n != 0 {
		t.Errorf("%d times two were in the RLock at once", n)
	}
	for name, n := range b.done() {
		if n == 0 {
			t.Errorf("no %s: the test tested nothing", name)
		}
	}
	c.auditSemaphores(t)
	within(t, "everything after the last kill", c.useAll(t))
}

// drain takes what is left and asks Join for what was lost.
func (c town) drain(t *testing.T) (left, lost int) {
	for {
		b, err := c.Tasks.TryGet()
		if err == queue.ErrEmpty {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		c.note(b)
		left++
		if err := c.Tasks.TaskDone(); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "Join", func(ctx context.Context) {
		var gone *queue.LostTasksError
		if err := c.Tasks.Join(ctx); errors.As(err, &gone) {
			lost = gone.Tasks
		} else if err != nil {
			t.Errorf("Join: %v", err)
		}
	})
	for {
		g, err := c.Gifts.TryGet()
		if err != nil {
			break
		}
		_ = g.Value.Close()
	}
	return left, lost
}

func (c town) auditSemaphores(t *testing.T) {
	b := c.Books.Ptr()
	low, high := int64(5), int64(5)
	for i := range b.Posts {
		low += int64(b.Posts[i].Done.Load()) - int64(b.Takes[i].Begun.Load())
		high += int64(b.Posts[i].Begun.Load()) - int64(b.Takes[i].Done.Load())
	}
	if v := int64(c.Sem.Value()); v < low || v > high {
		t.Errorf("the semaphore has %d permits; by the books %d to %d", v, low, high)
	}
	if v := c.Pool.Value(); v != 4 {
		t.Errorf("%d of 4 permits are free after the last holder's death: %v", v, c.Pool)
	}
}

// useAll uses everything once more.
func (c town) useAll(t *testing.T) func(context.Context) {
	return func(ctx context.Context) {
		h := c.RLock.Holder()
		if _, err := h.Acquire(ctx); err != nil {
			t.Errorf("RLock: %v", err)
		} else {
			h.Unlock()
		}
		if err := c.Pool.AcquireN(ctx, 4); err != nil {
			t.Errorf("BoundedSemaphore: %v", err)
		} else if err := c.Pool.ReleaseN(4); err != nil {
			t.Errorf("BoundedSemaphore: %v", err)
		}
		if err := errors.Join(c.Event.Set(), c.Event.Wait(ctx)); err != nil {
			t.Errorf("Event: %v", err)
		}
		l := c.Cond.Locker()
		if _, err := l.Acquire(ctx); err != nil {
			t.Errorf("Condition: %v", err)
			return
		}
		if err := c.Cond.NotifyAll(); err != nil {
			t.Errorf("Condition: %v", err)
		}
		l.Unlock()
		if err := c.Gate.Reset(); err != nil {
			t.Errorf("Barrier: %v", err)
		}
		if err := c.Tasks.Put(ctx, []byte("last one in")); err != nil {
			t.Errorf("JoinableQueue: %v", err)
		}
	}
}
