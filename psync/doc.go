// Package psync synchronises processes as package sync synchronises goroutines, and survives the death of any of them.
//
// A [Lock] is a sync.Locker in shared memory. Taking a free one costs what a sync.Mutex costs, one atomic instruction. When the process
// that holds it is killed, at whatever instruction, the next one gets it and is told:
//
//	rec, err := l.Acquire(ctx)
//	if err != nil {
//		return err // not acquired: the context ended, or the lock was closed
//	}
//	defer l.Unlock()
//	if rec.Recovered() {
//		// rec.Name, pid rec.PID, died holding it: what it guarded may be half-done
//	}
//
// A lock is a handle: it can be an argument or a result of a worker's function, alone or inside structs, slices and maps, and is the same lock
// wherever it arrives.
//
// An [RLock] may be taken again by who has it, which an explicit [Holder] says. A [Semaphore] is a number of permits that anybody may take and add;
// those of a [BoundedSemaphore] belong to the process that has acquired them, and come back when it is killed. An [Event] is a flag to wait for; it
// has no lock, so that no death and no stop can keep anybody from setting it.
//
// A [Condition] is where those wait who have a lock in hand until what it guards has changed; a notification goes to somebody who lives, and whoever dies with the lock in hand wakes all. At
// a [Barrier] a number of parties wait for each other; when one that has come dies it breaks for all, who are told by whom.
//
// # Death tables
//
// Each type has its own in its comment. That of a Lock:
//
//	a process is killed           the others see
//	before it has the lock        nothing; its place in the queue is passed over
//	woken, or handed the lock,    nothing: the next waiter takes it, after at most 250 ms when
//	but not yet in                the kernel had nobody else to wake
//	while it holds the lock       the next holder's Acquire returns a Recovery that names it; within about
//	                              0.5 ms for a process with little memory, plus 65 ms for each GiB of its own
//	in Unlock                     either of the above, never a lock that stays taken
//	stopped (SIGSTOP) as waiter   they pass it over, after 250 ms once when the lock was handed to it
//	stopped (SIGSTOP) as holder   they wait: a stopped process is alive and may go on at any moment
//
// # Caveats
//
// A process is the owner, not a goroutine: any goroutine of the holding process may call Unlock. A Lock is not re-entrant; an RLock is. Processes of one family
// only can share a lock; all must be in one pid namespace.
package psync
