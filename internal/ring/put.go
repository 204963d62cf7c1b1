package ring

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// Item is a record to be put.
type Item struct {
	Kind uint8
	Data []byte
	Refs []arena.Ref // objects that Data refers to; the caller has handles to them until the Put is over
}

// Put puts an item, and waits for room. An error means that the item is not in the ring.
func (r *Ring) Put(ctx context.Context, it *Item) error {
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	large, spilled, err := r.fit(it)
	if err != nil {
		return err
	}
	if spilled != nil {
		it = &large
	}
	if err = r.put(ctx, it, spilled != nil); err == ErrFull {
		err = r.putWait(ctx, it, spilled != nil)
	}
	if spilled != nil {
		_ = spilled.Close() // the ring keeps it now, or nobody does
	}
	runtime.KeepAlive(r.h)
	return err
}

// TryPut puts an item if there is room for it, and returns ErrFull otherwise, or when a stopped process holds the producers' lock.
func (r *Ring) TryPut(it *Item) error {
	large, spilled, err := r.fit(it)
	if err != nil {
		return err
	}
	if spilled != nil {
		it = &large
	}
	if err = r.put(noWait, it, spilled != nil); err == errBusy {
		err = ErrFull
	}
	if spilled != nil {
		_ = spilled.Close()
	}
	runtime.KeepAlive(r.h)
	return err
}

func (r *Ring) putWait(ctx context.Context, it *Item, spilled bool) (err error) {
	slept := false
	try := func() bool {
		err = r.put(ctx, it, spilled)
		if err != ErrFull && slept && !r.full() {
			r.ring(offPutBell) // invariant 4
		}
		return err != ErrFull
	}
	werr := r.putters.WaitOr(ctx, r.h, func() (*uint32, uint32, bool) {
		bell := atomic.LoadUint32(r.a.u32(offPutBell)) | asleep
		if slept {
			r.flag(offPutBell)
		}
		if try() || r.watch(ctx, r.drained) && try() {
			return nil, 0, true
		}
		slept = true
		r.flag(offPutBell)
		gone := r.Gone != nil && r.Gone()
		if try() {
			return nil, 0, true
		}
		if gone {
			err = errs.ErrNoPeer
			return nil, 0, true
		}
		killpoint.Here("ring.put-waiting")
		return r.a.u32(offPutBell), bell, false
	}, func() { r.passOn(offPutBell) })
	if werr != nil {
		return werr
	}
	return err
}

// put puts an item now, or returns ErrFull.
func (r *Ring) put(ctx context.Context, it *Item, spilled bool) error {
	if err := r.enter(ctx, &r.producer); err != nil {
		return err
	}
	err := r.write(it, spilled)
	if err == nil && r.sleepers(offGetBell) {
		r.leaveAndRing(&r.producer, offGetBell)
	} else {
		r.leave(&r.producer)
	}
	return err
}

// full is a look without the lock, whether there is room for nothing at all.
func (r *Ring) full() bool { return !r.room(r.a.tail(), r.a.head(), 1) }

// PutSome puts the first of n items that there is room for, all under one lock, and returns how many; ErrFull when there is room for none. next returns the item of an index.
func (r *Ring) PutSome(n int, next func(i int) *Item) (done int, err error) {
	if err := r.enter(noWait, &r.producer); err == errBusy {
		return 0, ErrFull
	} else if err != nil {
		return 0, err
	}
	for done < n {
		it := next(done)
		if it == nil || !r.fits(it) {
			break
		}
		if err = r.write(it, false); err != nil {
			break
		}
		done++
	}
	if done > 0 && r.sleepers(offGetBell) {
		r.leaveAndRing(&r.producer, offGetBell)
	} else {
		r.leave(&r.producer)
	}
	runtime.KeepAlive(r.h)
	if done > 0 && err == ErrFull {
		err = nil
	}
	return done, err
}

