package ring

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// Out is where an item goes.
type Out struct {
	Data  []byte       // before: room, filled from its beginning; after: the item's contents, in that room if they fit
	Exact bool         // Data has the only length that is accepted; another one is *SizeError, and the item stays
	Fit   bool         // an item that is longer than Data is *SizeError, and the item stays
	Kind  uint8        // of the item
	Raw   bool         // only an item of KindRaw is accepted, without Raw only one of another kind; else it is ErrKind, and the item stays
	Inbox *arena.Inbox // holds the objects that the item refers to; release it after decoding
}

// KindRaw is the kind of items that are bytes and nothing else.
const KindRaw = 0xff

// SizeError: the item does not fit into the room for it.
type SizeError struct{ Have, Need int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("multiproc: the item has %d bytes, the room for it %d", e.Need, e.Have)
}

// ErrKind: the item is of another kind than what was asked for.
var ErrKind = fmt.Errorf("%w: the next item is of another kind", errs.ErrWrongType)

// Get takes the next item, and waits for one. It ends with ErrClosed when the ring is closed and empty, with io.EOF when it is empty and Gone says so.
func (r *Ring) Get(ctx context.Context, o *Out) error {
	if ctx.Err() != nil {
		return errs.FromContext(ctx)
	}
	err := r.get(ctx, o)
	if err == ErrEmpty && r.glance(r.filled) {
		err = r.get(ctx, o)
	}
	if err == ErrEmpty {
		err = r.getWait(ctx, o)
	}
	runtime.KeepAlive(r.h)
	return err
}

// TryGet takes the next item if there is one, and returns ErrEmpty otherwise, or why there will be none. ErrEmpty is also the answer when a stopped process holds the
// consumers' lock.
func (r *Ring) TryGet(o *Out) error {
	err := r.get(noWait, o)
	if err == ErrEmpty {
		found, end := r.ended(func() bool {
			err = r.get(noWait, o)
			return err != ErrEmpty
		})
		if !found {
			err = end
		}
	}
	if err == errBusy {
		err = ErrEmpty
	}
	runtime.KeepAlive(r.h)
	return err
}

// ended tells why an empty ring will stay so: ErrClosed or io.EOF; ErrEmpty when it need not. again looks for an item once more after the reason was seen.
func (r *Ring) ended(again func() bool) (found bool, err error) {
	err = ErrEmpty
	switch {
	case r.h.Closed(), r.Closed():
		err = errs.ErrClosed
	case r.Gone != nil && r.Gone():
		err = io.EOF
	}
	if err != ErrEmpty && again() {
		return true, nil
	}
	return false, err
}

func (r *Ring) getWait(ctx context.Context, o *Out) (err error) {
	return r.waitFor(ctx, func() bool {
		err = r.get(ctx, o)
		return err != ErrEmpty
	}, &err)
}

// WaitReadable waits until there is an item, or a reason why there will be none, and takes nothing.
func (r *Ring) WaitReadable(ctx context.Context) (err error) {
	err = r.waitFor(ctx, func() bool { return !r.empty() }, &err)
	runtime.KeepAlive(r.h)
	if err == io.EOF || err == errs.ErrClosed && !r.h.Closed() {
		return nil
	}
	return err
}

// Ready reports whether a Get would return at once, with an item or because there will be none.
func (r *Ring) Ready() (bool, error) {
	if r.h.Closed() {
		return false, errs.ErrClosed
	}
	if !r.empty() {
		return true, nil
	}
	_, err := r.ended(func() bool { return !r.empty() })
	runtime.KeepAlive(r.h)
	return err != ErrEmpty, nil
}

// waitFor waits until try says that it is done, or for the reason why it never will be.
func (r *Ring) waitFor(ctx context.Context, try func() bool, err *error) error {
	slept := false
	again := func() bool {
		done := try()
		if done && slept && !r.empty() {
			r.ring(offGetBell) // invariant 4: for what is left, whose producer may have found nobody to wake
		}
		return done
	}
	werr := r.getters.WaitOr(ctx, r.h, func() (*uint32, uint32, bool) {
		bell := atomic.LoadUint32(r.a.u32(offGetBell)) | asleep
		if slept {
			r.flag(offGetBell)
		}
		if again() || r.watch(ctx, r.filled) && again() {
			return nil, 0, true
		}
		slept = true
		r.flag(offGetBell)
		killpoint.Here("ring.flagged")
		found, end := r.ended(again)
		if found || end == ErrEmpty && again() {
			return nil, 0, true
		}
		if end != ErrEmpty {
			*err = end
			return nil, 0, true
		}
		killpoint.Here("ring.get-waiting")
		return r.a.u32(offGetBell), bell, false
	}, func() { r.passOn(offGetBell) })
	if werr != nil {
		return werr
	}
	return *err
}

// empty is a look without the lock.
func (r *Ring) empty() bool { return r.a.head().items() == r.a.tail().items() }

// get takes an item now, or returns ErrEmpty.
func (r *Ring) get(ctx context.Context, o *Out) error {
	if r.h.Closed() {
		return errs.ErrClosed
	}
	if r.empty() {
		return ErrEmpty
	}
	if err := r.enter(ctx, &r.consumer); err != nil {
		return err
	}
	err := r.read(o)
	if err == nil && r.sleepers(offPutBell) {
		r.leaveAndRing(&r.consumer, offPutBell)
	} else {
		r.leave(&r.consumer)
	}
	return err
}

