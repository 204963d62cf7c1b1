//go:build linux

package shm_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

type mortal struct {
	What string
	V, W *shm.Value[int]
	A    *shm.Array[int]
}

const inside = "shm-inside"

// change does one change; a kill point stands in its middle.
var change = multiproc.Register("shm-change", func(ctx context.Context, m mortal) (struct{}, error) {
	half := func(n *int) { *n = -1; multiproctest.Here(inside); *n = 1 }
	halves := func(s []int) { s[0] = -1; multiproctest.Here(inside); s[0] = 1 }
	switch m.What {
	case "value":
		return struct{}{}, m.V.Update(half)
	case "repair":
		return struct{}{}, m.V.Repair(half)
	case "array":
		return struct{}{}, m.A.Update(halves)
	case "array repair":
		return struct{}{}, m.A.Repair(halves)
	case "locker":
		m.V.Locker().Lock()
		multiproctest.Here(inside)
		m.V.Locker().Unlock()
		return struct{}{}, nil
	}
	return struct{}{}, fmt.Errorf("unknown change %q", m.What)
})

// killedInside kills a worker inside the change and returns it.
func killedInside(t testing.TB, m mortal) *multiproc.Process[struct{}] {
	t.Helper()
	p := start(t, change, m, multiproctest.KillAt(inside, 1))
	_, err := wait(t, p)
	var exit *multiproc.ExitError
	if !errors.As(err, &exit) || exit.SignalName != "SIGKILL" {
		t.Fatalf("the worker ended with %v", err)
	}
	return p
}

// names fails the test unless the error says who died.
func names(t testing.TB, err error, p *multiproc.Process[struct{}]) {
	t.Helper()
	if !errors.Is(err, shm.ErrOwnerDied) || !strings.Contains(err.Error(), p.Name()) || !strings.Contains(err.Error(), fmt.Sprint("pid ", p.PID())) {
		t.Errorf("want ErrOwnerDied that names %s, pid %d: %v", p.Name(), p.PID(), err)
	}
}

// accesses are all ways to a value and an array that take their lock.
func accesses(v *shm.Value[int], a *shm.Array[int]) map[string]error {
	out := map[string]error{}
	if v != nil {
		_, out["Load"] = v.Load()
		out["Store"] = v.Store(1)
		out["Update"] = v.Update(func(*int) { panic("called") })
		out["UpdateContext"] = v.UpdateContext(context.Background(), func(*int) { panic("called") })
		_, out["Add"] = shm.Add(v, 1)
		_, out["Copy"] = v.Copy()
	}
	if a != nil {
		_, out["At"] = a.At(0)
		out["Set"] = a.Set(0, 1)
		_, out["CopyTo"] = a.CopyTo(make([]int, 1))
		_, out["CopyFrom"] = a.CopyFrom(make([]int, 1))
		out["Fill"] = a.Fill(1)
		out["Update of an array"] = a.Update(func([]int) { panic("called") })
		out["UpdateContext of an array"] = a.UpdateContext(context.Background(), func([]int) { panic("called") })
		_, out["Copy of an array"] = a.Copy()
		out["All"], _ = panicked(func() {
			for range a.All() {
				panic(errors.New("a step"))
			}
		}).(error)
	}
	return out
}

func refuses(t testing.TB, v *shm.Value[int], a *shm.Array[int]) {
	t.Helper()
	for what, err := range accesses(v, a) {
		wantErr(t, what, err, shm.ErrOwnerDied)
	}
}

func TestKilledInsideUpdate(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(5))(t)
	other := decoded[shm.Value[int]](t, v)
	p := killedInside(t, mortal{What: "value", V: v})
	_, err := v.Load()
	names(t, err, p)
	refuses(t, v, nil)
	refuses(t, other, nil)
	if s := v.String(); !strings.HasPrefix(s, "Value[int](") || !strings.Contains(s, "died") {
		t.Errorf("String: %s", s)
	}
	_, err = wait(t, start(t, change, mortal{What: "value", V: v}))
	wantErr(t, "Update in another process", err, shm.ErrOwnerDied)

	raw := made(v.Raw())(t)
	want(t, "what the dead has left, through Raw", raw.Load(), -1)
	wrapped := made(raw.Synchronized())(t)
	refuses(t, wrapped, nil)

	killedInside(t, mortal{What: "repair", V: v}) // no better
	refuses(t, v, nil)
	want(t, "a panic in Repair", panicked(func() { _ = v.Repair(func(*int) { panic("no better") }) }), any("no better"))
	refuses(t, v, nil)
	if err := other.Repair(func(n *int) { *n = 42 }); err != nil {
		t.Fatal(err)
	}
	want(t, "repaired", load(t, v), 42)
	run(t, change, mortal{What: "value", V: v})
	want(t, "changed", load(t, v), 1)
	if err := v.Repair(func(n *int) { *n++ }); err != nil { // of what is whole
		t.Error(err)
	}
	want(t, "repaired for nothing", load(t, v), 2)
}

