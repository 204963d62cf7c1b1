package psync

import (
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// Counts are the sums of a condition's rows, also of the dead.
func (c *Condition) Counts() (waiting, granted int) {
	for r := range c.rows.Each {
		w, g := condCounts(atomic.LoadUint64(r.Word()))
		waiting, granted = waiting+int(w), granted+int(g)
	}
	return waiting, granted
}

// WaitingIn is how many goroutines of a process wait.
func (c *Condition) WaitingIn(id family.Ident) (n int) {
	for r := range c.rows.Each {
		if v := atomic.LoadUint64(r.Word()); ledger.OwnerOf(v) == id {
			w, _ := condCounts(v)
			n += int(w)
		}
	}
	return n
}

// Me is this process.
func (o *tabled) Me() family.Ident { return family.Ident(o.h.Lock().Me) }

// Claimed is how many goroutines of this process are on their way with a grant.
func (c *Condition) Claimed() int {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return int(c.in.claimed)
}

// Rooms is how many rooms this process's goroutines wait in.
func (o *tabled) Rooms() int {
	o.in.rooms.mu.Lock()
	defer o.in.rooms.mu.Unlock()
	return len(o.in.rooms.m)
}

// Stale is how many rows of the dead have counts.
func (o *tabled) Stale() (n int) {
	for r := range o.rows.Each {
		if w := atomic.LoadUint64(r.Word()); w&ledger.Counts != 0 && !o.fam.Alive(ledger.OwnerOf(w)) {
			n++
		}
	}
	return n
}

// Bytes is the payload.
func (o *tabled) Bytes() []byte {
	return unsafe.Slice((*byte)(o.h.Payload()), o.h.Size())
}

// Lobbies is how many objects have a lobby in this process.
func Lobbies() int {
	lobbies.mu.Lock()
	defer lobbies.mu.Unlock()
	return len(lobbies.m)
}

// SetTurn makes the barrier look as after so many turns.
func (b *Barrier) SetTurn(turn uint32) { atomic.StoreUint32(b.area.word(), turn<<1) }

// CondSize and BarSize are the payloads' sizes.
const (
	CondSize = condSize
	BarSize  = barSize
)
