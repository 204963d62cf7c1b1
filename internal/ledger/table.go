package ledger

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// Table is this process's view, through one handle, of the rows of one object. Several goroutines may use it.
type Table struct {
	h     *arena.Handle
	area  area
	me    family.Ident
	alive func(family.Ident) bool

	mine  atomic.Pointer[uint64] // the word of this process's row, as far as known
	spill atomic.Pointer[spill]
	mu    sync.Mutex // of attaching and closing the spill object
	done  bool
}

// spill is this process's attachment to the further rows.
type spill struct {
	further
	h *arena.Handle
}

// New is the table at a place in h's payload that has Size bytes and is aligned to 16.
func New(h *arena.Handle, at arena.Memory) *Table { return NewAs(h, at, family.Ident(h.Lock().Me)) }

// NewAs is New for another participant than this process, which a test plays.
func NewAs(h *arena.Handle, at arena.Memory, me family.Ident) *Table {
	t := &Table{h: h, area: area{at}, me: me, alive: func(family.Ident) bool { return true }}
	if a, err := arena.Home(); err == nil { // always: h is of this arena
		t.alive = a.Family().Alive
	}
	return t
}

// Me is the participant whose view this is.
func (t *Table) Me() family.Ident { return t.me }

// Alive reports whether a participant can still change its row, as far as the family knows.
func (t *Table) Alive(id family.Ident) bool { return t.alive(id) }

// Mine is this process's row, if it has one. It costs two loads when it was found before, else a look at all rows.
func (t *Table) Mine() (Row, bool) {
	if w := t.mine.Load(); w != nil && OwnerOf(atomic.LoadUint64(w)) == t.me {
		return Row{w}, true
	}
	for r := range t.Each {
		if r.Owner() == t.me {
			t.mine.Store(r.word)
			return r, true
		}
	}
	return Row{}, false
}

// Each calls yield for every row that names somebody, also of the dead.
func (t *Table) Each(yield func(Row) bool) {
	_ = t.Attach()
	t.Known(yield)
}

// Known is Each without those rows of a spill object to which this process has not attached. It takes no lock.
func (t *Table) Known(yield func(Row) bool) {
	for i := range Inline {
		if r := t.area.row(i); r.Owner() != 0 && !yield(r) {
			return
		}
	}
	s := t.spill.Load()
	if s == nil {
		return
	}
	for i := range s.used() {
		if r := s.row(i); r.Owner() != 0 && !yield(r) {
			return
		}
	}
}

// Claim is Mine, or makes a settled row this process's. The caller holds the object's embedded lock and has settled the rows of the dead. It may have to make the spill
// object, and then fails with ErrNoMemory as creating an object does. ErrCorrupt: there is no row, which can't be unless a peer has scribbled.
func (t *Table) Claim() (Row, error) {
	if err := t.Attach(); err != nil {
		return Row{}, err
	}
	if r, ok := t.Mine(); ok {
		return r, nil
	}
	for _, free := range []func(uint64) bool{t.empty, t.dead} {
		if r, ok := t.takeAny(free); ok {
			return r, nil
		}
	}
	if t.spill.Load() == nil {
		// Rather take the row of a living participant that does nothing, who then claims another at his next turn, than make room for all.
		if r, ok := t.takeAny(t.idle); ok {
			return r, nil
		}
		if err := t.makeSpill(); err != nil {
			return Row{}, err
		}
	}
	if r, ok := t.extend(); ok {
		return r, nil
	}
	if r, ok := t.takeAny(t.idle); ok {
		return r, nil
	}
	return Row{}, fmt.Errorf("%w: no row is left for this process", errs.ErrCorrupt)
}

// The ways in which a row may be free to take, by its word.
func (t *Table) empty(w uint64) bool { return OwnerOf(w) == 0 }
func (t *Table) dead(w uint64) bool  { return w&Counts == 0 && !t.alive(OwnerOf(w)) }
func (t *Table) idle(w uint64) bool  { return w&Counts == 0 }

