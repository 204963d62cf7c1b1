package arena

import (
	"fmt"
	"sync"

	"github.com/multiproc-go/multiproc/internal/debug"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/sys"
)

const (
	// windowUnits is how many units one mapping covers. Windows are mapped when first used and stay: their number, not that of the
	// objects, is what counts against the kernel's limit of mappings (65,530).
	windowUnits = 32
	windowSize  = windowUnits * family.UnitSize
	// WindowSize is a window in bytes.
	WindowSize = windowSize
)

// Arena is this process's share in the family's memory.
type Arena struct {
	f *family.Family

	mu       sync.Mutex
	windows  map[uint64][]byte
	segments map[uint64]*segment // own ones, by unit
	classes  [len(classSizes)][]*slab
	objects  map[uint64]*Object // those with a handle that has travelled, by offset
	serial   uint64
	checked  reserveCheck
	graves   []grave // freed blocks kept from reuse, in debug mode
	orphans  []orphan
	dropping bool // dropOrphans is at it

	sweeper sync.Once
}

var home struct {
	once sync.Once
	a    *Arena
	err  error
}

// Home is this process's arena in its family.
func Home() (*Arena, error) {
	home.once.Do(func() {
		f, err := family.Home()
		if err != nil {
			home.err = err
			return
		}
		home.a = &Arena{f: f, windows: map[uint64][]byte{}, segments: map[uint64]*segment{}, objects: map[uint64]*Object{}}
	})
	return home.a, home.err
}

// Family is whose memory this is.
func (a *Arena) Family() *family.Family { return a.f }

// quarantine is the debug mode MULTIPROC_DEBUG=quarantine: freed blocks are overwritten and kept from reuse for a long time, so that a use after Close shows.
var quarantine = debug.Has("quarantine")

// window returns the mapping that covers an offset. Called with mu held.
func (a *Arena) window(off uint64) ([]byte, error) {
	i := off / windowSize
	if w := a.windows[i]; w != nil {
		return w, nil
	}
	w, err := sys.Map(a.f.FD(), int64(i*windowSize), windowSize)
	if err != nil {
		return nil, fmt.Errorf("multiproc: %w", err)
	}
	a.windows[i] = w
	return w, nil
}

// blockAt is the block that begins at an offset which came from somewhere else: from a reference, a link or a peer. Called with mu held.
func (a *Arena) blockAt(off uint64) (block, error) {
	u := off / family.UnitSize
	if u < family.FirstUnit || u >= family.Units {
		return block{}, fmt.Errorf("%w: offset %#x is outside of the objects", errs.ErrCorrupt, off)
	}
	w := a.loadUnit(u)
	if w.kind() != unitSegment && w.kind() != unitLarge { // before a window is mapped for it
		return block{}, fmt.Errorf("%w: nothing at %#x", errs.ErrStale, off)
	}
	mem, err := a.window(off)
	if err != nil {
		return block{}, err
	}
	switch in := off % family.UnitSize; w.kind() {
	case unitSegment:
		base := u * family.UnitSize % windowSize
		size, ok := slabAt(mem[base:base+family.UnitSize], in)
		if !ok || (in-slabStart(in/slabSize))%size != 0 {
			return block{}, fmt.Errorf("%w: no block begins at %#x", errs.ErrStale, off)
		}
	case unitLarge:
		if in != 0 {
			return block{}, fmt.Errorf("%w: no object begins at %#x", errs.ErrStale, off)
		}
	}
	return at(mem, off%windowSize, off), nil
}

// room is how many bytes the block at an offset has.
func (a *Arena) room(off uint64) (uint64, error) {
	u := off / family.UnitSize
	w := a.loadUnit(u)
	if w.kind() == unitLarge {
		if n := w.count(); n >= 1 && n <= family.Units-u {
			return n * family.UnitSize, nil
		}
		return 0, fmt.Errorf("%w: length of the run at %#x", errs.ErrCorrupt, off)
	}
	mem, err := a.window(off)
	if err != nil {
		return 0, err
	}
	base := u * family.UnitSize % windowSize
	size, ok := slabAt(mem[base:base+family.UnitSize], off%family.UnitSize)
	if !ok {
		return 0, fmt.Errorf("%w: slab of the block at %#x", errs.ErrCorrupt, off)
	}
	return size, nil
}
