// Package shm shares typed memory between the processes of a program: [Value] and [Array] with a lock that survives kill -9, [RawValue]
// and [RawArray] without one, at the speed of ordinary memory.
//
// # Element types
//
// T is any type of fixed size without pointers: integers, floats, complex numbers, bool, arrays and structs of them, and the value types of
// sync/atomic. A type with a pointer, string, slice, map, interface, channel, func or a type of package sync is refused at creation with a
// *LayoutError that names the field. int and uint are allowed and are 64 bits, the same as int64 and uint64: shared memory exists on 64-bit
// platforms only. uintptr is refused: an address means nothing in another process. In place of a string use a byte array and [TextOf].
//
// # Handles
//
// A Value, an Array or a raw one is a handle. It can be (a part of) an argument or a result of a worker's function; what arrives is a handle to the same memory, with the same
// lock. The memory lives as long as any process has a handle or a message with one is on its way, and is freed, whoever dies, when the
// last is closed, collected or gone with its process. Close frees at once; without it the garbage collector does some time
// after the last use. The exception are raw pointers: the collector can't see who uses what Ptr and Slice return, so once they were called only
// Close frees. Using such a pointer after Close reads or writes memory that may be another object's by then, or ends the program.
// MULTIPROC_DEBUG=quarantine in the environment keeps freed small blocks, overwritten with 0xdb, from reuse for long enough to find such a bug.
//
// # Cost
//
// A small object takes 112 bytes of shared memory, its header and lock included; a large one its size and 128 bytes. Making a small
// one takes about a microsecond, a large one 0.2 ms for each MiB, which is the kernel clearing pages: memory is reserved at creation, so that running out is
// ErrNoMemory there and not a signal later.
//
// # Caveats
//
//   - Value.Load and Value.Store lock one access each: read-then-write loses updates. Use Update.
//   - Inside Update the lock is held and not re-entrant: use the pointer or slice, not the object's methods.
//   - A torn write of a killed process is refused with ErrOwnerDied only where this package did the writing (Update, Store, Set, Fill, CopyFrom); what a process
//     wrote through Raw or under Locker is between you and psync.Recovery.
//   - Any process of the family can write any byte of shared memory.
package shm
