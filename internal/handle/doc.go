// Package handle is the encoded form of a shared object's handle: how it travels in arguments, results and, in time, in the items of
// queues and the tasks of pools.
//
// A handle is a CBOR byte string under the tag Tag. Encoding one has no side effect, and its bytes hold nothing: who sends a message
// looks for the references in it (ScanRefs), keeps their objects alive on the way (arena.Send), and whoever receives it takes them over
// (arena.Received) before he decodes.
//
//	offset  bytes  what
//	0       1      version, 1
//	1       1      kind of handle
//	2       16     family id
//	18      16     reference: offset, serial (little-endian)
//	34      16     reference of the lock, when it is another object; else zero
//	50      8      first element of a view
//	58      8      elements of a view
//	66      4      flags of the kind
//	70      ...    name of the element type
package handle
