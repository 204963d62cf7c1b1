//go:build linux

package shm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

type holding struct {
	V    *shm.Value[int]
	A    *shm.Array[int]
	Post signpost
}

// hold is inside an update from step 1 to step 2.
var hold = multiproc.Register("shm-hold", func(ctx context.Context, h holding) (int, error) {
	var err error
	stay := func() {
		reach(h.Post, 1)
		err = await(ctx, h.Post, 2)
	}
	if h.A != nil {
		return 0, errors.Join(h.A.Update(func(s []int) { stay(); s[0] = 2 }), err)
	}
	return 0, errors.Join(h.V.Update(func(n *int) { stay(); *n = 2 }), err)
})

// TestUpdateContext: it gives up waiting for another process when its context ends, and did nothing then.
func TestUpdateContext(t *testing.T) {
	flat(t)
	v, a := made(shm.NewValue(1))(t), made(shm.NewArray[int](3))(t)
	view := made(a.View(0, 2))(t)
	for name, h := range map[string]holding{"value": {V: v}, "array": {A: a}, "view": {A: view}} {
		h.Post = newSignpost(t)
		updates := map[string]func(ctx context.Context) error{"a value": func(ctx context.Context) error {
			return v.UpdateContext(ctx, func(*int) { t.Error("called") })
		}}
		if h.A != nil {
			updates = map[string]func(ctx context.Context) error{
				"an array": func(ctx context.Context) error { return a.UpdateContext(ctx, func([]int) { t.Error("called") }) },
				"a view":   func(ctx context.Context) error { return view.UpdateContext(ctx, func([]int) { t.Error("called") }) },
			}
		}
		p := start(t, hold, h)
		if err := await(t.Context(), h.Post, 1); err != nil {
			t.Fatal(err)
		}
		for what, update := range updates {
			if err := inVain(update); err != nil {
				t.Errorf("%s, while %s is held: %v", what, name, err)
			}
			reason := errors.New("enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error)
			go func() { done <- update(ctx) }()
			cancel(reason)
			err := <-done
			wantErr(t, what, err, context.Canceled)
			wantErr(t, what, err, reason)
		}
		reach(h.Post, 2)
		must(wait(t, p))(t)
	}
	want(t, "value", load(t, v), 2)
	want(t, "array", must(a.At(0))(t), 2)
}

// TestContextThatHasEnded: nothing is done, whether the lock is free or there is none.
func TestContextThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l := made(psync.NewLock())(t)
	for _, opts := range [][]shm.Option{nil, {shm.WithoutLock()}, {shm.WithLock(l)}} {
		v, a := made(shm.NewValue(1, opts...))(t), made(shm.NewArray[int](1, opts...))(t)
		wantErr(t, "value", v.UpdateContext(ctx, func(*int) { t.Error("called") }), context.Canceled)
		wantErr(t, "array", a.UpdateContext(ctx, func([]int) { t.Error("called") }), context.Canceled)
		want(t, "value", load(t, v), 1)
	}
}

type together struct {
	V    *shm.Value[int]
	A    *shm.Array[int]
	Lock *psync.Lock
	Free *shm.Value[int] // has no lock
	Post signpost
}

// excluded reports which of the three are not kept out while somebody holds the lock.
func (o together) excluded() error {
	if o.Lock.TryLock() {
		o.Lock.Unlock()
		return errors.New("TryLock got it")
	}
	if err := inVain(func(ctx context.Context) error { return o.V.UpdateContext(ctx, func(*int) {}) }); err != nil {
		return fmt.Errorf("the value: %w", err)
	}
	if err := inVain(func(ctx context.Context) error { return o.A.UpdateContext(ctx, func([]int) {}) }); err != nil {
		return fmt.Errorf("the array: %w", err)
	}
	return nil
}

