package family

import (
	"strings"
	"sync/atomic"
	"unsafe"
)

// Accessors of the shared bytes. A peer may have written anything into them: what is read here is checked where it is used.

func (f *Family) u32(off int) *uint32 { return (*uint32)(unsafe.Pointer(&f.mem[off])) }
func (f *Family) u64(off int) *uint64 { return (*uint64)(unsafe.Pointer(&f.mem[off])) }

// Word64 is the header or unit table word at a multiple of 8 below HeaderSize.
func (f *Family) Word64(off int) *uint64 { return f.u64(off) }

func slotOff(slot, field int) int { return offSlots + slot*slotSize + field }

func (f *Family) load(slot int) word {
	return word(atomic.LoadUint64(f.u64(slotOff(slot, slotWord))))
}

func (f *Family) cas(slot int, old, new word) bool {
	return atomic.CompareAndSwapUint64(f.u64(slotOff(slot, slotWord)), uint64(old), uint64(new))
}

// Doorbell is the futex word that peers add to when this participant should look around.
func (f *Family) Doorbell(id Ident) *uint32 { return f.u32(slotOff(id.Slot(), slotDoorbell)) }

func (f *Family) setName(slot int, name string) {
	b := f.mem[slotOff(slot, slotName):][:nameSize]
	clear(b)
	if len(name) > len(b) { // not in the middle of a character
		name = strings.ToValidUTF8(name[:len(b)], "")
	}
	copy(b, name)
}

func (f *Family) name(slot int) string {
	b := f.mem[slotOff(slot, slotName):][:nameSize]
	n := 0
	for n < len(b) && b[n] != 0 {
		n++
	}
	return string(b[:n])
}
