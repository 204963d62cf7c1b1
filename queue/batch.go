package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/envelope"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// batch is how many items are put or taken under one lock.
const batch = 64

// PutBatch puts all items of vs, in order, and waits for room as Put does. It returns how many it has put: fewer than all only with an error, which is then about the
// next one. Others may put in between. It is faster than Put for each, about 30 ns instead of 100 for small items.
func (q *core[T]) PutBatch(ctx context.Context, vs []T) (n int, err error) {
	if q.r == nil {
		return 0, ErrClosed
	}
	if ctx.Err() != nil {
		return 0, errs.FromContext(ctx)
	}
	if q.putting != nil {
		q.putting()
	}
	for n < len(vs) {
		some := vs[n:min(n+batch, len(vs))]
		items, err := q.items(some)
		for rest := items; len(rest) > 0; {
			done, err := q.r.PutSome(len(rest), func(i int) *ring.Item { return &rest[i] })
			if err == nil && done == 0 || err == ErrFull { // full, or the next is large
				if err = q.r.Put(ctx, &rest[0]); err == nil {
					done = 1
				}
			}
			n, rest = n+done, rest[done:]
			if err != nil {
				return n, waiting(ctx, q, "room in", err)
			}
		}
		keep(some) // they have the handles of what the items refer to
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// items makes records of values, before any lock is taken: encoding is the user's code. With an error it returns those before the one that can't be encoded.
func (q *core[T]) items(vs []T) ([]ring.Item, error) {
	items := make([]ring.Item, len(vs))
	for i := range vs {
		if q.c.how != asCBOR {
			items[i] = q.c.item(&vs[i])
			continue
		}
		data, refs, err := envelope.EncodeFrom(&vs[i])
		if err != nil {
			return items[:i], err
		}
		items[i] = ring.Item{Kind: asCBOR, Data: data, Refs: refs}
	}
	return items, nil
}

// GetBatch takes up to len(vs) items, as many as there are, and waits while there is none. It returns how many it has taken, at least one unless there is an
// error. An item that can't be decoded was taken as well: it is the zero value, and the error names its index.
func (q *core[T]) GetBatch(ctx context.Context, vs []T) (n int, err error) {
	if q.r == nil {
		return 0, ErrClosed
	}
	if len(vs) == 0 {
		return 0, nil
	}
	if ctx.Err() != nil {
		return 0, errs.FromContext(ctx)
	}
	if n, err = q.getSome(vs[:min(batch, len(vs))]); err != ErrEmpty {
		return n, err
	}
	if err := q.GetInto(ctx, &vs[0]); err != nil {
		return 0, err
	}
	n, err = q.getSome(vs[1:min(batch, len(vs))])
	if err == ErrEmpty || err == ErrClosed {
		err = nil
	}
	return n + 1, err
}

func (q *core[T]) getSome(vs []T) (n int, err error) {
	if len(vs) == 0 {
		return 0, nil
	}
	outs := make([]ring.Out, len(vs))
	n, err = q.r.GetSome(len(vs), func(i int) *ring.Out {
		if q.c.how == asMemory {
			outs[i].Data, outs[i].Exact = bytesOf(&vs[i]), true
		}
		return &outs[i]
	})
	err = q.c.unfit(err)
	var failed []error
	for i := range n {
		if e := q.c.take(&outs[i], &vs[i]); e != nil {
			var none T
			vs[i] = none
			failed = append(failed, fmt.Errorf("item %d of the batch: %w", i, e))
		}
	}
	if len(failed) > 0 {
		err = errors.Join(append(failed, err)...)
	}
	return n, err
}