var keepTogether = multiproc.Register("shm-together", func(ctx context.Context, o together) (together, error) {
	if err := o.excluded(); err != nil {
		return o, fmt.Errorf("held by the parent: %w", err)
	}
	if o.Free.Locker() != nil {
		return o, errors.New("the value without a lock has got one on its way")
	}
	if err := o.Free.Update(func(n *int) { *n++ }); err != nil { // the parent is inside its own Update
		return o, fmt.Errorf("without a lock: %w", err)
	}
	reach(o.Post, 1)
	if err := await(ctx, o.Post, 2); err != nil {
		return o, err
	}
	view, err := o.A.View(1, 2)
	if err != nil {
		return o, err
	}
	inside := view.Update(func(s []int) {
		if err = o.excluded(); err == nil {
			s[0] = 6
		}
	})
	return o, errors.Join(inside, err, o.V.Store(5))
})

// TestWithLock: a lock that several objects share stays one lock when they travel.
func TestWithLock(t *testing.T) {
	flat(t)
	l := made(psync.NewLock())(t)
	o := together{
		V: made(shm.NewValue(0, shm.WithLock(l)))(t), A: made(shm.NewArray[int](3, shm.WithLock(l)))(t), Lock: l,
		Free: made(shm.NewValue(0, shm.WithoutLock()))(t), Post: newSignpost(t),
	}
	if o.V.Locker() != l || o.A.Locker() != l || o.Free.Locker() != nil {
		t.Error("Locker")
	}
	l.Lock()
	if err := o.excluded(); err != nil {
		t.Errorf("held in this process: %v", err)
	}
	var p *multiproc.Process[together]
	if err := o.Free.Update(func(*int) {
		p = start(t, keepTogether, o)
		if err := await(t.Context(), o.Post, 1); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
	l.Unlock()
	reach(o.Post, 2)
	back := must(wait(t, p))(t)
	want(t, "the value", load(t, o.V), 5)
	want(t, "the array", must(o.A.At(1))(t), 6)
	want(t, "the one without a lock", load(t, o.Free), 1)

	back.V.Locker().Lock() // what came back has the same lock
	if err := o.excluded(); err != nil {
		t.Errorf("held through what came back: %v", err)
	}
	back.Lock.Unlock()
	back.V.Close()
	back.A.Close()
	back.Lock.Close()
	back.Free.Close()
	back.Post.Close()
	want(t, "after the other handles are closed", load(t, o.V), 5)
}

// TestLockOutlivesItsHandle: an object that shares a lock has its own hold on it, and so have its views.
func TestLockOutlivesItsHandle(t *testing.T) {
	flat(t)
	l := must(psync.NewLock())(t)
	a := made(shm.ArrayOf([]int{1, 2, 3}, shm.WithLock(l)))(t)
	far := must(shm.NewArray[int](0))(t)
	far.Close()
	if err := far.UnmarshalCBOR(encoded(t, a)); err != nil {
		t.Fatal(err)
	}
	view := made(far.View(1, 3))(t)
	far.Close()
	view.Locker().Lock() // it was not far's alone
	if err := inVain(func(ctx context.Context) error { return a.UpdateContext(ctx, func([]int) {}) }); err != nil {
		t.Error(err)
	}
	view.Locker().Unlock()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, "array", must(a.At(0))(t), 1)
	of := made(a.View(0, 2))(t)
	if err := of.Set(1, 7); err != nil || must(view.At(0))(t) != 7 {
		t.Error("a view that was made after the lock's handle was closed:", err)
	}
	_, err := shm.NewValue(1, shm.WithLock(l))
	wantErr(t, "WithLock of a closed lock", err, shm.ErrClosed)
	_, err = shm.NewArray[int](1, shm.WithLock(new(psync.Lock)))
	wantErr(t, "WithLock of a zero lock", err, shm.ErrClosed)
	want(t, "WithLock(nil) is no option", must(made(shm.NewValue(1, shm.WithLock(nil)))(t).Load())(t), 1)
}

// TestLockOfAnother: one object's own lock can be another's as well.
func TestLockOfAnother(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(1))(t)
	w := made(shm.NewValue(2, shm.WithLock(v.Locker())))(t)
	if err := v.Update(func(*int) {
		if err := inVain(func(ctx context.Context) error { return w.UpdateContext(ctx, func(*int) {}) }); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Error(err)
	}
	killedInside(t, mortal{What: "value", V: w, W: v})
	want(t, "the lock's own object", load(t, v), 1)
	refuses(t, w, nil)
	killedInside(t, mortal{What: "value", V: v, W: w})
	if err := w.Repair(func(n *int) { *n = 3 }); err != nil {
		t.Error(err)
	}
	want(t, "the other", load(t, w), 3)
	refuses(t, v, nil)
}

// TestDecodedAgain: a handle that is decoded into what was another's has nothing left of that.
func TestDecodedAgain(t *testing.T) {
	flat(t)
	l := made(psync.NewLock())(t)
	own, shared, free := made(shm.NewValue(1))(t), made(shm.NewValue(2, shm.WithLock(l)))(t), made(shm.NewValue(3, shm.WithoutLock()))(t)
	all := []*shm.Value[int]{own, shared, free}
	for _, first := range all {
		for i, second := range all {
			v := decoded[shm.Value[int]](t, first)
			_ = v.Locker()
			if err := v.UnmarshalCBOR(encoded(t, second)); err != nil {
				t.Fatal(err)
			}
			want(t, "contents", load(t, v), i+1)
			lock := second.Locker()
			if lock == nil {
				want(t, "the lock of one without", v.Locker(), nil)
				continue
			}
			v.Locker().Lock()
			if lock.TryLock() {
				t.Errorf("decoded over another, %d has another lock", i+1)
			}
			v.Locker().Unlock()
			wantErr(t, "garbage", v.UnmarshalCBOR([]byte{0xf6}), errs.ErrWrongType)
			want(t, "contents after garbage", load(t, v), i+1)
		}
	}
}

type wrapped struct {
	R    *shm.RawArray[int]
	N    *shm.RawValue[int]
	Post signpost
}

var wrap = multiproc.Register("shm-wrap", func(ctx context.Context, w wrapped) (int, error) {
	a, err := w.R.Synchronized()
	if err != nil {
		return 0, err
	}
	n, err := w.N.Synchronized()
	if err != nil {
		return 0, err
	}
	if err := inVain(func(ctx context.Context) error { return a.UpdateContext(ctx, func([]int) {}) }); err != nil {
		return 0, fmt.Errorf("the array: %w", err)
	}
	if err := inVain(func(ctx context.Context) error { return n.UpdateContext(ctx, func(*int) {}) }); err != nil {
		return 0, fmt.Errorf("the value: %w", err)
	}
	reach(w.Post, 1)
	for range 1000 {
		if err := errors.Join(n.Update(func(n *int) { *n++ }), a.Update(func(s []int) { s[0]++; s[1]-- })); err != nil {
			return 0, err
		}
	}
	return n.Load()
})

// TestSynchronized: processes that wrap the same raw object exclude each other.
func TestSynchronized(t *testing.T) {
	flat(t)
	w := wrapped{made(shm.NewRawArray[int](2))(t), made(shm.NewRawValue(0))(t), newSignpost(t)}
	a, n := made(w.R.Synchronized())(t), made(w.N.Synchronized())(t)
	a.Locker().Lock()
	n.Locker().Lock()
	p := start(t, wrap, w)
	if err := await(t.Context(), w.Post, 1); err != nil {
		t.Error(err)
	}
	a.Locker().Unlock()
	n.Locker().Unlock()
	for range 1000 {
		if err := errors.Join(n.Update(func(n *int) { *n++ }), a.Update(func(s []int) { s[0]++; s[1]-- })); err != nil {
			t.Fatal(err)
		}
	}
	must(wait(t, p))(t)
	want(t, "the value", w.N.Load(), 2000)
	if !slices.Equal(w.R.Slice(), []int{2000, -2000}) {
		t.Errorf("the array: %v", w.R)
	}
	w.R.Close() // the wrapper has its own handle
	want(t, "the array", must(a.At(0))(t), 2000)

	l := made(psync.NewLock())(t)
	shared := made(w.N.Synchronized(shm.WithLock(l)))(t)
	want(t, "Synchronized with a lock", shared.Locker(), l)
	want(t, "Synchronized without one", made(w.N.Synchronized(shm.WithoutLock()))(t).Locker(), nil)
}
