//go:build linux

package multiproc

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// passOn is a parent between the test and the worker that carries.
var passOn = Register("pass-on", func(ctx context.Context, c carrier) ([]*shared, error) {
	p, err := carry.Start(ctx, c, slow, WithStderr(io.Discard))
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
})

var (
	parentPoints = []string{"start.reserved", "start.sent", "start.executed", "start.told", "result.read", "result.received", "result.decoded"}
	workerPoints = []string{"worker.told", "worker.received", "worker.bound", "worker.sent", "worker.delivered"}
)

// Whoever is killed while a shared object is on its way, nobody waits for ever, and the object goes with its last user.
func TestKilledAtEveryPoint(t *testing.T) {
	for _, point := range workerPoints {
		t.Run("worker/"+point, func(t *testing.T) { killedAt(t, carry, point, point != "worker.delivered") })
	}
	for _, point := range parentPoints {
		t.Run("parent/"+point, func(t *testing.T) { killedAt(t, passOn, point, true) })
	}
	for _, point := range workerPoints[:4] {
		t.Run("worker of the worker/"+point, func(t *testing.T) { killedAt(t, passOn, point, true) })
	}
}

func killedAt(t *testing.T, f *Func[carrier, []*shared], point string, fails bool) {
	in := newShared(t)
	ref := in.h.Ref()
	p, err := f.Start(context.Background(), carrier{Deep: map[string][]*shared{"x": {in}}}, slow, WithEnv(killpoint.Env+"="+point), WithStderr(io.Discard))
	var out []*shared
	if err == nil {
		out, err = p.Wait(watchdog(t))
	}
	if fails != (err != nil) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	for _, s := range append(out, in) {
		if s != nil {
			if err := s.h.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	// A grandchild may take a moment to notice that it is an orphan, and the living to sweep what it held.
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		h, err := arena.Attach(ref)
		if err != nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the object outlives everybody who used it")
		}
		h.Close()
	}
}
