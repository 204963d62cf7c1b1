// Package layout decides whether a Go type can live in shared memory, and names
// the bytes that it is made of.
//
// A type can be shared when its bytes mean the same in every process that maps
// them: booleans, numbers, complex numbers, the value types of sync/atomic, and
// arrays and structs of these to any depth. Everything that holds an address or
// refers to this process's runtime is refused with an [*Error] that names the
// field, what was found there and what to use in its place.
//
// # Names
//
// [Layout.Name] is the text of a type with everything removed that does not
// change its bytes: named types are reduced to their structure, int and uint to
// int64 and uint64, and the types of sync/atomic to the integer they hold. Field
// names stay, so that two programs that disagree about what a word means do not
// attach to each other's memory. Field tags do not count. Offsets, sizes and
// padding are not written out: they follow from the text by Go's rules for the
// platform. Two types with equal names have the same layout and may be attached
// to one another's memory; [Layout.Fingerprint] is the number that is compared.
//
// # Decisions
//
//   - int and uint are taken on 64-bit platforms only. On the others their size
//     is not the one that the name promises, and they are refused.
//   - A type of zero bytes is refused: there is nothing in it to share, and
//     neighbouring elements of an array of it would have one address. Fields of
//     zero bytes inside a type that has some (such as structs.HostLayout) are
//     kept, but their type has to be fit to share too: [0]func() is refused.
//   - atomic.Bool holds a uint32 and is 4 bytes; it is not the same as a bool.
//   - Fields that are blank or not exported are memory like any other.
//
// The result is kept for each type for the life of the process: the first call
// walks the type, later calls cost one lookup. All functions may be called from
// any goroutine and never block.
package layout
