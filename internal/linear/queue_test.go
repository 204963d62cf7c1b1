//go:build linux

package linear

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc/queue"
)

// queues are what a round of TestQueue is about: items that are copied as memory, and items of all lengths, some of which need an object of their own.
type queues struct {
	Plain []*queue.Queue[item]
	Texts []*queue.Queue[string]
}

// item says three times which one it is.
type item struct{ ID, Not, Thrice int64 }

const (
	queueCap   = 4
	queueKeys  = 2
	textKey    = 1
	textMemory = 1 << 10
)

func newQueues() (o queues, err error) {
	q, err := queue.New[item](queueCap)
	if err != nil {
		return o, err
	}
	s, err := queue.New[string](queueCap, queue.WithMemory(textMemory))
	return queues{[]*queue.Queue[item]{q}, []*queue.Queue[string]{s}}, err
}

func (o queues) close() {
	o.Plain[0].Detach()
	o.Texts[0].Detach()
}

// line is either queue, with items as numbers.
type line struct {
	key      int
	put      func(ctx context.Context, id int64) error
	tryPut   func(id int64) error
	putBatch func(ctx context.Context, ids []int64) (int, error)
	get      func(ctx context.Context) (int64, error)
	tryGet   func() (int64, error)
	getBatch func(ctx context.Context, most int) ([]int64, error)
	length   func() int
	shut     func() error
}

var errTorn = errors.New("an item arrived that nobody has put")

// lineOf makes a line of a queue, with the functions that make an item of a number and a number of an item.
func lineOf[T any](key int, q *queue.Queue[T], wrap func(int64) T, unwrap func(T) (int64, bool)) line {
	open := func(v T, err error) (int64, error) {
		if err != nil {
			return 0, err
		}
		id, ok := unwrap(v)
		if !ok {
			return 0, fmt.Errorf("%w: %v", errTorn, v)
		}
		return id, nil
	}
	return line{
		key:    key,
		put:    func(ctx context.Context, id int64) error { return q.Put(ctx, wrap(id)) },
		tryPut: func(id int64) error { return q.TryPut(wrap(id)) },
		putBatch: func(ctx context.Context, ids []int64) (int, error) {
			var vs []T
			for _, id := range ids {
				vs = append(vs, wrap(id))
			}
			return q.PutBatch(ctx, vs)
		},
		get:    func(ctx context.Context) (int64, error) { return open(q.Get(ctx)) },
		tryGet: func() (int64, error) { return open(q.TryGet()) },
		getBatch: func(ctx context.Context, most int) ([]int64, error) {
			vs := make([]T, most)
			n, err := q.GetBatch(ctx, vs)
			var ids []int64
			for _, v := range vs[:n] {
				id, torn := open(v, nil)
				if torn != nil {
					return nil, torn
				}
				ids = append(ids, id)
			}
			return ids, err
		},
		length: q.Len,
		shut:   q.Close,
	}
}

func (o queues) lines() []line {
	plain := lineOf(0, o.Plain[0], func(id int64) item { return item{id, ^id, 3 * id} }, func(v item) (int64, bool) { return v.ID, v.Not == ^v.ID && v.Thrice == 3*v.ID })
	text := lineOf(textKey, o.Texts[0], wrapText, func(s string) (int64, bool) {
		head, _, _ := strings.Cut(s, " ")
		id, err := strconv.ParseInt(head, 10, 64)
		return id, err == nil && s == wrapText(id)
	})
	return []line{plain, text}
}

// wrapText is an item's number and, depending on that, up to one and a half times the queue's memory.
func wrapText(id int64) string {
	n := []int64{0, 8, 100, textMemory / 2, textMemory}[id%5]
	return fmt.Sprintf("%d %s", id, strings.Repeat(string(rune('a'+id%26)), int(n+id%512)))
}

