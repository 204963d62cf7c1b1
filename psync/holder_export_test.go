package psync

import "context"

// ReleaseAll and Reacquire are what a Condition does to the holder that waits for it.
func (h *Holder) ReleaseAll() int { return h.releaseAll() }

// Reacquire: see ReleaseAll.
func (h *Holder) Reacquire(depth int) (Recovery, error) { return h.reacquire(depth) }

// LockWord is the shared word of an RLock, or of a Semaphore's queue.
func (o *object) LockWord() *uint32 { return o.h.Lock().Word() }

// Word is the state of a Semaphore or an Event.
func (o *wordObject) Word() *uint32 { return stateWord(o.h.Payload()) }

// Bits of Word.
const (
	SemWaiting   = semWaiting
	SemHungry    = semHungry
	EventWaiting = eventWaiting
	EventOne     = eventOne
)

// Await waits for the end of an acquisition, and Take is one from where the holder has been found to be outside.
func (h *Holder) Await(ctx context.Context) { h.wait(ctx) }

// Take: see Await.
func (h *Holder) Take(ctx context.Context) error {
	h.depth.Store(acquiring)
	_, err := h.take(ctx, 1)
	return err
}
