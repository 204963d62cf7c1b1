// Package linear checks that what processes see of a shared object is linearizable: that every call seems to have happened at one instant between its
// begin and its end, also when the processes are killed while they call. It has tests only:
//
//	go test ./internal/linear -v -linear.duration=2m -timeout 30m
//
// Workers call the methods of a few objects and record each call in shared memory, before and after, by one clock that all processes have
// (CLOCK_MONOTONIC); so the calls of a killed worker are known too. A random one is killed every now and then, at a random moment or at one of the library's
// named points. When all have ended the test itself looks at what is left, and github.com/anishathalye/porcupine searches an order of all calls that a model
// of the object allows. A round is short, some hundred calls, and has new objects; a run is many rounds.
//
// # What a death is in a history
//
// A call of a killed process that has not returned may have had its effect or not. It ends when the death is known: what is dead writes no more, so an effect that came
// later would be a violation, and so would be one of a process that the history has seen die before.
//
// The death itself is an operation too, from the moment at which the process was last known to live to that at which its end is known. What the model
// of a type says happens then: a lock is free and its next holder told who died, the permits of a BoundedSemaphore are back and those of a Semaphore are not,
// a Value whose Update was under way refuses.
//
// # What is left out of a history
//
// Calls that ended with their context: they have no effect, and none is asked of them. And calls that only try, and fail because the object was reserved for
// somebody who waited, where the history can't show that he was the cause: see excuse.
package linear
