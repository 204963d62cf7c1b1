package psync

import (
	"context"
	"errors"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// A Mutex is what a Condition can belong to: a *Lock or an *RLock.
type Mutex interface {
	fmt.Stringer
	Close() error
	mutex() *arena.Handle
}

func (l *Lock) mutex() *arena.Handle {
	if l == nil {
		return nil
	}
	return l.h
}

func (l *RLock) mutex() *arena.Handle {
	if l == nil {
		return nil
	}
	return l.h
}

// attachMutex makes a handle to the lock of an encoded condition.
func attachMutex(ref arena.Ref) (Mutex, error) {
	h, err := arena.Attach(ref)
	if err != nil {
		return nil, fmt.Errorf("psync: attach the lock of a Condition: %w", err)
	}
	switch h.Kind() {
	case handle.KindLock, handle.KindValue, handle.KindArray: // an object's own lock is a Lock too, see lockhook
		l := new(Lock)
		l.init(h)
		return l, nil
	case handle.KindRLock:
		return &RLock{object: object{h: h, kind: handle.KindRLock}, rlockUse: &rlockUse{door: door{handle: h}}}, nil
	}
	_ = h.Close()
	return nil, fmt.Errorf("%w: the lock of a Condition is a %s", errs.ErrWrongType, handle.KindName(h.Kind()))
}

// tenure is a goroutine's hold on a lock that it gives up while it waits, and takes back.
type tenure struct {
	h      *arena.Handle
	holder *Holder // of an RLock
	depth  int
}

// tenureOf is the caller's hold on the lock; an error says that there is none.
func tenureOf(ctx context.Context, m Mutex) (tenure, error) {
	t := tenure{h: m.mutex()}
	if l, ok := m.(*RLock); ok {
		if t.holder, ok = l.HolderFrom(ctx); !ok {
			return t, errors.New("psync: Wait of a Condition with an RLock finds the Holder in its context, and this one carries none of that lock: pass holder.Context(ctx)")
		}
		t.h = t.holder.l.h
		if t.holder.Depth() == 0 {
			return t, fmt.Errorf("psync: Wait needs the lock: take it with the Holder that the context carries: %w", errs.ErrNotOwner)
		}
	}
	return t, holds(t.h, "Wait")
}

// holds reports whether this process has a lock, which is what can be known of a goroutine.
func holds(h *arena.Handle, to string) error {
	switch {
	case h.Closed():
		return fmt.Errorf("psync: the lock of the Condition: %w", errs.ErrClosed)
	case !h.Lock().Held():
		return fmt.Errorf("psync: %s needs the lock: take it before, and look at what it guards: %w", to, errs.ErrNotOwner)
	}
	return nil
}

func (t *tenure) core() *robust.Core { return t.h.Lock() }

func (t *tenure) giveUp() error {
	if t.holder == nil {
		return t.core().Release()
	}
	if t.depth = t.holder.releaseAll(); t.depth == 0 {
		return errs.ErrNotOwner
	}
	return nil
}

// takeBack waits for the lock whatever becomes of the context; only Close of the lock ends that.
func (t *tenure) takeBack() (err error) {
	switch {
	case t.holder != nil:
		_, err = t.holder.reacquire(t.depth)
	case t.h.Closed():
		err = errs.ErrClosed
	default:
		_, err = t.core().Acquire(context.Background(), t.h, 0)
	}
	return err
}
