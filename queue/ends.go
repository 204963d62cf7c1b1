package queue

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// A pipe is two small objects, its ends, and a ring for each direction. Each end keeps the rings (arena.Keep), so they live as long as one of the ends does. Who
// has an end holds its object; that nobody holds the other end's object is the end of the pipe, whether it was closed or its holders
// were killed. Whoever closes the last handle makes those at the other end look, after a death everybody looks anyway, and for all other ways in which
// an end may be lost (it was in an item that nobody will receive) whoever frees the object does it.

func init() {
	arena.RegisterKeeper(handle.KindConn, arena.Keeper{
		Min:    endSize,
		Window: func(arena.Memory) (first, end uint32) { return 0, 0 },
		Left: func(p arena.Memory, _ uint64, drop func(uint32, arena.Ref)) {
			in, out := *(end{p}).ref(offIn), *(end{p}).ref(offOut)
			for _, ref := range []arena.Ref{in, out} {
				if ref.Off != 0 {
					drop(0, ref)
				}
			}
			bereaving.begin()
			go func() { // the arena is locked here
				defer bereaving.end()
				bereave(in, out)
			}()
		},
	})
}

// bereaving counts what is being done for ends that are gone: Close returns when it is done, so that a process may end then.
var bereaving = tasksUnderWay{idle: sync.NewCond(new(sync.Mutex))}

type tasksUnderWay struct {
	idle *sync.Cond
	n    int
}

func (t *tasksUnderWay) begin() {
	t.idle.L.Lock()
	defer t.idle.L.Unlock()
	t.n++
}

func (t *tasksUnderWay) end() {
	t.idle.L.Lock()
	defer t.idle.L.Unlock()
	if t.n--; t.n == 0 {
		t.idle.Broadcast()
	}
}

// wait returns when nothing is under way, or after a second: a process that is stopped inside of a ring holds it up.
func (t *tasksUnderWay) wait() {
	t.idle.L.Lock()
	defer t.idle.L.Unlock()
	if t.n == 0 {
		return
	}
	late := false
	defer time.AfterFunc(time.Second, func() {
		t.idle.L.Lock()
		defer t.idle.L.Unlock()
		late = true
		t.idle.Broadcast()
	}).Stop()
	for t.n > 0 && !late {
		t.idle.Wait()
	}
}

var (
	errSendOnly = errors.New("queue: this end of a one-way pipe sends only")
	errRecvOnly = errors.New("queue: this end of a one-way pipe receives only")
)

// ends is one handle to an end.
type ends struct {
	end     *arena.Handle
	in, out *ring.Ring // nil in the direction that a one-way pipe does not have
	peer    arena.Ref
	f       *family.Family

	looked atomic.Uint64 // deaths and closed ends that were known when the other end was last seen to be there, +1
}

// makeEnds makes a pipe from b to a, or with both directions.
func makeEnds(s ring.Spec, duplex bool) (a, b *ends, err error) {
	s.Kind = handle.KindPipe
	var made []func() error
	defer func() {
		if err != nil {
			for _, undo := range made {
				_ = undo()
			}
		}
	}()
	var toA, toB *ring.Ring
	if toA, err = ring.New(s); err != nil {
		return nil, nil, err
	}
	made = append(made, toA.Detach)
	if duplex {
		if toB, err = ring.New(s); err != nil {
			return nil, nil, err
		}
		made = append(made, toB.Detach)
	}
	var tokens [2]*arena.Handle
	for i := range tokens {
		if tokens[i], err = arena.New(arena.Spec{Kind: handle.KindConn, Size: endSize, Type: s.Type}); err != nil {
			return nil, nil, err
		}
		made = append(made, tokens[i].Close)
	}
	refs := []arena.Ref{toA.Handle().Ref()}
	var back arena.Ref
	if duplex {
		back = toB.Handle().Ref()
		refs = append(refs, back)
	}
	for i, t := range tokens {
		e := end{t.Payload()}
		*e.magic() = endMagic
		*e.ref(offIn), *e.ref(offOut) = refs[0], back
		if i == 1 {
			*e.ref(offIn), *e.ref(offOut) = back, refs[0]
		}
		*e.ref(offPeer) = tokens[1-i].Ref()
		if err = arena.Keep(refs, t, 0); err != nil {
			return nil, nil, err
		}
	}
	if b, err = attachEnd(tokens[1]); err != nil {
		return nil, nil, err
	}
	if a, err = attachEnd(tokens[0]); err != nil {
		return nil, nil, err
	}
	_ = toA.Detach() // the ends have handles of their own
	if toB != nil {
		_ = toB.Detach()
	}
	return a, b, nil
}