// GetSome takes up to n items that are there, all under one lock, and returns how many; ErrEmpty when there is none. next returns where to put the item
// of an index.
func (r *Ring) GetSome(n int, next func(i int) *Out) (taken int, err error) {
	if r.h.Closed() {
		return 0, errs.ErrClosed
	}
	if r.empty() {
		return 0, ErrEmpty
	}
	if err := r.enter(noWait, &r.consumer); err == errBusy {
		return 0, ErrEmpty
	} else if err != nil {
		return 0, err
	}
	for taken < n {
		if err = r.read(next(taken)); err != nil {
			break
		}
		taken++
	}
	if taken > 0 && r.sleepers(offPutBell) {
		r.leaveAndRing(&r.consumer, offPutBell)
	} else {
		r.leave(&r.consumer)
	}
	runtime.KeepAlive(r.h)
	if taken > 0 && err == ErrEmpty {
		err = nil
	}
	return taken, err
}

// read copies the item at the head out and takes it. The caller is in.
func (r *Ring) read(o *Out) error {
	head, tail := r.a.head(), r.a.tail()
	if head == tail {
		return ErrEmpty
	}
	r.h.Lock().RaceAcquire()
	if err := r.check(tail, head); err != nil {
		return err
	}
	h := r.a.loadHeader(r.data, head.pos()*unit&r.mask)
	units := 1 + (uint64(h.length)+unit-1)/unit
	if used := (tail.pos() - head.pos()) & posMask; units > used || h.item != uint16(head.items()) {
		return fmt.Errorf("%w: item %d of a queue claims to be number %d, %d bytes long, of %d", errs.ErrCorrupt, head.items(), h.item, h.length, used*unit)
	}
	if o.Raw != (h.kind == KindRaw) {
		return ErrKind
	}
	var refs []arena.Ref
	if h.flags&hasRefs == 0 {
		if err := o.resize(uint64(h.length)); err != nil {
			return err
		}
		r.copyOut(o.Data, head.pos()*unit+unit)
	} else {
		var err error
		if refs, err = r.readRefs(o, head, h, units); err != nil {
			return err
		}
	}
	o.Kind = h.kind
	item := head.items()
	if r.Taking != nil {
		if err := r.Taking(item); err != nil {
			o.drop()
			return err
		}
	}
	killpoint.Here("ring.read")
	r.h.Lock().RaceRelease()
	r.a.setHead(head.past(units))
	killpoint.Here("ring.taken")
	if r.Taken != nil {
		r.Taken(item)
	}
	if len(refs) > 0 {
		arena.Unkeep(refs, r.h, uint32(item))
	}
	return nil
}

func (o *Out) drop() {
	if o.Inbox != nil {
		o.Inbox.Release()
		o.Inbox = nil
	}
}

// resize makes o.Data n bytes long.
func (o *Out) resize(n uint64) error {
	if o.Exact && n != uint64(len(o.Data)) || o.Fit && n > uint64(len(o.Data)) {
		return &SizeError{len(o.Data), int(n)}
	}
	if uint64(cap(o.Data)) < n {
		o.Data = make([]byte, n)
	}
	o.Data = o.Data[:n]
	return nil
}

// readRefs is the part of read for an item with references: it holds the objects (invariant 3) and copies the contents.
func (r *Ring) readRefs(o *Out, head place, h header, units uint64) ([]arena.Ref, error) {
	refs, pos, err := r.refs(head, h, units)
	if err != nil {
		return nil, err
	}
	if h.flags&hasSpill == 0 {
		n := uint64(h.length) - (pos - head.pos()*unit - unit)
		if err := o.resize(n); err != nil {
			return nil, err
		}
		r.copyOut(o.Data, pos)
	} else if err := r.unspill(o, refs[0]); err != nil {
		return nil, err
	}
	o.Inbox = arena.Hold(refs)
	killpoint.Here("ring.held")
	return refs, nil
}

// refs reads the references of the record at a place, which has at most so many units, and returns the position behind them.
func (r *Ring) refs(at place, h header, units uint64) ([]arena.Ref, uint64, error) {
	var word [8]byte
	pos := at.pos()*unit + unit
	r.copyOut(word[:], pos)
	n := binary.LittleEndian.Uint64(word[:])
	if room := min(uint64(h.length), (units-1)*unit); units == 0 || room < 8 || n > (room-8)/16 || n == 0 && h.flags&hasSpill != 0 {
		return nil, 0, fmt.Errorf("%w: an item of %d bytes claims to have %d references", errs.ErrCorrupt, h.length, n)
	}
	b := make([]byte, 16*n)
	r.copyOut(b, pos+8)
	refs := make([]arena.Ref, n)
	for i := range refs {
		refs[i] = arena.Ref{Off: binary.LittleEndian.Uint64(b[16*i:]), Serial: binary.LittleEndian.Uint64(b[16*i+8:])}
	}
	return refs, pos + 8 + 16*n, nil
}
