package await

import (
	"context"
	"sync"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// Look looks whether the wait is over. If not, it returns the word to sleep on and the value that this had before Look read anything else.
type Look func() (word *uint32, val uint32, done bool)

// Room is where the goroutines that use one handle wait for one thing. The zero Room is ready.
type Room struct {
	gate park.Gate
}

var kicks = sync.Pool{New: func() any { return park.NewKick() }}

// Wait returns nil once look says done, errs.ErrClosed when the handle is closed, or the context's error. It calls look at least once unless one of these has
// happened before.
func (r *Room) Wait(ctx context.Context, h robust.Closer, look Look) error {
	return r.WaitOr(ctx, h, look, func() {})
}

// WaitOr is Wait that calls giveUp before it returns an error after a look: a wake-up that was meant for somebody may have been used up here, and has to be passed on. The
// handle's memory is still there then.
func (r *Room) WaitOr(ctx context.Context, h robust.Closer, look Look, giveUp func()) error {
	ended := func() error {
		if h.Closed() {
			return errs.ErrClosed
		}
		if ctx.Err() != nil {
			return errs.FromContext(ctx)
		}
		return nil
	}
	if err := ended(); err != nil {
		return err
	}
	k := kicks.Get().(*park.Kick)
	h.AddKick(k)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, k.Set)
	}
	err := r.wait(k, ended, look, giveUp)
	h.RemoveKick(k)
	if stop() { // else the function runs, or has run: it may still touch the kick
		k.Reset()
		kicks.Put(k)
	}
	return err
}

func (r *Room) wait(k *park.Kick, ended func() error, look Look, giveUp func()) error {
	for !r.gate.Enter(k) {
		if err := ended(); err != nil {
			return err
		}
		k.Reset()
		if err := ended(); err != nil {
			return err
		}
	}
	defer r.gate.Leave()
	defer arena.OnDeaths(k)() // inside of the gate: a death must not cost those who queue their places
	for looked := false; ; looked = true {
		if k.IsSet() {
			k.Reset()
		}
		if err := ended(); err != nil {
			if looked {
				giveUp()
			}
			return err
		}
		word, val, done := look()
		if done {
			return nil
		}
		park.Wait(word, val, k, park.Forever)
	}
}

// Queued is how many goroutines wait behind the one that sleeps.
func (r *Room) Queued() int { return r.gate.Queued() }
