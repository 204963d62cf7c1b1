package ring

import (
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// maxLength is the longest record: its length has 32 bits.
const maxLength = 1<<32 - unit

// largest is how long an item with so many references may be to go into the ring itself: a half of it, so that two always fit; false when not even the references do.
func (r *Ring) largest(refs int) (uint64, bool) {
	room := min(uint64(len(r.data))/2-unit, maxLength)
	if refs == 0 {
		return room, true
	}
	need := 8 + 16*uint64(refs)
	return room - min(need, room), need <= room
}

func (r *Ring) fits(it *Item) bool {
	n, ok := r.largest(len(it.Refs))
	return ok && uint64(len(it.Data)) <= n
}

// fit puts the contents of an item that is too large for the ring into an object of their own, which becomes the first of its references. When it returns a handle the caller puts the
// item that is returned, and closes the handle after that: from the commit on the ring keeps the object.
func (r *Ring) fit(it *Item) (large Item, h *arena.Handle, err error) {
	if r.fits(it) {
		return Item{}, nil, nil
	}
	if _, ok := r.largest(len(it.Refs) + 1); !ok {
		return Item{}, nil, fmt.Errorf("multiproc: the item refers to %d shared objects; a queue of %d bytes can carry %d at a time (make it with more memory)",
			len(it.Refs), len(r.data), (len(r.data)/2-unit-8)/16-1)
	}
	if h, err = arena.New(arena.Spec{Kind: handle.KindItem, Size: max(uint64(len(it.Data)), 1)}); err != nil {
		return Item{}, nil, err
	}
	copy(payloadBytes(h.Payload(), h.Size()), it.Data)
	return Item{Kind: it.Kind, Data: it.Data, Refs: append([]arena.Ref{h.Ref()}, it.Refs...)}, h, nil
}

// checkMemory is from what size on it is worth asking whether there is memory for an item.
const checkMemory = 64 << 20

// unspill copies the contents of a large item out of their object.
func (r *Ring) unspill(o *Out, ref arena.Ref) error {
	h, err := arena.Attach(ref)
	if err != nil {
		return fmt.Errorf("%w: the contents of a large item are gone: %w", errs.ErrCorrupt, err)
	}
	defer h.Close()
	if h.Kind() != handle.KindItem {
		return fmt.Errorf("%w: the contents of a large item are in a %s", errs.ErrCorrupt, handle.KindName(h.Kind()))
	}
	if n := h.Size(); n > checkMemory && !o.Exact && n > uint64(sys.FreeMemory().Available) { // or a scribbled size would end this process
		return fmt.Errorf("%w: an item of %d bytes", errs.ErrNoMemory, n)
	}
	if err := o.resize(h.Size()); err != nil {
		return err
	}
	copy(o.Data, payloadBytes(h.Payload(), h.Size()))
	return nil
}

// Keeper is how the arena reads rings: register it for each kind of object that is one.
func Keeper() arena.Keeper {
	return arena.Keeper{
		Min:    offData,
		Window: func(p arena.Memory) (first, end uint32) { return area{p}.window() },
		Left: func(p arena.Memory, size uint64, drop func(uint32, arena.Ref)) {
			a := area{p}
			n := *a.u64(offBytes)
			if size < offData || n != size-offData || n&(n-1) != 0 || n < minBytes {
				return
			}
			r := &Ring{a: a, data: a.data(n), mask: n - 1, cap: uint64(*a.u32(offCapacity))}
			r.left(drop)
		},
	}
}

// window is the numbers of the items that are there, for package arena: the one behind the tail counts as long as there is somebody who may commit it.
func (a area) window() (first, end uint32) {
	for range 16 {
		tail := a.tail()
		pending := atomic.LoadUint64(a.u64(offIntent)) == tail.items()+1 && alive(atomic.LoadUint32(a.u32(offProducer)))
		if first = uint32(a.head().items()); a.tail() != tail {
			continue // what was pending is there by now
		}
		if end = uint32(tail.items()); !pending {
			end--
		}
		return first, end
	}
	return uint32(a.head().items()), uint32(a.tail().items()) // a busy ring: somebody commits
}

// alive reports whether the process that a lock's word names is.
func alive(word uint32) bool {
	a, err := arena.Home()
	return err == nil && a.Family().Alive(family.Ident(word)&family.IdentMask)
}

// left calls drop for the references of every item that is in the ring, and of the one that a dead producer was about to put there.
func (r *Ring) left(drop func(uint32, arena.Ref)) {
	head, tail := r.a.head(), r.a.tail()
	if r.check(tail, head) != nil {
		return
	}
	for _, ref := range r.abandoned(tail) {
		drop(uint32(tail.items()), ref)
	}
	for head.items() != tail.items() {
		h := r.a.loadHeader(r.data, head.pos()*unit&r.mask)
		units := 1 + (uint64(h.length)+unit-1)/unit
		if units > (tail.pos()-head.pos())&posMask {
			return
		}
		if h.flags&hasRefs != 0 {
			if refs, _, err := r.refs(head, h, units); err == nil {
				for _, ref := range refs {
					drop(uint32(head.items()), ref)
				}
			}
		}
		head = head.past(units)
	}
}
