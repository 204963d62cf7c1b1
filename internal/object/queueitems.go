package object

import "github.com/multiproc-go/multiproc/py"

// put and get, with the rules of who gets what.

func (q *queue) put(c *Call) (py.Value, error) {
	var item, block, timeout py.Value = nil, true, nil
	if err := queuePut.Parse(c, &item, &block, &timeout); err != nil {
		return nil, err
	}
	var b bounds
	if q.max > 0 { // else nobody looks at them
		b = queueBounds(block, timeout)
	}
	return q.putWithin(c, item, b)
}

func (q *queue) putNowait(c *Call) (py.Value, error) {
	var item py.Value
	if err := queuePutNowait.Parse(c, &item); err != nil {
		return nil, err
	}
	return q.putWithin(c, item, bounds{})
}

func (q *queue) get(c *Call) (py.Value, error) {
	var block, timeout py.Value = true, nil
	if err := queueGet.Parse(c, &block, &timeout); err != nil {
		return nil, err
	}
	return q.getWithin(c, queueBounds(block, timeout))
}

func (q *queue) getNowait(c *Call) (py.Value, error) {
	if err := queueGetNowait.Parse(c); err != nil {
		return nil, err
	}
	return q.getWithin(c, bounds{})
}

// bounds are how long put or get may wait. Python looks at the timeout after it has looked whether the queue was shut down, so what is wrong with it has to wait.
type bounds struct {
	lim     limit
	wrong   error // with the timeout
	tooLong error // also with it, but only if one has to wait
}

func queueBounds(block, timeout py.Value) (b bounds) {
	if py.Truth(block) {
		b.lim, b.tooLong, b.wrong = queueLimit(timeout)
	}
	return b
}

func (q *queue) putWithin(c *Call, item py.Value, b bounds) (py.Value, error) {
	q.mu.Lock()
	did, err := q.offer(item, b.wrong)
	q.mu.Unlock()
	switch {
	case did || err != nil:
		return nil, err
	case b.tooLong != nil:
		return nil, b.tooLong
	case b.lim == 0:
		return nil, py.NewException("queue.Full")
	}
	w, done := newWaiter(c, q, "Queue.put")
	defer done()
	w.item = item
	q.mu.Lock()
	defer q.mu.Unlock()
	if did, err := q.offer(item, nil); did || err != nil {
		return nil, err
	}
	q.putters.push(w)
	q.mu.Unlock()
	w.sleep(b.lim)
	q.mu.Lock()
	switch w.end() {
	case granted:
		return nil, w.err
	case tooLate: // the item is in the queue, or with somebody: the put has succeeded
		if w.err == nil {
			return nil, nil
		}
	case expired:
		return nil, py.NewException("queue.Full")
	}
	return nil, ErrGone
}

// offer puts an item in, or gives it to who waits for one. The mutex must be held.
func (q *queue) offer(item py.Value, wrong error) (did bool, err error) {
	switch {
	case q.shut:
		return false, shutDown()
	case wrong != nil:
		return false, wrong
	case q.isFull():
		return false, nil
	}
	q.unfinished++
	if w := q.getters.pop(); w != nil {
		w.bring(item, q.items.pass())
	} else {
		q.items.pushBack(item)
	}
	return true, nil
}

// bring gives an item to a get. The mutex must be held.
func (w *waiter) bring(item py.Value, number uint64) {
	w.item, w.number = item, number
	w.grant()
}

func (q *queue) getWithin(c *Call, b bounds) (py.Value, error) {
	q.mu.Lock()
	item, did, err := q.take(c, b.wrong)
	q.mu.Unlock()
	switch {
	case did:
		return item, nil
	case err != nil:
		return nil, err
	case b.tooLong != nil:
		return nil, b.tooLong
	case b.lim == 0:
		return nil, py.NewException("queue.Empty")
	}
	return q.await(c, b.lim)
}

// await is a get that has to wait.
func (q *queue) await(c *Call, lim limit) (py.Value, error) {
	w, done := newWaiter(c, q, "Queue.get")
	defer done()
	q.mu.Lock()
	defer q.mu.Unlock()
	if item, did, err := q.take(c, nil); did || err != nil {
		return item, err
	}
	q.getters.push(w)
	q.mu.Unlock()
	w.sleep(lim)
	q.mu.Lock()
	switch w.end() {
	case granted:
		if w.err != nil {
			return nil, w.err
		}
		c.Undo = func() { q.undo(w.item, w.number) }
		return w.item, nil
	case tooLate:
		if w.err == nil {
			q.giveBack(w.item, w.number)
		}
	case expired:
		return nil, py.NewException("queue.Empty")
	}
	return nil, ErrGone
}

// take takes the first item out, and lets a put that waits for room put in his. The mutex must be held.
func (q *queue) take(c *Call, wrong error) (item py.Value, did bool, err error) {
	switch {
	case q.items.len() == 0 && q.shut:
		return nil, false, shutDown()
	case wrong != nil:
		return nil, false, wrong
	case q.items.len() == 0:
		return nil, false, nil
	}
	item, number := q.items.pop()
	c.Undo = func() { q.undo(item, number) }
	if q.putters.Len() > 0 && !q.isFull() {
		if w := q.putters.pop(); w != nil {
			q.unfinished++
			q.items.pushBack(w.item)
			w.grant()
		}
	}
	return item, true, nil
}

// giveBack puts an item that was taken, and which nobody got, into its place before all that are younger. For a moment there may be one item more than the queue takes. The mutex must be held.
func (q *queue) giveBack(item py.Value, number uint64) {
	if q.drained {
		q.finish(1)
	} else if w := q.getters.pop(); w != nil {
		w.bring(item, number)
	} else {
		q.items.putBack(item, number)
	}
}

func (q *queue) undo(item py.Value, number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.giveBack(item, number)
}
