package object

import (
	"context"

	"github.com/multiproc-go/multiproc/py"
)

// A Call is one call of a method, or of a constructor. It is the caller's and used again: a Method must not keep it, nor Kwargs. Args and what is in it may be kept, and must not be changed.
type Call struct {
	Args    py.Tuple
	Kwargs  *py.Dict // nil if there are none; the keys are strings
	Caller  *Caller
	Python2 bool // the client is Python 2.7, which has other results in a few places
	// Undo is set by a call that has taken what would be lost with its reply: an item of a Queue, a lock that nobody else would release. If the reply can't be sent, as the client has vanished in
	// the meantime, the server calls Undo to take the effect back, before anything else on behalf of the Caller. It is nil for most calls. The server sets it to nil before each call.
	Undo func()
}

// A Caller is on whose behalf calls are made: a served connection, which is one thread of a client. It makes one call at a time. It owns RLocks and Conditions.
type Caller struct {
	Name string // as the client has named itself: process, or process|thread
	ID   uint64 // the number of the connection, which tells apart clients of one name; 0 for Go code in the server's own process
	// Reclaim says that Locks and Semaphores, which have no owner in Python, are to be released as well when the caller is gone: what has acquired one notes that by Own, too.
	Reclaim bool

	// Blocking is called when a call is about to wait, after it has tried without. What it returns ends when the client is gone, or the server ends; done must be called when the wait is over,
	// and before the method returns. what is for people who look at who waits for what: "Queue.get". It costs about a microsecond, and is called by the Caller's own goroutine only.
	Blocking func(o Object, what string) (ctx context.Context, done func())

	// Room is asked before a call takes more than a MiB of memory that its request does not have itself. An error, which the client gets, says that there is not as much. What was asked for
	// counts as taken until the call is over. nil means that there is always room.
	Room func(bytes int64) error

	owned map[Releaser]struct{} // used by the Caller's own goroutine only
}

// Own notes that the caller owns something of o, Disown that it doesn't any more. Only the caller's own calls may do that: an object of which another caller has released what this one owned
// stays noted, and gets a Release with nothing to do.
func (c *Caller) Own(o Releaser) {
	if c.owned == nil {
		c.owned = map[Releaser]struct{}{}
	}
	c.owned[o] = struct{}{}
}

// Disown takes back what Own has noted.
func (c *Caller) Disown(o Releaser) { delete(c.owned, o) }

// Gone releases everything that the caller owns, and tells how much that was. It is called once, after its last call has returned.
func (c *Caller) Gone() int {
	for o := range c.owned {
		o.Release(c)
	}
	n := len(c.owned)
	c.owned = nil
	return n
}
