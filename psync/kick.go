package psync

import (
	"context"
	"sync"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/park"
)

var kicks = sync.Pool{New: func() any { return park.NewKick() }}

// whileOpen runs wait with a kick that the end of ctx, or Close, sets. The object's memory is there as long as wait runs: Close returns after it has.
func (o *object) whileOpen(ctx context.Context, wait func(k *park.Kick) error) error {
	k := kicks.Get().(*park.Kick)
	o.h.AddKick(k)
	stop := func() bool { return true }
	if ctx.Done() != nil {
		stop = context.AfterFunc(ctx, k.Set)
	}
	err := error(errs.ErrClosed)
	if !o.h.Closed() { // else Close may have returned already
		err = wait(k)
	}
	o.h.RemoveKick(k)
	if stop() { // else the function runs, or has run: it may still touch the kick
		k.Reset()
		kicks.Put(k)
	}
	return err
}
