package arena

import (
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// An object's block:
//
//	0   u32     state: 0 free, live, or freeing|Ident of who frees it
//	4   u32     kind
//	8   u64     serial: Ident of the creator (29 bits), its count of objects (35 bits, so 34 billion before one comes again)
//	16  u64     size of the payload in bytes
//	24  u64     fingerprint of the element type
//	32  [3]u64  cells
//	56  u64     offset of the next block of cells; in a returned block: the next returned one
//	64  32 B    lock, package robust
//	96  ...     payload; at 128 when it is longer than 1 KiB
//
// Cell: kind in bits 0-2, Ident of the holder or sender in 3-31, Ident of the receiver (transit) in 32-60; 0 is empty. Of a kept reference: number of the item
// in bits 3-25, offset of the keeper, in units of 16, in 26-63.
const (
	offState  = 0
	offKind   = 4
	offSerial = 8
	offSize   = 16
	offType   = 24
	offCells  = 32
	offNext   = 56
	offLock   = 64
	headSize  = 96
	bigHead   = 128 // of payloads beyond bigHeadAt
	bigHeadAt = 1 << 10

	inlineCells = 3
	serialBits  = 64 - family.IdentBits

	stateLive    = 1 << 31
	stateFreeing = 1 << 30

	// A block of further cells is an object too: its payload is the Ref of the object it belongs to, then cells.
	moreCells   = 62
	moreSize    = 16 + moreCells*8
	maxMore     = 4096/moreCells + 8
	kindCells   = 0xff
	cellKinds   = 7
	cellHold    = 1
	cellTransit = 2
	cellKept    = 3

	blockAlign = 16
)

// block is a view of one object's header in this process's mapping.
type block struct {
	p   unsafe.Pointer
	off uint64
}

func (b block) u32(at uintptr) *uint32 { return (*uint32)(unsafe.Add(b.p, at)) }
func (b block) u64(at uintptr) *uint64 { return (*uint64)(unsafe.Add(b.p, at)) }

func (b block) state() uint32     { return atomic.LoadUint32(b.u32(offState)) }
func (b block) setState(s uint32) { atomic.StoreUint32(b.u32(offState), s) }
func (b block) casState(old, to uint32) bool {
	return atomic.CompareAndSwapUint32(b.u32(offState), old, to)
}
func (b block) kind() uint32       { return atomic.LoadUint32(b.u32(offKind)) }
func (b block) serial() uint64     { return atomic.LoadUint64(b.u64(offSerial)) }
func (b block) size() uint64       { return atomic.LoadUint64(b.u64(offSize)) }
func (b block) typ() uint64        { return atomic.LoadUint64(b.u64(offType)) }
func (b block) next() uint64       { return atomic.LoadUint64(b.u64(offNext)) }
func (b block) setNext(off uint64) { atomic.StoreUint64(b.u64(offNext), off) }

// init writes everything but the state. The payload and the lock are zero already.
func (b block) init(kind uint32, serial, size, typ uint64, cell uint64) {
	atomic.StoreUint32(b.u32(offKind), kind)
	atomic.StoreUint64(b.u64(offSerial), serial)
	atomic.StoreUint64(b.u64(offSize), size)
	atomic.StoreUint64(b.u64(offType), typ)
	for i := range inlineCells {
		atomic.StoreUint64(b.u64(uintptr(offCells+8*i)), 0)
	}
	atomic.StoreUint64(b.u64(offCells), cell)
	b.setNext(0)
}

// wipe zeroes the first n bytes after the state and leaves the block free.
func (b block) wipe(n uint64) {
	b.setState(0)
	clear(unsafe.Slice((*byte)(unsafe.Add(b.p, offKind)), n-offKind))
}

// fill overwrites the payload of a freed block, so that its use is noticed.
func (b block) fill(n uint64, v byte) {
	s := unsafe.Slice((*byte)(unsafe.Add(b.p, headSize)), n-headSize)
	for i := range s {
		s[i] = v
	}
}

func (b block) lock(c *robust.Core, f *family.Family) { c.Init(unsafe.Add(b.p, offLock), f) }

// headOf is where the payload of an object of this size begins.
func headOf(size uint64) uint64 {
	if size > bigHeadAt {
		return bigHead
	}
	return headSize
}

// at is the block at a place of a mapping.
func at(mem []byte, i uint64, off uint64) block {
	return block{unsafe.Pointer(&mem[i]), off}
}

// word32 and word64 are words of a segment's header.
func word32(mem []byte, i uint64) *uint32 { return (*uint32)(unsafe.Pointer(&mem[i])) }
func word64(mem []byte, i uint64) *uint64 { return (*uint64)(unsafe.Pointer(&mem[i])) }

func freeing(id family.Ident) uint32 { return stateFreeing | uint32(id) }

func hold(id family.Ident) uint64 { return cellHold | uint64(id)<<3 }
func transit(from, to family.Ident) uint64 {
	return cellTransit | uint64(from)<<3 | uint64(to)<<32
}

// Memory is the address of an object's payload.
type Memory = unsafe.Pointer

// unsafePayload is where the payload of an object of a known size is; the header's own idea of the size may have changed since it was checked.
func unsafePayload(b block, size uint64) Memory { return unsafe.Add(b.p, headOf(size)) }
