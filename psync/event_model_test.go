//go:build linux

package psync_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// TestEventModel: against a flag, any sequence of calls by way of two handles answers as the flag does, and a channel is closed if the flag was set since it was made.
func TestEventModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := newEvent(t)
		handles := []*psync.Event{e, twin(t, e)}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		ended, end := context.WithCancel(context.Background())
		end()
		set := false
		var due, pending []<-chan struct{}
		pick := func(rt *rapid.T) *psync.Event { return handles[rapid.IntRange(0, 1).Draw(rt, "handle")] }
		rt.Repeat(map[string]func(*rapid.T){
			"Set": func(rt *rapid.T) {
				if err := pick(rt).Set(); err != nil {
					rt.Fatal(err)
				}
				set = true
				due, pending = append(due, pending...), nil
			},
			"Clear": func(rt *rapid.T) {
				if err := pick(rt).Clear(); err != nil {
					rt.Fatal(err)
				}
				set = false
			},
			"Wait": func(rt *rapid.T) {
				ctx, cancel := context.Background(), func() {}
				if !set {
					ctx, cancel = context.WithTimeout(ctx, 50*time.Microsecond)
				}
				defer cancel()
				if err := pick(rt).Wait(ctx); (err == nil) != set {
					rt.Fatal(err)
				}
			},
			"WaitEnded": func(rt *rapid.T) {
				if pick(rt).Wait(ended) == nil {
					rt.Fatal("no error")
				}
			},
			"Chan": func(rt *rapid.T) {
				c := pick(rt).Chan(ctx)
				if isClosed(c) != set {
					rt.Fatal("Chan", set)
				}
				if !set {
					pending = append(pending, c)
				}
			},
			"": func(rt *rapid.T) {
				if e.IsSet() != set {
					rt.Fatal(e)
				}
				for _, c := range due {
					select {
					case <-c:
					case <-time.After(testproc.Watchdog):
						rt.Fatal("the event was set and the channel is open")
					}
				}
				due = nil
				for _, c := range pending {
					if isClosed(c) {
						rt.Fatal("closed too early")
					}
				}
			},
		})
	})
}

func TestEventScribbled(t *testing.T) {
	e := newEvent(t)
	anything := func(r *rand.Rand) uint32 { return []uint32{0, 1, 2, 3, r.Uint32(), ^uint32(0)}[r.IntN(6)] }
	scribbleWords(t, []*uint32{e.Word()}, anything, func(ctx context.Context) {
		_ = e.String()
		_ = e.IsSet()
		c := e.Chan(ctx)
		_ = e.Wait(ctx)
		_ = e.Set()
		_ = e.Clear()
		_ = e.Wait(ctx)
		select {
		case <-c:
		case <-ctx.Done():
		}
	})
	_ = e.Set()
	if err := e.Wait(bounded(t)); err != nil {
		t.Error(err)
	}
}
