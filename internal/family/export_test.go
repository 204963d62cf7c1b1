package family

// What the tests with child processes, which can't be in this package, need of it.

// MaxSlots is the size of the participant table, slot 0 included.
const MaxSlots = maxSlots

// StateOf is what the slot of a participant says, whatever its generation.
func (f *Family) StateOf(id Ident) State { return f.load(id.Slot()).state() }

// SetPID writes the pid that the table tells of a participant.
func (f *Family) SetPID(id Ident, pid int) { *f.u32(slotOff(id.Slot(), slotPID)) = uint32(pid) }

// SetStart writes the start time that the table tells of a participant.
func (f *Family) SetStart(id Ident, start uint64) { *f.u64(slotOff(id.Slot(), slotStart)) = start }

// Watches is how many watches are open.
func (f *Family) Watches() int {
	f.watches.mu.Lock()
	defer f.watches.mu.Unlock()
	return len(f.watches.m)
}

// IdleWatches is how many are kept without a subscriber.
const IdleWatches = idleWatches
