// Package robust is the lock that survives kill -9 of its holder: one 32-bit word of shared memory that says who holds it.
//
// # The word
//
//	bit 31     waiters   somebody may be asleep on the word: whoever releases it has to wake
//	bit 30     handed    reserved for the process named, which has not taken it yet
//	bit 29     dirty     held in order to change the object that the lock belongs to
//	bits 0-28  owner     family.Ident of the holding process; a word without owner is free
//
// Taking a free lock is one compare-and-swap, and so is releasing one that nobody waits for. Who finds it taken spins for some
// microseconds, then queues at a gate of his own process; the one goroutine that has passed the gate sets the waiters bit and
// sleeps on the word.
//
// # Death
//
// A waiter watches the pidfd of the owner that the word names. When it tells of his death the waiter takes the word over with one
// compare-and-swap from the dead owner's value, and reports whose it was. The generation inside an Ident keeps a new process in
// the same slot from being taken for the owner. A word that names nobody who exists (scribbled, or older than its family) is taken over too.
//
// # Fairness
//
// A release lets anyone take the lock, which is what makes two contenders fast: the holder that comes back at once finds it free. So that nobody
// starves, a waiter that has slept for HandOffAfter writes its claim into next (the time it began to wait, and its Ident; an earlier
// time displaces a later one). The next release that finds a claim hands the lock over: it writes handed|claimant and wakes all.
// A handed lock has not been entered, so any waiter may take it when the claimant does not (it died, gave up, or is stopped): at once if it is
// dead, after park.Backstop otherwise, and then the claim is struck out, so that a process which is stopped delays the others once and not at every turn. Each waiting process therefore gets the lock after at most
//
//	HandOffAfter + n x (the longest critical section + a wake-up)
//
// where n counts the processes that have waited longer; inside a process goroutines follow each other in order of arrival.
//
// # Invariants
//
//  1. Only a process that the word names as owner, without the handed bit, is inside. It leaves by a compare-and-swap on the word.
//  2. A sleeper has set, or found set, the waiters bit in the value that it sleeps on.
//  3. Who takes the lock after having slept keeps the waiters bit, for he can't know that he was the last.
//  4. Nothing but the word decides who holds the lock: next, since and the counts are hints that a scribbling peer may spoil without
//     harm to exclusion. A waiter re-reads the word after at most park.Backstop.
//  5. The dirty bit of a dead owner is turned into the busy mark before the lock can be released by whoever took it over.
package robust
