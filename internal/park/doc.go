// Package park puts goroutines to sleep on words of shared memory until a peer process changes and wakes them, or something in
// this process (a context, a Close, the news of a death) kicks them.
//
// A goroutine that sleeps in the kernel holds a thread, so only a few may: the first MaxDirect sleep in futex_waitv on
// two words, the shared one and a private kick word, which costs the least latency. All others share sleepers: a sleeper is one thread in
// futex_waitv on up to 127 words, which hands each wake on to the goroutine it is for. A thousand waiters on a thousand
// words take MaxDirect + 8 threads. (A thousand waiters on one lock take one: package robust lets one goroutine of a process
// at a time wait for each lock.)
//
// Invariants:
//
//  1. Wait returns when the word differs from val, whoever changed it and whether or not he woke anybody: every sleep ends after Backstop
//     and looks again. A waker that was killed between its store and its wake therefore delays a waiter by at most Backstop.
//  2. A kick is never lost: Set stores before it wakes, Wait looks at the kick before each sleep.
//  3. A word is not read after Wait has returned, so the caller may unmap it then.
//
// Where futex_waitv is missing (Linux before 5.16, gVisor) or forbidden (EPERM under some seccomp profiles), direct sleepers use
// FUTEX_WAIT_BITSET on the shared word alone and a kick wakes that word again and again until the sleeper has seen it; shared sleepers
// poll every 1 to 4 ms.
package park

import "time"

const (
	// MaxDirect is how many goroutines of a process may hold a thread each while they sleep.
	MaxDirect = 16
	// Backstop is the longest that a missed wake delays a waiter.
	Backstop = 250 * time.Millisecond
	// perSleeper is how many words one thread watches: the vector's size less the kick word.
	perSleeper = 127
)