var queueWork = register("queue", func(c *client, o queues) error {
	lines := o.lines()
	producer := c.rng.IntN(4) // some mostly put, some mostly get
	looks := 3
	if c.rng.IntN(8) == 0 {
		looks = 30 // and some mostly look
	}
	for c.more(2) {
		l := lines[c.rng.IntN(3)/2]
		var open bool
		var err error
		switch n := c.rng.IntN(40); {
		case n == 0 && c.rng.IntN(8) == 0:
			r := c.begin(opShut, l.key)
			err = l.shut()
			_, err = c.ended(r, err)
		case n < looks:
			r := c.begin(opLen, l.key)
			r.end(did, int64(l.length()))
			open = true
		case n%4 < producer || producer == 0 && n%2 == 0:
			open, err = putSome(c, l)
		default:
			open, err = getSome(c, l)
		}
		if err != nil {
			return err
		}
		if !open && c.rng.IntN(2) == 0 {
			return nil
		}
		c.pause()
	}
	return nil
})

// ended records how a call ended that returns no item. It reports whether the queue is open, as far as the call tells.
func (c *client) ended(r *record, err error) (open bool, unexpect error) {
	v, ok := verdictOf(err)
	if !ok {
		return false, unexpected(op(r.op), err)
	}
	r.end(v)
	return v != shut, nil
}

func verdictOf(err error) (v verdict, ok bool) {
	switch {
	case err == nil:
		return did, true
	case errors.Is(err, queue.ErrFull), errors.Is(err, queue.ErrEmpty):
		return refused, true
	case errors.Is(err, queue.ErrClosed):
		return shut, true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return expired, true
	}
	return 0, false
}

// newID is a number that no other item of the round has.
func (c *client) newID() int64 { return 1 + c.rng.Int64N(1<<50) }

func putSome(c *client, l line) (open bool, err error) {
	switch id := c.newID(); c.rng.IntN(5) {
	case 0, 1:
		r := c.begin(opTryPut, l.key, id)
		return c.ended(r, l.tryPut(id))
	case 2: // two at once: two calls of a history, that begin and end together
		ids := []int64{id, c.newID()}
		var rs []*record
		for _, id := range ids {
			rs = append(rs, c.begin(opPut, l.key, id))
		}
		ctx, cancel := c.soon()
		defer cancel()
		n, err := l.putBatch(ctx, ids)
		v, ok := verdictOf(err)
		if !ok || (n < len(ids)) != (err != nil) {
			return false, unexpected(opPut, fmt.Errorf("PutBatch has put %d: %w", n, err))
		}
		for i, r := range rs {
			switch {
			case i < n:
				r.end(did)
			case v == shut && i > n:
				r.end(expired) // the error is that of the first
			default:
				r.end(v)
			}
		}
		return v != shut, nil
	default:
		ctx, cancel := c.soon()
		defer cancel()
		r := c.begin(opPut, l.key, id)
		return c.ended(r, l.put(ctx, id))
	}
}

func getSome(c *client, l line) (open bool, err error) {
	switch c.rng.IntN(5) {
	case 0, 1:
		r := c.begin(opTryGet, l.key)
		id, err := l.tryGet()
		return c.got(r, id, err)
	case 2: // up to two at once: two calls of a history, of which one without an item has no effect
		rs := []*record{c.begin(opGet, l.key), c.begin(opGet, l.key)}
		ctx, cancel := c.soon()
		defer cancel()
		ids, err := l.getBatch(ctx, len(rs))
		v, ok := verdictOf(err)
		if !ok || (len(ids) == 0) != (err != nil) {
			return false, unexpected(opGet, fmt.Errorf("GetBatch has taken %d: %w", len(ids), err))
		}
		for i, r := range rs {
			switch {
			case i < len(ids):
				r.end(did, ids[i])
			case i == 0:
				r.end(v)
			default:
				r.end(expired)
			}
		}
		return v != shut, nil
	default:
		ctx, cancel := c.soon()
		defer cancel()
		r := c.begin(opGet, l.key)
		id, err := l.get(ctx)
		return c.got(r, id, err)
	}
}

func (c *client) got(r *record, id int64, err error) (bool, error) {
	if err != nil {
		return c.ended(r, err)
	}
	r.end(did, id)
	return true, nil
}

// queueState is what is in a queue, 8 bytes for each item.
type queueState struct {
	Items  string
	Closed bool
}

