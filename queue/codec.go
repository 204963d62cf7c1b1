package queue

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"sync"

	"github.com/multiproc-go/multiproc/internal/envelope"
	"github.com/multiproc-go/multiproc/internal/layout"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// How items of a type get into shared memory; also the kinds of their records.
const (
	asMemory   = iota + 1 // pointer-free: the bytes of the value
	asElements            // a slice of pointer-free elements: their bytes
	asNil                 // a slice that is nil
	asString
	asCBOR // anything else
)

// codec moves items of type T into and out of records.
type codec[T any] struct {
	how  uint8
	size uintptr // of the value, or of an element
	typ  uint64  // fingerprint
	name string
}

func codecOf[T any]() (codec[T], error) {
	t := reflect.TypeFor[T]()
	if lay, err := layout.Of(t); err == nil && !marshals(t) {
		return codec[T]{asMemory, lay.Size, lay.Fingerprint, lay.Name}, nil
	}
	c := codec[T]{how: asCBOR, name: t.String()}
	switch {
	case marshals(t):
	case t.Kind() == reflect.String:
		c.how, c.size, c.name = asString, 1, "string"
	case t.Kind() == reflect.Slice:
		if lay, err := layout.Of(t.Elem()); err == nil && !marshals(t.Elem()) {
			c.how, c.size, c.name = asElements, lay.Size, "[]"+lay.Name
		}
	}
	if c.how == asCBOR {
		if err := envelope.CheckType(t); err != nil {
			return c, err
		}
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", c.how, c.name)
	if c.how == asCBOR {
		fmt.Fprintf(h, " of %s", t.PkgPath()) // two packages may each have a task.T
	}
	c.typ = h.Sum64()
	return c, nil
}

// marshals reports whether a type encodes itself, so that its memory alone may not be it.
func marshals(t reflect.Type) bool {
	m := reflect.TypeFor[interface{ MarshalCBOR() ([]byte, error) }]()
	return t.Implements(m) || reflect.PointerTo(t).Implements(m)
}

// memory is how much a ring of so many items has by default.
func (c *codec[T]) memory(capacity int) uint64 {
	const record = 8
	n := uint64(capacity)
	if c.how != asMemory {
		return min(max(n*512, 16<<10), 1<<20)
	}
	one := (uint64(c.size)+7)&^7 + record
	return max(min(n*one, 64<<20), 2*one)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// keepBuffer is the largest buffer that is kept for the next item.
const keepBuffer = 1 << 20

func giveBack(b *bytes.Buffer) {
	if b.Cap() <= keepBuffer {
		b.Reset()
		buffers.Put(b)
	}
}

// put puts *p with the ring's Put or TryPut.
func (c *codec[T]) put(ctx context.Context, r *ring.Ring, p *T, wait bool) error {
	var it ring.Item
	switch c.how {
	case asCBOR:
		return c.putCBOR(ctx, r, *p, wait)
	case asMemory:
		it = ring.Item{Kind: asMemory, Data: bytesOf(p)}
	default:
		it = c.slice(p)
	}
	if wait {
		return r.Put(ctx, &it)
	}
	return r.TryPut(&it)
}

// item is *p as a record, for the types that need no codec.
func (c *codec[T]) item(p *T) ring.Item {
	if c.how == asMemory {
		return ring.Item{Kind: asMemory, Data: bytesOf(p)}
	}
	return c.slice(p)
}

// slice is item of a string or a slice.
func (c *codec[T]) slice(p *T) ring.Item {
	switch {
	case c.how == asString:
		return ring.Item{Kind: asString, Data: stringBytes(p)}
	case isNil(p):
		return ring.Item{Kind: asNil}
	}
	return ring.Item{Kind: asElements, Data: sliceBytes(p, c.size, false)}
}

func (c *codec[T]) putCBOR(ctx context.Context, r *ring.Ring, v T, wait bool) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer giveBack(buf)
	refs, err := envelope.AppendFrom(buf, &v)
	if err != nil {
		return err
	}
	it := ring.Item{Kind: asCBOR, Data: buf.Bytes(), Refs: refs}
	if wait {
		err = r.Put(ctx, &it)
	} else {
		err = r.TryPut(&it)
	}
	keep(&v) // it has the handles of what refs names
	return err
}

// get takes an item into *p with the ring's Get or TryGet.
func (c *codec[T]) get(ctx context.Context, r *ring.Ring, p *T, wait bool) error {
	var o ring.Out
	switch c.how {
	case asMemory:
		return c.getMemory(ctx, r, p, wait)
	case asElements:
		o.Data = sliceBytes(p, c.size, true)
	case asCBOR:
		return c.getCBOR(ctx, r, p, wait)
	}
	var err error
	if wait {
		err = r.Get(ctx, &o)
	} else {
		err = r.TryGet(&o)
	}
	if err != nil {
		return err
	}
	return c.take(&o, p)
}

// getMemory is get of a pointer-free value, for which the compiler can see that p does not escape: Get allocates nothing.
func (c *codec[T]) getMemory(ctx context.Context, r *ring.Ring, p *T, wait bool) error {
	o := ring.Out{Data: bytesOf(p), Exact: true}
	var err error
	if wait {
		err = r.Get(ctx, &o)
	} else {
		err = r.TryGet(&o)
	}
	if err != nil {
		return c.unfit(err)
	}
	if o.Inbox != nil { // of an item larger than the ring
		o.Inbox.Release()
	}
	return nil
}

// unfit says what it means that an item has not the one size that T has.
func (c *codec[T]) unfit(err error) error {
	if size, ok := err.(*ring.SizeError); ok {
		return fmt.Errorf("%w: an item of %d bytes in a queue of %s", ErrCorrupt, size.Need, c.name)
	}
	return err
}

// take makes *p of a record, and lets go what the record referred to.
func (c *codec[T]) take(o *ring.Out, p *T) error {
	if c.how == asCBOR {
		return c.decode(o, p)
	}
	if o.Inbox != nil { // of a large item: its contents have been copied
		o.Inbox.Release()
	}
	switch {
	case c.how == asMemory:
	case o.Kind == asNil && c.how == asElements:
		var none T
		*p = none
	case o.Kind != c.how || len(o.Data)%int(c.size) != 0:
		return fmt.Errorf("%w: an item of %d bytes and kind %d in a queue of %s", ErrCorrupt, len(o.Data), o.Kind, c.name)
	case c.how == asString:
		setString(p, o.Data)
	default:
		setSlice(p, o.Data, c.size)
	}
	return nil
}

func (c *codec[T]) getCBOR(ctx context.Context, r *ring.Ring, p *T, wait bool) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer giveBack(buf)
	o := ring.Out{Data: buf.AvailableBuffer()}
	var err error
	if wait {
		err = r.Get(ctx, &o)
	} else {
		err = r.TryGet(&o)
	}
	if err != nil {
		return err
	}
	if cap(o.Data) > buf.Available() { // it was made by the ring: use it for the next item
		*buf = *bytes.NewBuffer(o.Data[:0])
	}
	return c.decode(&o, p)
}

// decode makes *p of a record in CBOR and lets its references go: what was decoded has its own.
func (c *codec[T]) decode(o *ring.Out, p *T) error {
	v := new(T) // p itself must not escape
	err := envelope.Decode(o.Data, v)
	if o.Inbox != nil {
		o.Inbox.Release()
	}
	if err != nil {
		return fmt.Errorf("queue: the item can't be decoded as %s: %w", c.name, err)
	}
	*p = *v
	return nil
}
