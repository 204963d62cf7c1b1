// Package family knows the processes that share memory: a root and the workers below it.
//
// A family owns one anonymous, sealed, sparse file of shared memory. Every worker inherits its descriptor at exec, so a
// member can attach to any shared object by a mere reference, whoever made it and whoever has died since; no descriptor
// is ever passed after a worker's start. The first bytes of the file say who takes part; package arena owns the rest.
//
// # Participants
//
// A participant is one process. It has a slot in a table and is named by an Ident: the slot and the slot's generation.
// A slot that is used again has another generation, so an Ident left behind in a lock word or a list of holders never
// comes to mean another process.
//
//	Free -> Reserved   a parent is about to start a child                 (Reserve)
//	Reserved -> Live   the child has arrived and written its pid          (join)
//	Reserved -> Dead   the start failed, or the parent died first         (markDead)
//	Live -> Dead       the process has ended, its memory is torn down     (markDead)
//	Dead -> Free       its last messages were read                        (Buried)
//
// Invariants:
//
//  1. One compare-and-swap makes each of these steps; a process killed between two steps leaves a slot that others can finish.
//  2. Live -> Dead is written only by a process that has seen the pidfd of the dead readable (or its pid vanish or change
//     its start time), so a participant that is Dead can't touch shared memory any more, not even from another thread that is still
//     inside a system call.
//  3. Whoever writes Dead or Free rings every live participant's doorbell, so that references of the dead are swept.
//
// # Who notices a death
//
// A parent reaps its child and tells the table. Participants without a living parent (the root, and workers that outlive theirs)
// are watched by every process that has something to sweep, and whoever waits for a lock watches the lock's owner himself.
package family
