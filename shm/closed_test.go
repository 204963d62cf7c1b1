//go:build linux

package shm_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// finished checks every method of handles that have no object, be they closed or zero.
func finished(t *testing.T, v *shm.Value[int], a *shm.Array[int], r *shm.RawValue[int], s *shm.RawArray[int]) {
	t.Helper()
	errs := accesses(v, a)
	errs["Repair"] = v.Repair(func(*int) { t.Error("called") })
	errs["Repair of an array"] = a.Repair(func([]int) { t.Error("called") })
	for what, o := range map[string]interface {
		cbor.Marshaler
		Close() error
	}{"a value": v, "an array": a, "a raw value": r, "a raw array": s} {
		if _, err := o.MarshalCBOR(); err == nil {
			t.Errorf("MarshalCBOR of %s: no error", what)
		}
		errs["Close of "+what] = o.Close()
	}
	_, errs["Raw"] = v.Raw()
	_, errs["Raw of an array"] = a.Raw()
	_, errs["View"] = a.View(0, 0)
	_, errs["View of a raw array"] = s.View(0, 0)
	_, errs["Copy of a raw value"] = r.Copy()
	_, errs["Copy of a raw array"] = s.Copy()
	_, errs["Synchronized"] = r.Synchronized()
	_, errs["Synchronized array"] = s.Synchronized()
	for what, err := range errs {
		var b *shm.BoundsError
		if a.Len() == 0 && errors.As(err, &b) || a.Len() == 0 && what == "All" && err == nil {
			continue // there is nothing to index
		}
		wantErr(t, what, err, shm.ErrClosed)
	}
	for what, f := range map[string]func(){
		"Ptr": func() { r.Ptr() }, "Load": func() { r.Load() }, "Store": func() { r.Store(1) }, "AddRaw": func() { shm.AddRaw(r, 1) },
		"Slice": func() { s.Slice() }, "At": func() { s.At(0) }, "Set": func() { s.Set(0, 1) }, "CopyTo": func() { s.CopyTo(nil) },
		"CopyFrom": func() { s.CopyFrom(nil) }, "Fill": func() { s.Fill(0) },
	} {
		panicsWith(t, what, shm.ErrClosed, f)
	}
	if v.Locker() != nil && v.Locker().TryLock() {
		t.Error("Locker is still good for something")
	}
	for _, text := range []string{v.String(), a.String(), r.String(), s.String()} {
		if !strings.Contains(text, "closed") && !strings.Contains(text, "(none)") {
			t.Errorf("String: %s", text)
		}
	}
}

func TestAfterClose(t *testing.T) {
	for name, opts := range map[string][]shm.Option{"own lock": nil, "no lock": {shm.WithoutLock()}, "shared lock": {shm.WithLock(made(psync.NewLock())(t))}} {
		for _, locker := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				flat(t)
				v, a := must(shm.NewValue(1, opts...))(t), must(shm.NewArray[int](2, opts...))(t)
				r, s := must(shm.NewRawValue(1))(t), must(shm.NewRawArray[int](2))(t)
				if locker {
					v.Locker()
				}
				if err := errors.Join(v.Close(), a.Close(), r.Close(), s.Close()); err != nil {
					t.Fatal(err)
				}
				// Others have the memory now, and must not notice.
				next, nextArray := made(shm.NewValue(5))(t), made(shm.ArrayOf([]int{5, 5}))(t)
				if name == "shared lock" {
					return // its Locker is the user's, and open
				}
				finished(t, v, a, r, s)
				want(t, "the next object", load(t, next), 5)
				equal(t, "the next array", contents(t, nextArray), 5, 5)
			})
		}
	}
	l := made(psync.NewLock())(t)
	v := must(shm.NewValue(1, shm.WithLock(l)))(t)
	v.Close()
	_, err := v.Load()
	wantErr(t, "Load", err, shm.ErrClosed)
	want(t, "the lock of WithLock stays open", l.TryLock(), true)
	l.Unlock()
}

func TestZeroHandles(t *testing.T) {
	finished(t, new(shm.Value[int]), new(shm.Array[int]), new(shm.RawValue[int]), new(shm.RawArray[int]))
}

func TestNilHandles(t *testing.T) {
	for _, o := range []interface {
		cbor.Marshaler
		Close() error
		String() string
	}{(*shm.Value[int])(nil), (*shm.Array[int])(nil), (*shm.RawValue[int])(nil), (*shm.RawArray[int])(nil)} {
		if _, err := o.MarshalCBOR(); err == nil {
			t.Errorf("%T: MarshalCBOR has no error", o)
		}
		wantErr(t, "Close", o.Close(), shm.ErrClosed)
		if s := o.String(); !strings.HasSuffix(s, "[int](none)") && !strings.HasSuffix(s, "[int](closed)") {
			t.Error(s)
		}
	}
}

// TestCloseEndsWaits: whoever waits through a handle that is closed gets ErrClosed; other handles are not affected.
func TestCloseEndsWaits(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(1))(t)
	a := made(shm.NewArray[int](1, shm.WithLock(v.Locker())))(t)
	v2, a2 := decoded[shm.Value[int]](t, v), decoded[shm.Array[int]](t, a)
	v.Locker().Lock()
	errs := make(chan error)
	go func() { errs <- v2.Update(func(*int) {}) }()
	go func() { _, err := a2.At(0); errs <- err }()
	go func() { errs <- a2.Repair(func([]int) {}) }()
	testproc.Eventually(t, "three wait", func() bool { return strings.Contains(v.Locker().String(), "2 more goroutines") })
	if err := errors.Join(v2.Close(), a2.Close()); err != nil {
		t.Error(err)
	}
	for range 3 {
		wantErr(t, "a waiter", <-errs, shm.ErrClosed)
	}
	want(t, "the holder's lock", v.Locker().TryLock(), false)
	v.Locker().Unlock()
	want(t, "value", load(t, v), 1)
	want(t, "array", must(a.At(0))(t), 0)
}

// TestClosedWhileHeld: the lock of an object that is closed by its holder is free for the others.
func TestClosedWhileHeld(t *testing.T) {
	flat(t)
	v := must(shm.NewValue(1))(t)
	post := newSignpost(t)
	p := start(t, hold, holding{V: v, Post: post})
	if err := await(t.Context(), post, 1); err != nil {
		t.Fatal(err)
	}
	reach(post, 2)
	must(wait(t, p))(t)
	v.Locker().Lock()
	mine := decoded[shm.Value[int]](t, v)
	v.Close() // not the last handle of the process
	if err := inVain(func(ctx context.Context) error { return mine.UpdateContext(ctx, func(*int) {}) }); err != nil {
		t.Error(err)
	}
	mine.Locker().Unlock()
	want(t, "value", load(t, mine), 2)
}
