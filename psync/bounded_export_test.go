package psync

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/ledger"
)

// PlayBounded is s as another participant sees it, whom the test plays in this process.
func PlayBounded(s *BoundedSemaphore, id family.Ident) (*BoundedSemaphore, error) {
	h, err := s.h.Clone()
	if err != nil {
		return nil, err
	}
	p := &BoundedSemaphore{object: object{h: h, kind: s.kind}, shared: s.shared}
	p.open(s.max)
	p.rows = ledger.NewAs(h, unsafe.Add(h.Payload(), offRows), id)
	p.mine = uint64(id) << (ledger.IdentShift - wantShift)
	return p, nil
}

// Surrender is what Close does when it closes a process's last handle, which a player's never is.
func (s *BoundedSemaphore) Surrender() { s.surrender() }

// Words are the shared words of a semaphore: its payload.
func (s *BoundedSemaphore) Words() []uint64 {
	return unsafe.Slice((*uint64)(s.h.Payload()), boundedSize/8)
}

// Row is the word of this process's row as far as its fast path knows.
func (s *BoundedSemaphore) Row() *uint64 { return s.row.Load() }

// Rows counts the rows in use.
func (s *BoundedSemaphore) Rows() (n int) {
	for range s.rows.Each {
		n++
	}
	return n
}

// The layout of a bounded semaphore.
const (
	OffMax, OffBell, OffFront, OffWanted, OffRows, BoundedSize = offMax, offBell, offFront, offWanted, offRows, boundedSize

	UsedMask, CachedMask, Want = usedMask, cachedMask, want
)

// NextInQueue is who has waited longest to become the first.
func (s *BoundedSemaphore) NextInQueue() family.Ident {
	_, _, wait := s.h.Lock().State(0)
	return wait.First
}