// attachEnd makes this process's view of an end. It owns h unless it fails.
func attachEnd(h *arena.Handle) (*ends, error) {
	if h.Kind() != handle.KindConn || h.Size() < endSize {
		return nil, fmt.Errorf("%w: a %s was expected, the object is a %s", errs.ErrWrongType, handle.KindName(handle.KindConn), handle.KindName(h.Kind()))
	}
	a, err := arena.Home()
	if err != nil {
		return nil, err
	}
	e := end{h.Payload()}
	s := &ends{end: h, peer: *e.ref(offPeer), f: a.Family()}
	if *e.magic() != endMagic {
		return nil, fmt.Errorf("%w: no end of a pipe where one should be", ErrCorrupt)
	}
	for at, r := range map[uintptr]**ring.Ring{offIn: &s.in, offOut: &s.out} {
		ref := *e.ref(at)
		if ref.Off == 0 {
			continue
		}
		if *r, err = ring.Attach(ref, handle.KindPipe); err != nil {
			s.detach()
			return nil, fmt.Errorf("queue: attach a pipe: %w", err)
		}
		(*r).Gone = s.alone
	}
	return s, nil
}

// alone reports whether nobody holds the other end.
func (s *ends) alone() bool { return !arena.Held(s.peer) }

// sender is the ring to send into, unless nobody is left who could receive. As long as nobody has died and no end was closed it costs two loads.
func (s *ends) sender() (*ring.Ring, error) {
	switch {
	case s == nil:
		return nil, ErrClosed
	case s.out == nil:
		return nil, errRecvOnly
	case s.end.Closed():
		return nil, ErrClosed
	}
	now := uint64(s.f.Deaths())<<32 | uint64(s.out.Ends())
	if s.looked.Load() != now+1 {
		if s.alone() {
			return nil, ErrNoPeer
		}
		s.looked.Store(now + 1)
	}
	return s.out, nil
}

// sent is what Send returns when its ring has returned err: bereave may have closed the ring meanwhile.
func (s *ends) sent(err error) error {
	if err == ErrClosed && s.out.Closed() && !s.end.Closed() {
		return ErrNoPeer
	}
	return err
}

func (s *ends) receiver() (*ring.Ring, error) {
	switch {
	case s == nil:
		return nil, ErrClosed
	case s.in == nil:
		return nil, errSendOnly
	}
	return s.in, nil
}

// close gives the end up, and makes the other end look if it was the last handle.
func (s *ends) close() error {
	ref := s.end.Ref()
	if err := s.end.Close(); err != nil {
		return err
	}
	killpoint.Here("pipe.closed")
	if !arena.Held(ref) {
		for _, r := range []*ring.Ring{s.in, s.out} {
			if r != nil {
				r.EndClosed()
			}
		}
	}
	s.detach()
	bereaving.wait()
	return nil
}

// bereave is called when an end is gone, with the rings that it received from and sent into. The other end may be asleep. What was sent to the one that is gone is thrown away: among it
// may be ends of other pipes, whose peers wait for somebody to receive and use them.
func bereave(in, out arena.Ref) {
	for _, ref := range []arena.Ref{out, in} {
		if ref.Off == 0 {
			continue
		}
		r, err := ring.Attach(ref, handle.KindPipe)
		if err != nil {
			continue // the other end is gone as well, and nobody is left
		}
		r.EndClosed()
		if ref == in {
			_ = r.Shut() // first: nothing follows what is thrown away
			discard(r)
		}
		_ = r.Detach()
	}
}

func discard(r *ring.Ring) {
	for raw := false; ; {
		o := ring.Out{Raw: raw}
		switch err := r.TryGet(&o); {
		case errors.Is(err, ring.ErrKind):
			raw = !raw
		case err != nil:
			return
		case o.Inbox != nil:
			o.Inbox.Release()
		}
	}
}

func (s *ends) detach() {
	for _, r := range []*ring.Ring{s.in, s.out} {
		if r != nil {
			_ = r.Detach()
		}
	}
}

func (s *ends) String() string {
	if s.end.Closed() {
		return "closed"
	}
	text := "the other end is open"
	if s.alone() {
		text = "the other end is closed"
	}
	if s.in != nil {
		text += fmt.Sprintf("; %d to receive", s.in.Len())
	}
	if s.out != nil {
		text += fmt.Sprintf("; %d sent and not received", s.out.Len())
	}
	return text
}

// MarshalCBOR encodes the handle to this end, so that it can be part of an argument, a result or an item.
func (c *Conn[T]) MarshalCBOR() ([]byte, error) {
	switch {
	case c == nil || c.s == nil:
		return nil, errors.New("queue: a Conn that NewPipe did not make can't be sent")
	case c.s.end.Closed():
		return nil, fmt.Errorf("queue: sending a Conn: %w", ErrClosed)
	}
	return handle.Blob{Kind: handle.KindConn, Ref: c.s.end.Ref(), Type: c.c.name}.MarshalCBOR()
}

// UnmarshalCBOR makes c a handle to the end that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it has another T.
func (c *Conn[T]) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, handle.KindConn)
	if err != nil {
		return err
	}
	code, err := codecOf[T]()
	if err != nil {
		return err
	}
	h, err := arena.Attach(b.Ref)
	if err != nil {
		return fmt.Errorf("queue: attach a Conn of %s: %w", code.name, err)
	}
	if h.Type() != code.typ {
		_ = h.Close()
		return &TypeMismatchError{Want: code.name, Have: b.Type}
	}
	s, err := attachEnd(h)
	if err != nil {
		_ = h.Close()
		return err
	}
	c.c = code
	c.own(s)
	return nil
}
