// Package await is how a goroutine waits for a condition of shared memory that is not a lock: an event that is set, an item in a queue, a permit
// that comes back.
//
// What the condition is the caller says, by a function that looks. This package adds what every such wait needs: it ends with a context, with the Close of the handle
// through which it waits, and it looks again at every death in the family; of a process's goroutines that wait in one Room only one sleeps, the
// others queue without a thread, in order of arrival.
//
// Invariants:
//
//  1. look reads the word's value before it reads the state that the condition is about, and who changes the state changes the word afterwards. So a
//     change that look has missed ends the sleep.
//  2. look runs in one goroutine of a Room at a time, between a kick and the next sleep, so that nothing told by a kick is missed.
package await
