package robust

import "unsafe"

// The lock's shared bytes:
//
//	0   u32  word, see doc.go
//	4   u32  busy: Ident of the process that died while it was changing the object; bit 30: it panicked there
//	8   u64  next: claim of the process to hand the lock to; Ident in bits 0-28, start of its wait above, in units of 16.384 us
//	16  u32  recoveries: how often the lock was taken over from the dead
//	20  u32  takeovers: changed before the word of a dead holder is, see Core.DiedInside
//	24  u64  reserved
const (
	// Size is how many shared bytes a lock takes.
	Size = 32

	offWord       = 0
	offBusy       = 4
	offNext       = 8
	offRecoveries = 16
	offTakeovers  = 20
)

func (c *Core) busy() *uint32 { return (*uint32)(unsafe.Add(unsafe.Pointer(c.word), offBusy)) }
func (c *Core) next() *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(c.word), offNext)) }
func (c *Core) recoveries() *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(c.word), offRecoveries))
}

func (c *Core) takeovers() *uint32 {
	return (*uint32)(unsafe.Add(unsafe.Pointer(c.word), offTakeovers))
}

// Init makes c the process's view of the lock at area, which has Size bytes and is aligned to 8.
func (c *Core) Init(area unsafe.Pointer, f Members) {
	c.word = (*uint32)(area)
	c.f = f
	c.Me = uint32(f.Self())
}
