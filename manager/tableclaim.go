package manager

import "slices"

// A claim is the number of a first reference: the one to the result of a method, which the server counts on behalf of a client that is about to learn of it. The client takes a reference of its own
// and then gives the first one back, both on other connections, so that nothing tells whose they are. Nor need it: where several clients are about to claim one object, any of their references
// is as good as another, and what has been given back counts for the oldest.
type claim uint64

// settled stands for none: an object that was made by create, which has no connection to give it back for.
const settled claim = 0

// claims are the first references to one object that are not given back yet.
type claims struct {
	open  []claim // the oldest first
	begun int     // how many of them somebody has begun to claim
}

// expect notes a first reference.
func (e *entry) expect(c claim) {
	if c == settled {
		return
	}
	if e.claims == nil {
		e.claims = &claims{}
	}
	e.claims.open = append(e.claims.open, c)
}

// begin is called when a reference was taken, and finish when one was given back.
func (e *entry) begin() {
	if e.claims != nil && e.claims.begun < len(e.claims.open) {
		e.claims.begun++
	}
}

func (e *entry) finish() {
	if e.claims != nil && e.claims.begun > 0 {
		e.claims.begun--
		e.settle(0)
	}
}

// settle forgets one of the first references.
func (e *entry) settle(i int) {
	p := e.claims
	if p.open = slices.Delete(p.open, i, i+1); len(p.open) == 0 {
		e.claims = nil
		return
	}
	p.begun = min(p.begun, len(p.open))
}

// expire looks what has become of a first reference. It is true if there is nothing left to do. A reference that nobody has begun to claim is taken back; with last, also one whose claimant has not
// given it back, since it is gone.
func (t *table) expire(ident string, c claim, last bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[ident]
	if e == nil || e.claims == nil {
		return true
	}
	i := slices.Index(e.claims.open, c)
	switch {
	case i < 0:
		return true
	case last || e.claims.begun < len(e.claims.open):
		e.settle(i)
		t.lower(e)
		return true
	}
	return false
}
