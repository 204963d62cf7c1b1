package ring

import (
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// A ring's payload. Each group of words that one side writes has a cache line of its own, where the payload is aligned to one (always when it is larger than 32 KiB):
//
//	0    u32   magic
//	4    u32   capacity in items
//	8    u64   size of the data in bytes, a power of two
//	16   u32   1 when the ring is closed; written under the producers' lock
//	20   u32   how often an end of a pipe was closed
//	24   u32   how long to spin before a sleep, in us; 0: the default
//	64   32 B  producers' lock, package robust
//	96   u64   number + 1 of an item whose references are being kept; 0: none
//	128  32 B  consumers' lock
//	192  u64   tail: what producers have committed
//	200  u32   bell of the consumers: bit 0 when one may be asleep, above it a count that changes when one of them has to look
//	256  u64   head: what consumers have taken
//	264  u32   bell of the producers
//	320  u64   for the layer above, written under the consumers' lock (a joinable queue's consumer who is taking an item)
//	384  ...   data
//
// Tail and head: number of items in bits 0-27, position in the data, in units of 8 bytes, in bits 28-63; both wrap.
//
// A record in the data: a header of 8 bytes, then the contents, padded to 8; it may go over the end of the data to its beginning.
//
//	0   u32  length of the contents in bytes
//	4   u8   kind of the contents, of the caller's choice
//	5   u8   1: references come first: u64 n, n x (u64 offset, u64 serial); 2: the first of them is an object that has the contents
//	6   u16  number of the item, low bits
const (
	offMagic    = 0
	offCapacity = 4
	offBytes    = 8
	offClosed   = 16
	offEnds     = 20
	offSpin     = 24
	offProducer = 64
	offIntent   = 96
	offConsumer = 128
	offTail     = 192
	offGetBell  = 200
	offHead     = 256
	offPutBell  = 264
	offExtra    = 320
	offData     = 384

	magic = 0x4752504d // "MPRG"

	itemBits = 28
	itemMask = 1<<itemBits - 1
	posMask  = 1<<(64-itemBits) - 1
	unit     = 8

	hasRefs  = 1
	hasSpill = 2

	asleep   = 1 // in a bell
	bellStep = 2
)

// area is a ring's payload in this process's mapping.
type area struct{ p unsafe.Pointer }

func (a area) u32(at uintptr) *uint32 { return (*uint32)(unsafe.Add(a.p, at)) }
func (a area) u64(at uintptr) *uint64 { return (*uint64)(unsafe.Add(a.p, at)) }

func (a area) data(n uint64) []byte { return unsafe.Slice((*byte)(unsafe.Add(a.p, offData)), n) }

func (a area) locks(producer, consumer *robust.Core, f *family.Family) {
	producer.Init(unsafe.Add(a.p, offProducer), f)
	consumer.Init(unsafe.Add(a.p, offConsumer), f)
}

// Extra is a word for the layer above, zero at first.
func (r *Ring) Extra() *uint64 { return r.a.u64(offExtra) }

// place is a tail or a head.
type place uint64

func at(pos, items uint64) place        { return place(pos&posMask<<itemBits | items&itemMask) }
func (p place) pos() uint64             { return uint64(p) >> itemBits }
func (p place) items() uint64           { return uint64(p) & itemMask }
func (p place) past(units uint64) place { return at(p.pos()+units, p.items()+1) }

func (a area) tail() place     { return place(atomic.LoadUint64(a.u64(offTail))) }
func (a area) head() place     { return place(atomic.LoadUint64(a.u64(offHead))) }
func (a area) setTail(p place) { atomic.StoreUint64(a.u64(offTail), uint64(p)) }
func (a area) setHead(p place) { atomic.StoreUint64(a.u64(offHead), uint64(p)) }

// words writes and reads a record's header as one word: fields in the order of the table above, little-endian as the machine is.
func (a area) storeHeader(data []byte, at uint64, h header) {
	*(*uint64)(unsafe.Pointer(&data[at])) = uint64(h.length) | uint64(h.kind)<<32 | uint64(h.flags)<<40 | uint64(h.item)<<48
}

func (a area) loadHeader(data []byte, at uint64) header {
	w := *(*uint64)(unsafe.Pointer(&data[at]))
	return header{uint32(w), uint8(w >> 32), uint8(w >> 40), uint16(w >> 48)}
}

type header struct {
	length uint32
	kind   uint8
	flags  uint8
	item   uint16
}

// payloadBytes is a large item's object as bytes.
func payloadBytes(p unsafe.Pointer, n uint64) []byte { return unsafe.Slice((*byte)(p), n) }
