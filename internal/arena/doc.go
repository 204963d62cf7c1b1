// Package arena keeps shared objects in the memory of a family and counts who holds them, so that an object lives exactly as
// long as some process has a handle to it or a message with a reference to it is on its way, however those processes end.
//
// # Where objects are
//
// The file is cut into units of 2 MiB. A process that needs room claims free units, one compare-and-swap each, and is from then on
// the only one that allocates in them: no allocator state is shared, so none can be corrupted by a kill. Small objects (up to
// 32 KiB with their header) share a unit: a segment of 32 slabs, each with blocks of one size. A larger object has a run of units of its
// own; it takes memory only for the pages it needs, the rest of its last unit is address space.
//
// Memory is reserved (fallocate) before an object exists, after a look at what the machine and the cgroup have left, so running out is an
// error at creation. It goes back to the system when a slab is empty or a large object is freed. Nothing ever moves: an arena grows by
// claiming further units.
//
// # Who holds them
//
// The header of every object has cells, each a word that names one reason for it to live:
//
//	hold     process P has at least one handle
//	transit  a message from process P to process Q refers to it
//
// A cell whose process is dead is void. Nothing else is counted, so there is no count that a kill could leave wrong. Cells that don't fit into the header
// go to further blocks, chained from it.
//
// # Invariants
//
//  1. An object is LIVE only after its header is complete and its creator's hold cell is set; a process killed earlier leaves a free block.
//  2. A reference is attached or sent only under a valid cell: the sender's own hold until the transit cell is set, the transit cell until the
//     receiver's hold is set. Someone who attaches without one (bytes kept aside) finds either the object or ErrStale; when he is held up between looking and
//     setting his cell, while the block is freed and its slab cut anew, the cell flickers in another object's bytes. Messages never do that.
//  3. To free: no valid cell; LIVE -> FREEING by compare-and-swap; again no valid cell (else back to LIVE and start over). Whoever adds
//     a cell looks at the state afterwards, so of a freer and an adder that overlap one sees the other.
//  4. Who frees a block of somebody else's segment pushes it on the segment's list of returned blocks, and only the owner takes from that list. A large
//     object's units are freed by whoever frees the object, after he has made himself their owner.
//  5. Units whose owner is dead are adopted by compare-and-swap on the head's word; the adopter then does what the owner would have done.
//  6. A continuation unit's word holds its distance from the head and is cleared only by a compare-and-swap from exactly that.
//  7. Shared bytes are checked wherever they are used as an offset, a size or a link.
//
// # Sweeping
//
// Every process that has sent or received a reference has one goroutine asleep on its doorbell. Peers ring it when somebody has
// died or a block was returned. It clears void cells in its own segments, frees what nobody holds, and adopts the units of the dead.
package arena