// take makes the row this process's if it is free in the given way, and settled.
func (t *Table) take(r Row, free func(uint64) bool) bool {
	w := atomic.LoadUint64(r.word)
	if !free(w) {
		return false
	}
	if atomic.LoadUint64(r.Extra()) != 0 {
		if owner := OwnerOf(w); owner != 0 && t.alive(owner) {
			return false
		}
		atomic.StoreUint64(r.Extra(), 0) // of one who died between his last count and this; or nobody's, where only a scribbler has written
	}
	if !atomic.CompareAndSwapUint64(r.word, w, Word(t.me, 0)) {
		return false
	}
	killpoint.Here("ledger.claimed")
	t.mine.Store(r.word)
	return true
}

// takeAny takes the first row, of those ever used, that is free in the given way.
func (t *Table) takeAny(free func(uint64) bool) (Row, bool) {
	for i := range Inline {
		if r := t.area.row(i); t.take(r, free) {
			return r, true
		}
	}
	if s := t.spill.Load(); s != nil {
		for i := range s.used() {
			if r := s.row(i); t.take(r, free) {
				return r, true
			}
		}
	}
	return Row{}, false
}

// extend takes the first row of the spill object that was never used.
func (t *Table) extend() (Row, bool) {
	s := t.spill.Load()
	used := s.used()
	if used == spillRows {
		return Row{}, false
	}
	// The count first: a row beyond it would be overlooked.
	atomic.StoreUint64(s.count(), uint64(used)+1)
	killpoint.Here("ledger.extended")
	r := s.row(used)
	return r, t.take(r, t.empty)
}

// Attach makes the rows of the spill object, if there is one, visible here. Each does so itself, but can't say that it failed: whoever must not overlook
// a row calls Attach before. ErrCorrupt: the object is not there; ErrClosed after Close.
func (t *Table) Attach() error {
	if t.spill.Load() != nil || !t.area.published() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return errs.ErrClosed
	}
	if t.spill.Load() != nil {
		return nil
	}
	h, err := t.named()
	if err != nil {
		return err
	}
	t.spill.Store(&spill{further{h.Payload()}, h})
	return nil
}

// named attaches the object that the area names.
func (t *Table) named() (*arena.Handle, error) {
	h, err := arena.Attach(t.area.ref())
	if err != nil {
		return nil, fmt.Errorf("%w: further rows of a %s: %w", errs.ErrCorrupt, handle.KindName(t.h.Kind()), err)
	}
	if h.Kind() != handle.KindRows || h.Size() < spillSize {
		_ = h.Close()
		return nil, fmt.Errorf("%w: further rows of a %s are a %s", errs.ErrCorrupt, handle.KindName(t.h.Kind()), handle.KindName(h.Kind()))
	}
	return h, nil
}

// makeSpill makes the spill object, or ends what a killed process has begun. The caller holds the embedded lock.
func (t *Table) makeSpill() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return errs.ErrClosed
	}
	h, err := t.begun()
	if err != nil {
		return err
	}
	ref := h.Ref()
	killpoint.Here("ledger.named")
	if err := arena.Keep([]arena.Ref{ref}, t.h, itemOf(ref.Off)); err != nil {
		atomic.StoreUint64(t.area.spill(), 0)
		_ = h.Close()
		return err
	}
	killpoint.Here("ledger.kept")
	atomic.StoreUint64(t.area.spill(), ref.Off)
	t.spill.Store(&spill{further{h.Payload()}, h})
	killpoint.Here("ledger.spilt")
	return nil
}

// begun is an object that the area names as being made, held by this process and not kept yet.
func (t *Table) begun() (*arena.Handle, error) {
	if atomic.LoadUint64(t.area.spill()) != 0 { // its maker is dead
		if h, err := t.named(); err == nil {
			ref := h.Ref()
			arena.Unkeep([]arena.Ref{ref}, t.h, itemOf(ref.Off)) // it may have come so far
			return h, nil
		}
		atomic.StoreUint64(t.area.spill(), 0) // no number goes with the wrong serial
	}
	h, err := arena.New(arena.Spec{Kind: handle.KindRows, Size: spillSize})
	if err != nil {
		return nil, err
	}
	ref := h.Ref()
	atomic.StoreUint64(t.area.serial(), ref.Serial)
	atomic.StoreUint64(t.area.spill(), ref.Off|making)
	return h, nil
}

// Close gives the spill object up. Close the object's handle first, which ends all waits: no row is valid afterwards.
func (t *Table) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = true
	t.mine.Store(nil)
	if s := t.spill.Swap(nil); s != nil {
		_ = s.h.Close()
	}
}
