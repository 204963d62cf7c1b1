//go:build linux

package psync

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// TestEventCancelledAndClosed: a wait whose context ends just when the handle is closed ends, and so does Close.
func TestEventCancelledAndClosed(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	for range rounds {
		e := made[*Event](t)(NewEvent())
		ctx, cancel := context.WithCancel(context.Background())
		waited, closed := make(chan error, 1), make(chan error, 1)
		go func() { waited <- e.Wait(ctx) }()
		time.Sleep(50 * time.Microsecond) // whether it sleeps by now or not, both must end
		go func() { cancel(); closed <- e.Close() }()
		testproc.Finish(t, "Wait and Close", func() {
			if err := <-waited; !errors.Is(err, context.Canceled) && !errors.Is(err, errs.ErrClosed) {
				t.Error(err)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEventChanOutlivesItsHandle: what is decoded into an Event does not concern a channel that was made before.
func TestEventChanOutlivesItsHandle(t *testing.T) {
	e := made[*Event](t)(NewEvent())
	first := another[Event](t, e)
	second := made[*Event](t)(NewEvent())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := e.Chan(ctx) // whose goroutine may begin before or after
	if err := e.UnmarshalCBOR(made[[]byte](t)(second.MarshalCBOR())); err != nil {
		t.Fatal(err)
	}
	if err := first.Set(); err != nil {
		t.Fatal(err)
	}
	testproc.Finish(t, "the channel", func() { <-c })
	if e.IsSet() {
		t.Error("the second event is set")
	}
	for _, e := range []*Event{e, first, second} {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestZeroHandles: what was never made answers as what is closed does.
func TestZeroHandles(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for _, ctx := range []context.Context{context.Background(), ended} {
		e, s, l := new(Event), new(Semaphore), new(RLock)
		h := l.Holder()
		_, acquired := h.Acquire(ctx)
		for what, err := range map[string]error{
			"Set": e.Set(), "Clear": e.Clear(), "Wait": e.Wait(ctx), "Close of an Event": e.Close(),
			"Acquire": s.Acquire(ctx), "AcquireN": s.AcquireN(ctx, 0), "Release": s.Release(), "ReleaseN": s.ReleaseN(2), "Close of a Semaphore": s.Close(),
			"Holder.Acquire": acquired, "Close of an RLock": l.Close(),
		} {
			if !errors.Is(err, errs.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if e.IsSet() || s.TryAcquire() || s.Value() != 0 || h.TryLock() || h.Depth() != 0 {
			t.Error("a zero handle has something")
		}
		select {
		case <-e.Chan(ctx):
			t.Error("Chan of a zero Event is closed")
		default:
		}
		if e.String() != "psync.Event(none)" || s.String() != "psync.Semaphore(none)" || l.String() != "psync.RLock(none)" {
			t.Error(e, s, l)
		}
		for _, m := range []interface{ MarshalCBOR() ([]byte, error) }{e, s, l} {
			if _, err := m.MarshalCBOR(); err == nil {
				t.Errorf("%v was sent", m)
			}
		}
	}
}
