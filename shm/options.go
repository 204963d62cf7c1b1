package shm

import "github.com/multiproc-go/multiproc/psync"

// Option changes how a Value or an Array is locked.
type Option func(*options)

type options struct {
	lock   *psync.Lock
	noLock bool
}

// WithLock makes the object use a lock that exists already, which several objects may share: holding it, one process changes all of
// them together. It stays one lock when the objects travel. Closing the object does not close it.
func WithLock(l *psync.Lock) Option { return func(o *options) { o.lock = l } }

// WithoutLock makes the object do without a lock: its methods then don't exclude each other, nor other processes, and a process that is killed inside one of
// them leaves no trace; only a panic inside Update makes the object refuse, as with a lock.
func WithoutLock() Option { return func(o *options) { o.noLock = true } }

func collect(opts []Option) options {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return o
}