func (s queueState) String() string {
	var ids []uint64
	for b := []byte(s.Items); len(b) > 0; b = b[8:] {
		ids = append(ids, binary.BigEndian.Uint64(b))
	}
	return fmt.Sprintf("%d, closed: %v", ids, s.Closed)
}

// queueModel is a queue that is bounded to so many items, and by its memory as well if it is not exact: then it can be full with fewer, but not when it is
// empty.
func queueModel(exact bool) model[queueState] {
	return model[queueState]{
		step: func(s queueState, in call, out result) []queueState {
			n := len(s.Items) / 8
			var next []queueState
			switch in.Op {
			case opPut, opTryPut:
				switch {
				case !out.Open && out.Verdict == shut:
					return only(s, s.Closed)
				case out.Verdict == refused:
					return only(s, !s.Closed && (n == queueCap || !exact && n > 0))
				case !s.Closed && n < queueCap:
					s.Items = string(binary.BigEndian.AppendUint64([]byte(s.Items), uint64(in.In[0])))
					return only(s, true)
				}
			case opGet, opTryGet:
				switch {
				case !out.Open && out.Verdict == shut:
					return only(s, s.Closed && n == 0)
				case out.Verdict == refused:
					return only(s, !s.Closed && n == 0)
				case n > 0:
					first := int64(binary.BigEndian.Uint64([]byte(s.Items[:8])))
					s.Items = s.Items[8:]
					return only(s, out.Open || out.Out[0] == first)
				}
			case opShut:
				switch {
				case !out.Open && out.Verdict == shut:
					return only(s, s.Closed)
				case !s.Closed:
					s.Closed = true
					return only(s, true)
				}
			case opLen:
				return only(s, !out.Open && out.Out[0] == int64(n))
			}
			return next
		},
		death: func(s queueState, _ int) []queueState { return []queueState{s} },
	}
}

// only is a state if it is possible.
func only[S any](s S, possible bool) []S {
	if !possible {
		return nil
	}
	return []S{s}
}

func queueParts(events []event) []part {
	return split(excuse{}.apply(events), queueKeys, func(key int) porcupine.Model { return queueModel(key != textKey).porcupine() })
}

func TestQueue(t *testing.T) {
	run(t, &kind[queues]{
		name:   "Queue",
		work:   queueWork,
		calls:  40,
		points: []string{"lock.", "unlock.", "ring.", "arena."},
		fresh:  newQueues,
		shut:   queues.close,
		parts:  queueParts,
		states: func(o queues) string { return fmt.Sprint(o.Plain[0], o.Texts[0]) },
		probe: func(c *client, o queues) error {
			for _, l := range o.lines() {
				r := c.begin(opLen, l.key)
				r.end(did, int64(l.length()))
				// Everything that is there, an item after it, and nothing more.
				for full := false; ; {
					if !c.more(2) {
						return errors.New("there is no end of items")
					}
					r := c.begin(opTryGet, l.key)
					id, err := l.tryGet()
					open, err := c.got(r, id, err)
					if err != nil {
						return err
					}
					if verdict(r.verdict) == did {
						continue
					}
					if full || !open {
						break
					}
					full = true
					r = c.begin(opPut, l.key, 7)
					if _, err := c.ended(r, l.put(c.ctx, 7)); err != nil {
						return err
					}
				}
			}
			return nil
		},
	})
}

