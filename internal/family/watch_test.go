//go:build linux

package family

import (
	"testing"
	"time"
)

// TestWatchOfTheDead and of those whose death only the table tells.
func TestWatchTable(t *testing.T) {
	f := isolated(t)
	fired := func(id Ident) chan struct{} {
		c := make(chan struct{}, 10)
		f.Watch(id, func() { c <- struct{}{} })
		return c
	}
	await := func(what string, c chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(time.Minute):
			t.Fatalf("not told: %s", what)
		}
	}
	await("nobody", fired(0))
	dead := reserve(t, f)
	f.MarkDead(dead)
	await("dead", fired(dead))
	f.Buried(dead)
	await("buried", fired(dead))

	// Not started: there is no process that the kernel could tell of.
	coming := reserve(t, f)
	first, second := fired(coming), fired(coming)
	if n := f.Watches(); n != 1 {
		t.Errorf("%d watches of one participant", n)
	}
	f.MarkDead(coming)
	await("given up", first)
	await("given up", second)
	if len(first)+len(second) != 0 {
		t.Error("told twice")
	}
	if n := f.Watches(); n != 0 {
		t.Errorf("%d watches left", n)
	}

	// Live by the table, but its pid is nobody's, or somebody else's.
	for what, spoil := range map[string]func(id Ident){
		"no such process": func(id Ident) { f.SetPID(id, 1<<30) },
		"no pid":          func(id Ident) { f.SetPID(id, 0) },
		"negative pid":    func(id Ident) { f.SetPID(id, -1) },
		"pid used again":  func(id Ident) { f.SetStart(id, 1) },
	} {
		id := another(t, f).Self()
		spoil(id)
		await(what, fired(id))
		if f.Alive(id) {
			t.Errorf("%s: alive", what)
		}
	}
}

func TestWatchStop(t *testing.T) {
	f := isolated(t)
	id := another(t, f).Self() // this very process: it will not end
	w := f.Watch(id, func() { t.Error("told of a death that was not") })
	w.Stop()
	w.Stop()
	if n := f.Watches(); n != 1 {
		t.Errorf("%d watches; one without subscribers is kept", n)
	}
	n := idleWatches + 20
	for range n {
		f.Watch(another(t, f).Self(), func() {}).Stop()
	}
	if got := f.Watches(); got > idleWatches+1 {
		t.Errorf("%d watches without a subscriber are open", got)
	}
	f.Watch(0, func() {}).Stop() // of the dead
}
