//go:build linux

package ring

import (
	"bytes"
	"errors"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
)

// TestShut: nothing gets in any more, what is in comes out, and then there is ErrClosed.
func TestShut(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 1024)
	mustPut(t, r, text(4, 1))
	mustPut(t, r, text(4, 2))
	if ok, err := r.Ready(); !ok || err != nil {
		t.Error(ok, err)
	}
	if err := r.Shut(); err != nil {
		t.Fatal(err)
	}
	if err := r.Shut(); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("again: %v", err)
	}
	if !r.Closed() {
		t.Error("not closed")
	}
	if err := r.TryPut(&Item{}); err != errs.ErrClosed {
		t.Error(err)
	}
	if err := r.Put(bounded(t), &Item{Data: text(5000, 1)}); err != errs.ErrClosed {
		t.Error(err)
	}
	if _, err := r.PutSome(3, func(int) *Item { return &Item{} }); err != errs.ErrClosed {
		t.Error(err)
	}
	mustGet(t, r, text(4, 1))
	var o Out
	if err := r.Get(bounded(t), &o); err != nil || !bytes.Equal(o.Data, text(4, 2)) {
		t.Error(o, err)
	}
	if err := r.TryGet(&o); err != errs.ErrClosed {
		t.Error(err)
	}
	if err := r.Get(bounded(t), &o); err != errs.ErrClosed {
		t.Error(err)
	}
	if err := r.WaitReadable(bounded(t)); err != nil {
		t.Error(err)
	}
	if ok, err := r.Ready(); !ok || err != nil {
		t.Error(ok, err)
	}
}

// TestDetached: a handle that was given up answers with ErrClosed, and the ring goes on for others.
func TestDetached(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 1024)
	other := another(t, r)
	mustPut(t, r, text(4, 1))
	if err := r.Detach(); err != nil {
		t.Fatal(err)
	}
	if err := r.Detach(); err != errs.ErrClosed {
		t.Error(err)
	}
	ctx := bounded(t)
	_, some := r.PutSome(1, func(int) *Item { return &Item{} })
	_, more := r.GetSome(1, func(int) *Out { return &Out{} })
	_, ready := r.Ready()
	for i, err := range []error{r.TryPut(&Item{}), r.Put(ctx, &Item{}), r.TryGet(&Out{}), r.Get(ctx, &Out{}), r.Shut(), r.WaitReadable(ctx), some, more, ready} {
		if err != errs.ErrClosed {
			t.Errorf("%d: %v", i, err)
		}
	}
	if r.Len() != 0 {
		t.Error(r.Len())
	}
	if other.Closed() {
		t.Error("closed for others")
	}
	mustGet(t, other, text(4, 1))
}
