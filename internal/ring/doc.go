// Package ring is a bounded queue of byte records in shared memory, for any number of producers and consumers in any number of processes,
// each of which may be killed at any instruction.
//
// One lock lets one producer in at a time, another one consumer. A producer copies its record behind the tail and then moves the tail, with one store; a
// consumer copies the record at the head out and then moves the head. These two stores are the commit points: before it a producer that is killed has put nothing,
// and a consumer has taken nothing; after it they have. Both locks recover from the dead, and nothing needs repair behind them but the
// list of references of an item that was never committed.
//
// Slots with a sequence number each, as in lock-free queues, would be a little faster, but a producer that dies between taking its number and publishing
// its item stops all consumers for ever.
//
// # Invariants
//
//  1. Only the holder of the producers' lock writes the tail and the data between tail and head; only the holder of the consumers' lock writes the head.
//  2. Everything before the tail is complete. Tail and head have position and number of items in one word, so a reader never sees one without the other.
//  3. The objects that an item refers to are kept (arena.Keep) before the tail is moved, under the item's number, and held by the consumer before the head is.
//     Their numbers follow the items in the ring, so the cells of what was taken are void by themselves. A producer that is about to keep references says so in intent; the next
//     one drops what a dead one has kept for an item that was not committed. Of several items that refer to one object the last one's number is enough, since it leaves last.
//  4. Who sleeps reads its side's bell, sets the bit that says so there, looks again, and sleeps on what it has read, with the bit. Who commits looks at the bit afterwards, and if it is set, clears it
//     and steps the bell's count, in one instruction: whoever is killed or stopped before it leaves the bit to the next one, and after it the sleepers see that the
//     bell has changed. Then it wakes one of them. Who takes or puts after having slept sets the bit again, since it can't know that it was the only sleeper, and rings for what it leaves.
//  5. A producer writes only into a ring that is not closed, and closing needs the producers' lock: when a consumer finds the ring closed, and then empty, no item follows.
//  6. Head, tail and headers are checked against the size of the ring before they are used. A peer that scribbles makes ErrCorrupt.
package ring
