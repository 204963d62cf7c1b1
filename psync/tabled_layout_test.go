//go:build linux

package psync

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/ledger"
)

func TestTabledLayouts(t *testing.T) {
	for what, v := range map[string][2]uint64{
		"condition: tickets": {offCondTickets, 0}, "condition: idle": {offCondIdle, 8}, "condition: rows": {offCondRows, 16}, "condition: size": {condSize, 256},
		"condition: counts": {(condMask<<condBits | condMask) &^ ledger.Counts, 0},
		"barrier: word":     {offBarWord, 0}, "barrier: arrived": {offBarArrived, 4}, "barrier: parties": {offBarParties, 8}, "barrier: runner": {offBarRunner, 12},
		"barrier: timeout": {offBarTimeout, 16}, "barrier: record": {offBarRecord, 24}, "barrier: reason": {offBarReason, 28}, "barrier: who": {offBarWho, 32},
		"barrier: pid": {offBarPID, 36}, "barrier: length": {offBarLength, 40}, "barrier: text": {offBarText, 44}, "barrier: size of the text": {barTextSize, 212},
		"barrier: outcomes": {offBarOutcomes, 256}, "barrier: rows": {offBarRows, 384}, "barrier: size": {barSize, 624},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %d, want %d", what, v[0], v[1])
		}
	}
}

// TestDeal: the first waiters of all processes in the order of their tickets, then further ones by turns; who has grants under way comes last.
func TestDeal(t *testing.T) {
	for _, c := range []struct {
		n    int
		in   []candidate
		want map[uint32]int // by ticket
	}{
		{1, []candidate{{ticket: 7, free: 2}, {ticket: 3, free: 2}}, map[uint32]int{3: 1}},
		{3, []candidate{{ticket: 7, free: 2}, {ticket: 3, free: 2}}, map[uint32]int{3: 2, 7: 1}},
		{3, []candidate{{ticket: 7, free: 5}, {ticket: 3, free: 1}}, map[uint32]int{3: 1, 7: 2}},
		{1, []candidate{{ticket: 7, free: 2}, {ticket: 3, free: 2, granted: 1}}, map[uint32]int{7: 1}},
		{1, []candidate{{ticket: 1, free: 2}, {ticket: 1<<32 - 2, free: 2}}, map[uint32]int{1<<32 - 2: 1}}, // tickets wrap
		{9, []candidate{{ticket: 7, free: 2}, {ticket: 3, free: 2}}, map[uint32]int{3: 2, 7: 2}},
	} {
		total := 0
		for _, e := range c.in {
			total += e.free
		}
		deal(c.in, min(c.n, total), total)
		for _, e := range c.in {
			if e.give != c.want[e.ticket] {
				t.Errorf("%d: ticket %d gets %d, want %d", c.n, e.ticket, e.give, c.want[e.ticket])
			}
		}
	}
}
