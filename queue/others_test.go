//go:build linux

package queue_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/queue"
)

func init() {
	childOp("tasks.detach", func(q *tasks, _ []string) (string, error) { return "", q.Detach() })
	childOp("letters.close-and-exit", func(c *queue.Conn[letter], _ []string) (string, error) {
		_ = c.Close()
		os.Exit(0)
		return "", nil
	})
	childOp("letters.hold", func(*queue.Conn[letter], []string) (string, error) { return "", nil })
}

// TestJoinWhileTheOthersLive: the last one who might yet have consumed gives its handle up, or turns out to put only, and Join does not wait for it any more.
func TestJoinWhileTheOthersLive(t *testing.T) {
	for _, op := range []string{"tasks.detach", "tasks.put"} {
		t.Run(op, func(t *testing.T) {
			q := newTasks(t, 10)
			ctx := bounded(t)
			putTasks(t, q, 3)
			c, d := testproc.Start(t), testproc.Start(t)
			d.Must("tasks.hold", wire(t, q))
			c.Must("tasks.take", wire(t, q), 1)
			c.Must("tasks.done", wire(t, q), 1)
			c.Bury()
			joined := make(chan error, 1)
			go func() { joined <- q.Join(ctx) }()
			select {
			case err := <-joined:
				t.Fatalf("%v, and a process has the queue that may yet take its tasks", err)
			case <-time.After(20 * time.Millisecond):
			}
			d.Must(op, wire(t, q), 1)
			wantErr(t, "Join", <-joined, queue.ErrNoConsumer)
		})
	}
}

// TestPutWhileTheTableIsLocked: a process that is stopped while it enters itself into the table of consumers holds up nobody who puts.
func TestPutWhileTheTableIsLocked(t *testing.T) {
	q := newTasks(t, 10)
	data, err := q.MarshalCBOR()
	ok(t, err)
	b, err := handle.Parse(data, handle.KindJoinableQueue)
	ok(t, err)
	h, err := arena.Attach(b.Lock)
	ok(t, err)
	defer h.Close()
	if !h.Lock().TryAcquire(0) {
		t.Fatal("locked")
	}
	defer h.Lock().Release()
	putTasks(t, q, 2)
	want(t, "items", q.Len(), 2)
}

// TestCloseAndExit: a process closes its end, with messages in it that it has not received, and ends; in them was an end of another pipe, whose peer is told.
func TestCloseAndExit(t *testing.T) {
	here, there := newPipe[letter](t)
	x, y := newPipe[int](t)
	p := testproc.Start(t)
	at := wire(t, there)
	p.Must("letters.hold", at)
	ok(t, there.Close())
	ok(t, here.Send(within(t), letter{End: x}))
	ok(t, x.Close())
	if _, err := p.Call("letters.close-and-exit", at); !errors.Is(err, testproc.ErrGone) {
		t.Fatal(err)
	}
	p.Bury()
	over(t, y)
}

// TestBatchOwnsItsItems: what one GetBatch has returned is not overwritten by the next.
func TestBatchOwnsItsItems(t *testing.T) {
	q, err := queue.New[[]byte](4)
	ok(t, err)
	defer q.Detach()
	ctx := bounded(t)
	vs := make([][]byte, 1)
	var all []string
	var first []byte
	for _, s := range []string{"first", "secon"} {
		ok(t, q.Put(ctx, []byte(s)))
		_, err := q.GetBatch(ctx, vs)
		ok(t, err)
		if first == nil {
			first = vs[0]
		}
		all = append(all, string(first))
	}
	if all[1] != "first" {
		t.Errorf("%q", all)
	}
}

// fussy can't be decoded when it is negative.
type fussy struct{ n *int }

func (f fussy) MarshalCBOR() ([]byte, error) { return cbor.Marshal(*f.n) }
func (f *fussy) UnmarshalCBOR(b []byte) error {
	f.n = new(int)
	if err := cbor.Unmarshal(b, f.n); err != nil {
		return err
	}
	if *f.n < 0 {
		return errors.New("negative")
	}
	return nil
}

// TestBatchUndecodable: items that can't be decoded are named, and the others are there.
func TestBatchUndecodable(t *testing.T) {
	q, err := queue.New[fussy](8)
	ok(t, err)
	defer q.Detach()
	ctx := bounded(t)
	vs := make([]fussy, 3)
	for i := range vs {
		vs[i].n = new(int)
		*vs[i].n = 1 - 2*(i%2) // 1, -1, 1
	}
	n, err := q.PutBatch(ctx, vs)
	ok(t, err)
	want(t, "put", n, 3)
	n, err = q.GetBatch(ctx, vs)
	if n != 3 || err == nil || vs[1].n != nil || vs[0].n == nil || vs[2].n == nil {
		t.Errorf("%d, %v, %v", n, vs, err)
	}
}

// TestObjectClosedWhileWaiting: an object in an item is closed before there is room for the item. It is not the queue that is closed.
func TestObjectClosedWhileWaiting(t *testing.T) {
	q, err := queue.New[*psync.Lock](1)
	ok(t, err)
	defer q.Detach()
	a, err := psync.NewLock()
	ok(t, err)
	defer a.Close()
	b, err := psync.NewLock()
	ok(t, err)
	ok(t, q.Put(bounded(t), a))
	done := sleeping(t, func() error { return q.Put(bounded(t), b) })
	testproc.Eventually(t, "an item that waits for room", func() bool { return strings.Contains(q.String(), "waits for room") })
	ok(t, b.Close())
	l, err := q.Get(context.Background())
	ok(t, err)
	ok(t, l.Close())
	if err := done(); !errors.Is(err, errs.ErrStale) || errors.Is(err, queue.ErrClosed) {
		t.Error(err)
	}
}