func TestKilledInsideArrayUpdate(t *testing.T) {
	flat(t)
	a := made(shm.NewArray[int](4))(t)
	view := made(a.View(1, 3))(t)
	p := killedInside(t, mortal{What: "array", A: view})
	names(t, view.Set(1, 1), p)
	refuses(t, nil, a)
	refuses(t, nil, view)
	if s := a.String(); !strings.HasPrefix(s, "Array[int](") || !strings.Contains(s, "died") {
		t.Errorf("String: %s", s)
	}
	refuses(t, nil, made(a.View(3, 4))(t)) // the whole array, not only what was being changed
	killedInside(t, mortal{What: "array repair", A: a})
	refuses(t, nil, view)
	if err := view.Repair(func(s []int) { s[0] = 7 }); err != nil {
		t.Fatal(err)
	}
	got := make([]int, 4)
	must(a.CopyTo(got))(t)
	if !slices.Equal(got, []int{-1, 7, 0, 0}) {
		t.Errorf("contents %v", got)
	}
}

// TestKilledAmongWaiters: those who wait when the holder is killed get the error, all of them, and then their turn.
func TestKilledAmongWaiters(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(0))(t)
	post := newSignpost(t)
	p := start(t, hold, holding{V: v, Post: post})
	if err := await(t.Context(), post, 1); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 4 {
		go func() { errs <- v.Update(func(*int) {}) }()
	}
	testproc.Eventually(t, "somebody waits", func() bool { return strings.Contains(v.Locker().String(), "waited") })
	_ = p.Kill()
	for range 4 {
		wantErr(t, "a waiter", <-errs, shm.ErrOwnerDied)
	}
	if err := v.Repair(func(*int) {}); err != nil {
		t.Error(err)
	}
	_, _ = wait(t, p)
}

// TestPanicInsideUpdate: a panic, or the end of the goroutine, counts as a death inside; the panic goes on.
func TestPanicInsideUpdate(t *testing.T) {
	flat(t)
	l := made(psync.NewLock())(t)
	for name, opts := range map[string][]shm.Option{"own lock": nil, "shared lock": {shm.WithLock(l)}, "no lock": {shm.WithoutLock()}} {
		t.Run(name, func(t *testing.T) {
			v, a := made(shm.NewValue(1, opts...))(t), made(shm.NewArray[int](3, opts...))(t)
			third := made(shm.NewValue(3, opts...))(t)
			view := made(a.View(1, 2))(t)
			want(t, "a panic in Update", panicked(func() { _ = v.Update(func(n *int) { *n = 9; panic("oh") }) }), any("oh"))
			refuses(t, v, nil)
			want(t, "the array is another object", must(a.At(0))(t), 0)
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = view.Update(func([]int) { runtime.Goexit() })
			}()
			<-done
			refuses(t, nil, a)
			refuses(t, nil, view)
			want(t, "a third object", load(t, third), 3)
			if err := errors.Join(v.Repair(func(n *int) { *n++ }), a.Repair(func([]int) {})); err != nil {
				t.Error(err)
			}
			want(t, "repaired", load(t, v), 10)
			want(t, "repaired", must(view.At(0))(t), 0)
			want(t, "a panic in Repair", panicked(func() { _ = a.Repair(func([]int) { panic("no") }) }), any("no"))
			refuses(t, nil, view)
		})
	}
	if !l.TryLock() {
		t.Error("the lock is still held")
	} else {
		l.Unlock()
	}
}

// TestKilledInOneOfTwo: with a lock that two objects share, only the one that was being changed refuses.
func TestKilledInOneOfTwo(t *testing.T) {
	flat(t)
	l := made(psync.NewLock())(t)
	m := mortal{What: "value", V: made(shm.NewValue(1, shm.WithLock(l)))(t), W: made(shm.NewValue(2, shm.WithLock(l)))(t), A: made(shm.NewArray[int](2, shm.WithLock(l)))(t)}
	p := killedInside(t, m)
	rec, err := l.Acquire(t.Context())
	if err != nil || rec.PID != p.PID() || rec.Name != p.Name() {
		t.Errorf("Acquire: %v, %v", rec, err)
	}
	l.Unlock()
	refuses(t, m.V, nil)
	want(t, "the other one", load(t, m.W), 2)
	want(t, "the third", must(m.A.At(0))(t), 0)

	m.What = "array"
	p = killedInside(t, m)
	_, err = m.A.At(0)
	names(t, err, p)
	want(t, "the other one", load(t, m.W), 2)
	if err := m.V.Repair(func(*int) {}); err != nil {
		t.Error(err)
	}
	want(t, "the one", load(t, m.V), -1)
	refuses(t, nil, m.A)
	if err := m.A.Repair(func(s []int) { s[0] = 3 }); err != nil {
		t.Error(err)
	}
	want(t, "the third", must(m.A.At(0))(t), 3)
}

// TestKilledUnderLocker: what a process does under Locker is between the user and Recovery.
func TestKilledUnderLocker(t *testing.T) {
	flat(t)
	v := made(shm.NewValue(5))(t)
	p := killedInside(t, mortal{What: "locker", V: v})
	rec, err := v.Locker().Acquire(t.Context())
	if err != nil || !rec.Recovered() || rec.PID != p.PID() || rec.Updating {
		t.Errorf("Acquire: %+v, %v", rec, err)
	}
	v.Locker().Unlock()
	want(t, "the value", load(t, v), 5)
	killedInside(t, mortal{What: "locker", V: v})
	want(t, "the value, without looking at Recovery", load(t, v), 5)
}