func TestQueueModel(t *testing.T) {
	put := func(proc int, from, to int64, id int64) event { return by(proc, from, to, opPut, gave(), id) }
	get := func(proc int, from, to int64, id int64) event { return by(proc, from, to, opGet, gave(id)) }
	empty := func(proc int, from, to int64) event { return by(proc, from, to, opTryGet, not(refused)) }
	full := func(proc int, from, to int64) event { return by(proc, from, to, opTryPut, not(refused), 99) }
	length := func(proc int, from, to int64, n int64) event { return by(proc, from, to, opLen, gave(n)) }
	text := func(e event) event { e.Key = textKey; return e }
	four := []event{put(1, 0, 1, 1), put(1, 2, 3, 2), put(1, 4, 5, 3), put(1, 6, 7, 4)}
	with := func(events ...event) []event { return append(four[:4:4], events...) }
	tell(t, queueParts, []story{
		{"first in, first out", true, []event{put(1, 0, 1, 1), put(2, 2, 3, 2), length(1, 4, 5, 2), get(3, 6, 7, 1), get(1, 8, 9, 2), empty(1, 10, 11)}},
		{"puts at once, in either order", true, []event{put(1, 0, 5, 1), put(2, 1, 4, 2), get(3, 2, 6, 2), get(3, 7, 8, 1)}},
		{"last in, first out", false, []event{put(1, 0, 1, 1), put(1, 2, 3, 2), get(3, 6, 7, 2), get(3, 8, 9, 1)}},
		{"an item lost", false, []event{put(1, 0, 1, 1), put(1, 2, 3, 2), get(3, 6, 7, 1), empty(3, 8, 9)}},
		{"an item twice", false, []event{put(1, 0, 1, 1), get(2, 2, 6, 1), get(3, 2, 6, 1)}},
		{"an item from nowhere", false, []event{put(1, 0, 1, 1), get(2, 2, 6, 5)}},
		{"got before it was put", false, []event{get(2, 0, 1, 1), put(1, 2, 3, 1)}},
		{"full", true, with(full(2, 8, 9), put(2, 10, 15, 5), get(3, 11, 12, 1), length(3, 16, 17, 4))},
		{"one too many", false, with(put(2, 8, 9, 5))},
		{"full too soon", false, append(four[:3:3], full(2, 8, 9))},
		{"full too soon for its memory", true, []event{text(put(1, 0, 1, 1)), text(full(2, 8, 9))}},
		{"full, and nothing in it", false, []event{text(full(2, 8, 9))}},
		{"killed in Put, before", true, []event{killed(1, 0, opPut, 1), died(1, 1, 4), empty(2, 5, 6)}},
		{"killed in Put, after", true, []event{killed(1, 0, opPut, 1), died(1, 1, 4), get(2, 5, 6, 1), empty(2, 7, 8)}},
		{"killed in Put, and it comes twice", false, []event{killed(1, 0, opPut, 1), died(1, 1, 4), get(2, 5, 6, 1), get(2, 7, 8, 1)}},
		{"killed in Put, and it comes late", false, []event{killed(1, 0, opPut, 1), died(1, 1, 4), empty(2, 5, 6), get(2, 7, 8, 1)}},
		{"killed after Put", false, []event{put(1, 0, 1, 1), died(1, 2, 4), empty(2, 5, 6)}},
		{"killed in Get, before", true, []event{put(2, 0, 1, 1), killed(1, 2, opGet), died(1, 3, 6), get(2, 7, 8, 1)}},
		{"killed in Get, after", true, []event{put(2, 0, 1, 1), killed(1, 2, opGet), died(1, 3, 6), empty(2, 7, 8)}},
		{"killed in Get, and two items are lost", false, []event{put(2, 0, 1, 1), put(2, 2, 3, 2), killed(1, 4, opGet), died(1, 5, 6), empty(2, 7, 8)}},
		{"killed in Get, and the wrong one is lost", false, []event{put(2, 0, 1, 1), put(2, 2, 3, 2), killed(1, 4, opGet), died(1, 5, 6), get(2, 7, 8, 1), empty(2, 9, 10)}},
		{"killed between two Gets, and one is lost", false, []event{put(2, 0, 1, 1), put(2, 2, 3, 2), get(1, 4, 5, 1), died(1, 6, 7), empty(2, 8, 9)}},
		{"closed", true, []event{put(1, 0, 1, 1), by(2, 2, 3, opShut, gave()), by(1, 4, 5, opPut, not(shut), 2), get(3, 6, 7, 1), by(3, 8, 9, opGet, not(shut)), by(3, 10, 11, opShut, not(shut))}},
		{"closed, and an item is forgotten", false, []event{put(1, 0, 1, 1), by(2, 2, 3, opShut, gave()), by(3, 8, 9, opGet, not(shut))}},
		{"closed, and an item comes later", false, []event{by(2, 2, 3, opShut, gave()), put(1, 4, 5, 1)}},
		{"closed, and it says empty", false, []event{by(2, 2, 3, opShut, gave()), empty(1, 4, 5)}},
	})
}
