package queue

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/ring"
)

func init() {
	for _, kind := range []uint8{handle.KindQueue, handle.KindJoinableQueue, handle.KindPipe} {
		arena.RegisterKeeper(kind, ring.Keeper())
	}
	arena.RegisterKeeper(handle.KindConsumers, ledger.Keeper(offRows))
}

// TypeMismatchError: a handle was attached with another item type than the queue or pipe was made with.
type TypeMismatchError struct {
	Want string // the item type of this program's variable
	Have string // the item type of the queue
}

func (e *TypeMismatchError) Error() string {
	return fmt.Sprintf("queue: it carries %s, and was attached as one of %s", e.Have, e.Want)
}

// Unwrap makes errors.Is find the sentinel for handles of a wrong type.
func (e *TypeMismatchError) Unwrap() error { return errs.ErrWrongType }

// MarshalCBOR encodes the handle, so that it can be part of an argument, a result or an item.
func (q *Queue[T]) MarshalCBOR() ([]byte, error) { // not core's: that can't be called through a nil *Queue
	switch {
	case q == nil || q.r == nil:
		return nil, errors.New("queue: a queue that New did not make can't be sent")
	case q.r.Handle().Closed():
		return nil, fmt.Errorf("queue: sending a %s: %w", handle.KindName(q.kind), ErrClosed)
	}
	defer runtime.KeepAlive(q.r)
	return handle.Blob{Kind: q.kind, Ref: q.r.Handle().Ref(), Type: q.c.name}.MarshalCBOR()
}

// attach makes q a handle to the queue that was encoded.
func (q *core[T]) attach(data []byte, kind uint8) error {
	b, err := handle.Parse(data, kind)
	if err != nil {
		return err
	}
	c, err := codecOf[T]()
	if err != nil {
		return err
	}
	r, err := ring.Attach(b.Ref, kind)
	if err != nil {
		return fmt.Errorf("queue: attach a %s of %s: %w", handle.KindName(kind), c.name, err)
	}
	if r.Handle().Type() != c.typ {
		_ = r.Detach()
		return &TypeMismatchError{Want: c.name, Have: b.Type}
	}
	q.r, q.c, q.kind = r, c, kind
	return nil
}

// UnmarshalCBOR makes q a handle to the queue that was encoded. It fails with ErrStale when that is gone, and with *TypeMismatchError when it has another T.
func (q *Queue[T]) UnmarshalCBOR(data []byte) error { return q.attach(data, handle.KindQueue) }
