package arena

import (
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// Send keeps the objects of a message alive on its way to a participant: until Received there, or until it is dead and buried. The
// caller has handles to all of them.
func Send(refs []Ref, to family.Ident) error {
	if len(refs) == 0 {
		return nil
	}
	a, err := Home()
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, ref := range refs {
		err := a.send(ref, to)
		if err != nil {
			a.unsend(refs[:i], to)
			return err
		}
	}
	return nil
}

func (a *Arena) send(ref Ref, to family.Ident) error {
	o := a.objects[ref.Off]
	if o == nil || o.ref != ref {
		return errs.ErrClosed
	}
	b, err := a.blockAt(ref.Off)
	if err != nil {
		return err
	}
	killpoint.Here("arena.sending")
	return a.addChecked(b, ref, transit(a.f.Self(), to))
}

// addChecked adds a cell to an object that this process holds, and returns when nobody who was about to free it can have overlooked all cells: whoever adds one looks at the state
// afterwards (invariant 3).
func (a *Arena) addChecked(b block, ref Ref, cell uint64) error {
	if err := a.addCell(b, cell); err != nil {
		return err
	}
	if !a.settled(b, ref.Serial) {
		a.dropCell(b, cell)
		return errs.ErrStale
	}
	return nil
}

// Unsend takes Send back: the message was not sent.
func Unsend(refs []Ref, to family.Ident) {
	if len(refs) == 0 {
		return
	}
	a, err := Home()
	if err != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unsend(refs, to)
}

func (a *Arena) unsend(refs []Ref, to family.Ident) {
	for _, ref := range refs {
		a.arrived(ref, transit(a.f.Self(), to))
	}
}

// arrived removes a transit cell, and the object if that was all that kept it.
func (a *Arena) arrived(ref Ref, cell uint64) {
	b, err := a.blockAt(ref.Off)
	if err != nil || b.serial() != ref.Serial {
		return
	}
	if a.dropCell(b, cell) {
		a.free(b, ref.Serial)
	}
}

// Inbox holds the objects of a received message until it has been decoded.
type Inbox struct {
	handles []*Handle
}

// Received takes over the objects of a message from a participant: this process holds them from now on, and the message no longer does.
// References whose object is gone (the message is a replay, or the sender broke the rules) are left out; attaching them fails when the message is decoded.
func Received(refs []Ref, from family.Ident) *Inbox {
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
		o, err := a.attach(ref)
		killpoint.Here("arena.received")
		a.arrived(ref, transit(from, a.f.Self()))
		if err == nil {
			in.handles = append(in.handles, &Handle{o: o})
		}
	}
	return in
}

// Release ends the message's own hold; the handles that decoding has made remain.
func (in *Inbox) Release() {
	for _, h := range in.handles {
		_ = h.Close()
	}
	in.handles = nil
}
