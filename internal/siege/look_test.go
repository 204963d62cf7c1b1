//go:build linux

package siege

import (
	"testing"

	"github.com/multiproc-go/multiproc/manager"
)

// The server's own view: tests wait until it has what they need, and never sleep instead.

var townConfig = manager.Config{}

// waiting is how many calls wait for an object.
func (s *town) waiting(ident string) int {
	for o := range s.Objects() {
		if o.Ident == ident {
			return len(o.Waiters)
		}
	}
	return 0
}

// has tells whether a client of this name is connected.
func (s *town) has(name string) bool {
	for _, c := range s.Clients() {
		if c.Name == name {
			return true
		}
	}
	return false
}

// crowd is how many connections there are.
func (s *town) crowd() int { return s.Stats().Connections }

// isQuiet waits until nobody but n clients is left, and then nothing may wait.
func (s *town) isQuiet(t testing.TB, n int) {
	t.Helper()
	eventually(t, "all others are gone", func() bool { return s.crowd() == n })
	if st := s.Stats(); st.Waiting > 0 || st.Panics > 0 {
		t.Errorf("%d calls wait, %d have failed in the server", st.Waiting, st.Panics)
	}
	for o := range s.Objects() {
		if len(o.Waiters) > 0 {
			t.Errorf("somebody waits for %+v", o)
		}
	}
}
