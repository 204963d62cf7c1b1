package object

import (
	"fmt"
	"math"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// queue is a shared queue.Queue; a JoinableQueue of a manager is the same. An item goes directly to the get that has waited longest, and a put that waits has its item
// put in by the get that makes room. So if anybody waits for an item there is none, and if anybody waits for room there is none.
type queue struct {
	joinable bool
	max      int64 // how many items it takes; no limit if it is not above 0

	mu      sync.Mutex
	items   fifo
	getters waitList
	putters waitList // with their items
	joiners waitList

	unfinished int64 // how many items have been put for which there was no task_done
	shut       bool  // no more puts
	drained    bool  // the items were thrown away, too
}

var (
	// QueueType is the typeid Queue: m.Queue([maxsize]).
	QueueType = &Type{Name: "Queue", Proxy: proxy("AutoProxy"), Exposed: queueExposed, Methods: queueMethods, New: newQueue}
	// JoinableQueueType is the typeid JoinableQueue.
	JoinableQueueType = &Type{Name: "JoinableQueue", Proxy: proxy("AutoProxy"), Exposed: queueExposed, Methods: queueMethods, New: newJoinableQueue}
)

var queueExposed = []string{"empty", "full", "get", "get_nowait", "join", "put", "put_nowait", "qsize", "shutdown", "task_done"}

var queueMethods = map[string]Method{
	"empty":      on((*queue).empty),
	"full":       on((*queue).full),
	"get":        on((*queue).get),
	"get_nowait": on((*queue).getNowait),
	"join":       on((*queue).join),
	"put":        on((*queue).put),
	"put_nowait": on((*queue).putNowait),
	"qsize":      on((*queue).qsize),
	"shutdown":   on((*queue).shutdown),
	"task_done":  on((*queue).taskDone),
}

var (
	queueNew       = Function("Queue.__init__", "maxsize=")
	queueEmpty     = Function("Queue.empty")
	queueFull      = Function("Queue.full")
	queueGet       = Function("Queue.get", "block=", "timeout=")
	queueGetNowait = Function("Queue.get_nowait")
	queueJoin      = Function("Queue.join")
	queuePut       = Function("Queue.put", "item", "block=", "timeout=")
	queuePutNowait = Function("Queue.put_nowait", "item")
	queueQsize     = Function("Queue.qsize")
	queueShutdown  = Function("Queue.shutdown", "immediate=")
	queueTaskDone  = Function("Queue.task_done")
)

func newQueue(c *Call) (Object, error)         { return makeQueue(c, false) }
func newJoinableQueue(c *Call) (Object, error) { return makeQueue(c, true) }

// makeQueue refuses a maxsize with which Python can't put.
func makeQueue(c *Call, joinable bool) (Object, error) {
	var maxsize py.Value = int64(0)
	if err := queueNew.Parse(c, &maxsize); err != nil {
		return nil, err
	}
	if limited, err := compareInt(py.Gt, maxsize, 0); err != nil || !limited {
		return &queue{joinable: joinable}, err
	}
	if f, ok := maxsize.(float64); ok {
		maxsize = int64(math.Ceil(min(f, math.MaxInt32)))
	}
	n, err := wholeNumber(maxsize)
	if err != nil {
		return nil, err
	}
	return &queue{joinable: joinable, max: n}, nil
}

func (q *queue) Type() *Type {
	if q.joinable {
		return JoinableQueueType
	}
	return QueueType
}

func (q *queue) Value() (py.Value, error) { return notPicklable("_thread.lock") }
func (q *queue) Repr() (string, error)    { return fmt.Sprintf("<queue.Queue object at %p>", q), nil }

// Holdings are those who wait for items, for room, and for the end of the work.
func (q *queue) Holdings() []Holding {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.joiners.appendTo(q.putters.appendTo(q.getters.appendTo(nil)))
}

// Len is how many items are in the queue, for people who look at it.
func (q *queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.items.len()
}

func (q *queue) qsize(c *Call) (py.Value, error) {
	if err := queueQsize.Parse(c); err != nil {
		return nil, err
	}
	return int64(q.Len()), nil
}

func (q *queue) empty(c *Call) (py.Value, error) {
	if err := queueEmpty.Parse(c); err != nil {
		return nil, err
	}
	return q.Len() == 0, nil
}

func (q *queue) full(c *Call) (py.Value, error) {
	if err := queueFull.Parse(c); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.isFull(), nil
}

func (q *queue) isFull() bool { return q.max > 0 && int64(q.items.len()) >= q.max }

func (q *queue) taskDone(c *Call) (py.Value, error) {
	if err := queueTaskDone.Parse(c); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unfinished == 0 {
		return nil, py.ValueError("task_done() called too many times")
	}
	q.finish(1)
	return nil, nil
}

// finish counts n items, or all there are, as done. The mutex must be held.
func (q *queue) finish(n int64) {
	if q.unfinished = max(q.unfinished-n, 0); q.unfinished == 0 {
		q.joiners.wake(func(*waiter) {})
	}
}

func (q *queue) join(c *Call) (py.Value, error) {
	if err := queueJoin.Parse(c); err != nil {
		return nil, err
	}
	if q.joined(nil) {
		return nil, nil
	}
	w, done := newWaiter(c, q, "Queue.join")
	defer done()
	if q.joined(w) {
		return nil, nil
	}
	w.sleep(forever)
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.end() != granted {
		return nil, ErrGone
	}
	return nil, nil
}

// joined reports whether all work is done. If not, w waits for it, unless it is nil.
func (q *queue) joined(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.unfinished > 0 && w != nil {
		q.joiners.push(w)
	}
	return q.unfinished == 0
}

func shutDown() error { return py.NewException("queue.ShutDown") }

// shutdown is that of Python 3.13: from now on put raises ShutDown, and so does get when there are no items any more, at once if immediate.
func (q *queue) shutdown(c *Call) (py.Value, error) {
	var immediate py.Value = false
	if err := queueShutdown.Parse(c, &immediate); err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.shut = true
	if py.Truth(immediate) {
		q.drained = true
		n := q.items.len()
		q.items = fifo{}
		q.finish(int64(n))
	}
	sendAway := func(w *waiter) { w.item, w.err = nil, shutDown() }
	q.putters.wake(sendAway)
	q.getters.wake(sendAway)
	return nil, nil
}