// write copies an item behind the tail and commits it. The caller is in.
func (r *Ring) write(it *Item, spilled bool) error {
	if r.Closed() { // invariant 5
		return errs.ErrClosed
	}
	tail := r.a.tail()
	if atomic.LoadUint64(r.a.u64(offIntent)) != 0 {
		r.abandon(tail)
	}
	length := uint64(len(it.Data))
	if len(it.Refs) > 0 {
		length += 8 + 16*uint64(len(it.Refs))
	}
	if spilled {
		length -= uint64(len(it.Data))
	}
	units := 1 + (length+unit-1)/unit
	head := place(r.seenHead.Load())
	if tail != r.lastTail || !r.room(tail, head, units) {
		head = r.a.head()
		if err := r.check(tail, head); err != nil {
			return err
		}
		r.seenHead.Store(uint64(head))
		if !r.room(tail, head, units) {
			return ErrFull
		}
		r.h.Lock().RaceAcquire()
	}
	h := header{length: uint32(length), kind: it.Kind, item: uint16(tail.items())}
	pos := tail.pos()*unit + unit
	if len(it.Refs) == 0 {
		r.copyIn(pos, it.Data)
	} else {
		h.flags = hasRefs
		if spilled {
			h.flags |= hasSpill
		}
		pos = r.copyRefs(pos, it.Refs)
		if !spilled {
			r.copyIn(pos, it.Data)
		}
	}
	r.a.storeHeader(r.data, tail.pos()*unit&r.mask, h)
	killpoint.Here("ring.written")
	if len(it.Refs) > 0 {
		atomic.StoreUint64(r.a.u64(offIntent), tail.items()+1)
		err := arena.Keep(it.Refs, r.h, uint32(tail.items()))
		killpoint.Here("ring.kept")
		if err != nil {
			atomic.StoreUint64(r.a.u64(offIntent), 0)
			if errors.Is(err, errs.ErrClosed) { // not the ring
				err = fmt.Errorf("queue: a shared object in the item was closed before the item was in: %w", errs.ErrStale)
			}
			return err
		}
	}
	r.h.Lock().RaceRelease()
	r.lastTail = tail.past(units)
	r.a.setTail(r.lastTail)
	killpoint.Here("ring.committed")
	if len(it.Refs) > 0 {
		arena.Supersede(it.Refs, r.h, uint32(tail.items()))
		atomic.StoreUint64(r.a.u64(offIntent), 0)
	}
	return nil
}

// room reports whether units more fit between tail and head.
func (r *Ring) room(tail, head place, units uint64) bool {
	used := (tail.pos() - head.pos()) & posMask
	return used+units <= uint64(len(r.data))/unit && (tail.items()-head.items())&itemMask < r.cap
}

// check refuses places that no correct process writes.
func (r *Ring) check(tail, head place) error {
	used, items := (tail.pos()-head.pos())&posMask, (tail.items()-head.items())&itemMask
	if used > uint64(len(r.data))/unit || items > r.cap || items > used || (items == 0) != (used == 0) {
		return fmt.Errorf("%w: a queue of %d items and %d bytes claims to have %d items in %d bytes", errs.ErrCorrupt, r.cap, len(r.data), items, used*unit)
	}
	return nil
}

// copyIn copies bytes to a position of the data, which may be any number: it is taken modulo the size.
func (r *Ring) copyIn(pos uint64, b []byte) {
	n := copy(r.data[pos&r.mask:], b)
	copy(r.data, b[n:])
}

func (r *Ring) copyOut(b []byte, pos uint64) {
	n := copy(b, r.data[pos&r.mask:])
	copy(b[n:], r.data)
}

func (r *Ring) copyRefs(pos uint64, refs []arena.Ref) (after uint64) {
	b := make([]byte, 0, 8+16*len(refs))
	b = binary.LittleEndian.AppendUint64(b, uint64(len(refs)))
	for _, ref := range refs {
		b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, ref.Off), ref.Serial)
	}
	r.copyIn(pos, b)
	return pos + uint64(len(b))
}

// abandon drops what a dead producer has kept for an item that it did not commit (invariant 3). When it did commit, only the note is left.
func (r *Ring) abandon(tail place) {
	if refs := r.abandoned(tail); len(refs) > 0 {
		arena.Unkeep(refs, r.h, uint32(tail.items()))
	}
	killpoint.Here("ring.abandoned")
	atomic.StoreUint64(r.a.u64(offIntent), 0)
}

// abandoned is the references of the item behind the tail, if they have been, or are about to be, kept.
func (r *Ring) abandoned(tail place) []arena.Ref {
	if atomic.LoadUint64(r.a.u64(offIntent)) != tail.items()+1 {
		return nil
	}
	head := r.a.head()
	h := r.a.loadHeader(r.data, tail.pos()*unit&r.mask)
	if r.check(tail, head) != nil || h.flags&hasRefs == 0 {
		return nil
	}
	refs, _, err := r.refs(tail, h, uint64(len(r.data))/unit-(tail.pos()-head.pos())&posMask)
	if err != nil {
		return nil
	}
	return refs
}
