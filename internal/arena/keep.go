package arena

import (
	"slices"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// An object can keep others alive, without a process that holds them: a queue those that its items refer to. The kept object has a cell that names its keeper and
// the number of an item; the keeper's memory says which items there are. When an item leaves, or the keeper is freed, the cell is void, whatever
// happens to whoever was about to remove it.

// KeptBits is how many bits of an item's number a cell holds. A keeper has fewer than 2^KeptBits - 1 items at a time.
const KeptBits = 23

const keptMask = 1<<KeptBits - 1

// Keeper is how the arena reads the memory of a kind of objects that keep others. Nothing that the functions read may be trusted; they get at least Min bytes.
type Keeper struct {
	Min uint64
	// Window is the numbers of the items that the keeper has: from first on, before end. The item end, which is being added, counts as well: its references are
	// kept before it is there. An end that is one before first is none at all.
	Window func(payload Memory) (first, end uint32)
	// Left calls drop for each reference of the items that a keeper has when it is freed.
	Left func(payload Memory, size uint64, drop func(item uint32, ref Ref))
}

var keepers [256]*Keeper

// RegisterKeeper tells how objects of a kind keep others. Call it from init.
func RegisterKeeper(kind uint8, k Keeper) { keepers[kind] = &k }

func kept(keeper uint64, item uint32) uint64 {
	return cellKept | uint64(item&keptMask)<<3 | keeper/blockAlign<<(3+KeptBits)
}

// keeps reports whether the keeper that a cell names is there and has the item.
func (a *Arena) keeps(cell uint64) bool {
	b, err := a.blockAt(cell >> (3 + KeptBits) * blockAlign)
	if err != nil {
		return false
	}
	// Who frees the keeper may yet find that somebody holds it (invariant 3), and drops what it keeps if not.
	if s := b.state(); s != stateLive && (s&stateFreeing == 0 || !a.f.Alive(family.Ident(s)&family.IdentMask) && !a.inHands(b)) {
		return false
	}
	k := keepers[uint8(b.kind())]
	if k == nil {
		return false
	}
	room, err := a.room(b.off)
	if err != nil || room < headOf(k.Min)+k.Min || b.size() < k.Min {
		return false
	}
	first, end := k.Window(unsafePayload(b, b.size()))
	n := (end - first) & keptMask
	return n != keptMask && (uint32(cell>>3)-first)&keptMask <= n
}

// inHands reports whether a process holds the object, or a message is on its way with it, as far as the header's own cells tell.
func (a *Arena) inHands(b block) bool {
	for i := range inlineCells {
		if c := atomic.LoadUint64(b.u64(uintptr(offCells + 8*i))); c&cellKinds != cellKept && a.valid(c) {
			return true
		}
	}
	return false
}

// Keep makes an item of the keeper's a reason for the objects to live. The caller has handles to all of them, and to the keeper.
func Keep(refs []Ref, keeper *Handle, item uint32) error {
	a := keeper.o.a
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, ref := range refs {
		err := a.addKept(ref, kept(keeper.o.ref.Off, item))
		if err != nil {
			for _, ref := range refs[:i] {
				a.arrived(ref, kept(keeper.o.ref.Off, item))
			}
			return err
		}
	}
	return nil
}

func (a *Arena) addKept(ref Ref, cell uint64) error {
	o := a.objects[ref.Off]
	if o == nil || o.ref != ref {
		return errs.ErrClosed
	}
	b, err := a.blockAt(ref.Off)
	if err != nil {
		return err
	}
	killpoint.Here("arena.keeping")
	return a.addChecked(b, ref, cell)
}

// Unkeep takes Keep back, or ends it: the item is gone. Objects that nobody holds any more are freed.
func Unkeep(refs []Ref, keeper *Handle, item uint32) {
	if len(refs) == 0 {
		return
	}
	a := keeper.o.a
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ref := range refs {
		killpoint.Here("arena.unkeeping")
		a.arrived(ref, kept(keeper.o.ref.Off, item))
	}
}

// Supersede drops what earlier items of the keeper's have kept of the objects: the item is there, and leaves after them. So however many items refer to one object, one cell says so.
func Supersede(refs []Ref, keeper *Handle, item uint32) {
	a := keeper.o.a
	a.mu.Lock()
	defer a.mu.Unlock()
	last := kept(keeper.o.ref.Off, item)
	const number = uint64(keptMask) << 3
	for _, ref := range refs {
		b, err := a.blockAt(ref.Off)
		if err != nil || b.serial() != ref.Serial {
			continue
		}
		_ = a.eachCell(b, func(c *uint64) bool {
			if v := atomic.LoadUint64(c); v != last && v&^number == last&^number {
				atomic.CompareAndSwapUint64(c, v, 0)
			}
			return true
		})
	}
}

// Hold makes this process hold the objects of an item that it is about to take. References whose object is gone are left out; attaching them fails when the item is decoded.
func Hold(refs []Ref) *Inbox {
	in := &Inbox{}
	if len(refs) == 0 {
		return in
	}
	a, err := Home()
	if err != nil {
		return in
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, ref := range refs {
		if o, err := a.attach(ref); err == nil {
			in.handles = append(in.handles, &Handle{o: o})
		}
	}
	return in
}

// Held reports whether anybody has a handle to the object, or a message or a keeper refers to it.
func Held(ref Ref) bool {
	a, err := Home()
	if err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b, err := a.blockAt(ref.Off)
	if err != nil || !a.settled(b, ref.Serial) {
		return false
	}
	if a.held(b) {
		return true
	}
	// A cell that was passed on while they were read one after the other may have been overlooked. Freeing is sure (invariant 3).
	a.free(b, ref.Serial)
	return a.settled(b, ref.Serial)
}

// Holders calls yield for every living participant that has a handle to the object, or to whom a message with one is on its way, and reports whether there may
// be others: those who take an item that refers to it out of a queue.
func Holders(ref Ref, yield func(family.Ident)) (others bool) {
	a, err := Home()
	if err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b, err := a.blockAt(ref.Off)
	if err != nil || !a.settled(b, ref.Serial) {
		return false
	}
	// A cell that is passed on while they are read one after the other is in one of two readings.
	var seen []family.Ident
	for range 2 {
		others = a.holders(b, func(id family.Ident) {
			if !slices.Contains(seen, id) {
				seen = append(seen, id)
			}
		}) || others
	}
	for _, id := range seen {
		yield(id)
	}
	return others
}

func (a *Arena) holders(b block, yield func(family.Ident)) (others bool) {
	err := a.eachCell(b, func(c *uint64) bool {
		cell := atomic.LoadUint64(c)
		if !a.valid(cell) {
			return true
		}
		switch cell & cellKinds {
		case cellHold:
			yield(family.Ident(cell>>3) & family.IdentMask)
		case cellTransit:
			yield(family.Ident(cell>>32) & family.IdentMask)
		default:
			others = true
		}
		return true
	})
	return others || err != nil
}

// orphan is a reference of a keeper that is being freed.
type orphan struct {
	ref  Ref
	cell uint64
}

// bequeath notes what the keeper in a block still keeps, before the block is wiped. Called with mu held.
func (a *Arena) bequeath(b block) {
	k := keepers[uint8(b.kind())]
	if k == nil || k.Left == nil || b.kind() > 0xff {
		return
	}
	size := b.size()
	room, err := a.room(b.off)
	if head := headOf(size); err != nil || size < k.Min || room < head || size > room-head {
		return
	}
	payload := unsafePayload(b, size)
	if end := headOf(size) + size; end > windowSize-b.off%windowSize {
		mapping, err := sys.Map(a.f.FD(), int64(b.off), int(end))
		if err != nil {
			return // what it kept is found by the sweeps: the cells are void
		}
		defer sys.Unmap(mapping)
		payload = unsafePayload(at(mapping, 0, b.off), size)
	}
	k.Left(payload, size, func(item uint32, ref Ref) {
		a.orphans = append(a.orphans, orphan{ref, kept(b.off, item)})
	})
}

// dropOrphans frees what keepers that are gone have kept: one after the other, since a queue may hold a queue that holds a queue. Called with mu held.
func (a *Arena) dropOrphans() {
	if a.dropping {
		return
	}
	a.dropping = true
	for len(a.orphans) > 0 {
		last := a.orphans[len(a.orphans)-1]
		a.orphans = a.orphans[:len(a.orphans)-1]
		a.arrived(last.ref, last.cell)
	}
	a.orphans, a.dropping = nil, false
}
