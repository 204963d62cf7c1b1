package object

import "time"

// A Holding is what one caller has of an object, or waits for.
type Holding struct {
	Caller string    // its name
	ID     uint64    // and its number
	Waits  bool      // for the method that What names, or else it holds what What names
	What   string    // "Queue.get"; "holds it", "permits"
	Count  int       // how often a lock is held, how many permits; 0 for who waits
	Since  time.Time // when it got the first of them, or began to wait
}

// A Holder is an object that can be held, or waited for.
type Holder interface {
	Object
	// Holdings are first those who hold the object, then those who wait, in the order in which their turn will come. It may be called at any time, never waits for longer than
	// a method's few instructions, and takes a time in proportion to the result. A Lock and a Semaphore have no owner in Python: the name is that of who has acquired a Lock last, though another one
	// may release it, and permits of a Semaphore are only known if they are reclaimed.
	Holdings() []Holding
}

// appendTo appends those who wait. The mutex must be held.
func (l *waitList) appendTo(hs []Holding) []Holding {
	for w := range l.all {
		if w.ctx.Err() == nil {
			hs = append(hs, Holding{Caller: w.caller.Name, ID: w.caller.ID, Waits: true, What: w.what, Since: w.since})
		}
	}
	return hs
}
