package psync

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// wordObject is an object whose whole state is one shared word, so that its fast paths are one atomic instruction on it.
type wordObject struct {
	object
	*wordView
}

// wordView is what changes in a handle.
type wordView struct {
	door
	word atomic.Pointer[uint32] // the shared word; once closed, shutWord
}

// shutWord makes the fast paths of a closed handle fail: it is a semaphore without permits, whose waiters nobody may overtake, and an event that is not
// set. Nobody writes it.
var shutWord uint32 = 3 << 30

func (o *wordObject) make(kind uint8) error {
	if err := o.create(kind, wordSize); err != nil {
		return err
	}
	o.view()
	return nil
}

// decode makes o a handle to the object that was encoded.
func (o *wordObject) decode(data []byte, kind uint8) error {
	b, err := handle.Parse(data, kind)
	if err != nil {
		return err
	}
	if err := o.attach(b, kind, wordSize); err != nil {
		return err
	}
	o.view()
	return nil
}

func (o *wordObject) view() {
	o.wordView = &wordView{door: door{handle: o.h}}
	o.word.Store(stateWord(o.h.Payload()))
}

// look is the word for a fast path: shutWord once closed, nil when the handle was never made.
func (o *wordObject) look() *uint32 {
	if o.wordView == nil {
		return nil
	}
	return o.word.Load()
}

// enter begins a use of the memory that is more than one instruction, and returns the shared word; nil: the handle was closed, or never made. The caller ends it with use.RUnlock.
func (o *wordObject) enter() *uint32 {
	if o.wordView == nil || !o.door.enter() {
		return nil
	}
	w := o.word.Load()
	if w == &shutWord { // Close has begun
		o.use.RUnlock()
		return nil
	}
	return w
}

// Close gives this handle up. Whoever waits through it gets ErrClosed at once; other handles, here and elsewhere, are not affected. The memory is freed with
// the last handle of the last process. A second Close is ErrClosed.
func (o *wordObject) Close() error {
	if o.h == nil {
		return errs.ErrClosed
	}
	keep, err := o.h.Clone() // keeps the memory until nobody uses it through this handle
	if err != nil {
		return err
	}
	o.word.Store(&shutWord)
	err = o.h.Close()
	o.use.Lock()
	defer o.use.Unlock()
	return errors.Join(err, keep.Close())
}

// unavailable is what String says of a handle without a state to tell.
func (o *wordObject) unavailable() string {
	if o.h == nil {
		return "none"
	}
	return "closed"
}

// waitError says what the wait was for that a context has ended.
func waitError(what fmt.Stringer, err error) error {
	return fmt.Errorf("psync: waiting for %v: %w", what, err)
}
