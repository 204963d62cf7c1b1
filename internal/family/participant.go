package family

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// ErrFull: the family has as many processes as its table has slots.
var ErrFull = fmt.Errorf("multiproc: %d processes of one family are running already; wait for some to end", maxSlots-1)

// Peer describes a participant.
type Peer struct {
	PID  int
	Name string
}

// Reserve takes a slot for a child that is about to be started. It stays reserved until the child arrives, Buried, or this process's death.
func (f *Family) Reserve(name string) (Ident, error) {
	id, err := f.reserve(name, f.self)
	if err != nil {
		f.buryOrphans()
		id, err = f.reserve(name, f.self)
	}
	return id, err
}

func (f *Family) reserve(name string, parent Ident) (Ident, error) {
	for range 2 * maxSlots {
		slot := int(atomic.AddUint32(f.u32(offNextSlot), 1)) % maxSlots
		w := f.load(slot)
		if slot == 0 || w.state() != Free {
			continue
		}
		// Raise the end first: a slot in use beyond it would be overlooked by those who ring and sweep.
		for end := f.u32(offSlotsEnd); ; {
			e := atomic.LoadUint32(end)
			if e > uint32(slot) || atomic.CompareAndSwapUint32(end, e, uint32(slot)+1) {
				break
			}
		}
		next := makeWord(Reserved, w.gen()+1, parent)
		if !f.cas(slot, w, next) {
			continue
		}
		killpoint.Here("family.reserve")
		atomic.StoreUint32(f.u32(slotOff(slot, slotPID)), 0)
		f.setName(slot, name)
		return ident(slot, next.gen()), nil
	}
	return 0, ErrFull
}

// buryOrphans frees the slots of the dead that nobody has looked after: those whose parents are dead as well, in a family without shared objects to sweep for.
func (f *Family) buryOrphans() {
	for id, state := range f.Participants {
		if id == f.self || f.Alive(f.Parent(id)) {
			continue
		}
		if state == Live && !f.exists(id) {
			f.MarkDead(id)
		}
		f.BuryOrphan(id)
	}
}

// Started tells the pid of a child once exec has succeeded.
func (f *Family) Started(id Ident, pid int) {
	atomic.StoreUint32(f.u32(slotOff(id.Slot(), slotPID)), uint32(pid))
}

// Buried frees the slot of a child that is dead (or was never started) and whose messages have been read: whatever it held or had sent and nobody received is void from now on.
func (f *Family) Buried(id Ident) {
	f.MarkDead(id)
	f.bury(id)
	f.ringAll()
	if AfterBurial != nil {
		AfterBurial(f)
	}
}

// AfterBurial lets package arena sweep up after the dead in a process that holds no references itself.
var AfterBurial func(*Family)

func (f *Family) bury(id Ident) {
	killpoint.Here("family.bury")
	if w := f.load(id.Slot()); w.gen() == id.Gen() && w.state() == Dead {
		f.cas(id.Slot(), w, w.with(Free))
		atomic.AddUint32(f.u32(offDeaths), 1)
	}
}

// Deaths counts the deaths and burials of the family: while it stays the same no reference has become void.
func (f *Family) Deaths() uint32 { return atomic.LoadUint32(f.u32(offDeaths)) }

// MarkDead is Live or Reserved -> Dead. The caller has seen the process end, or knows that it never was (invariant 2).
func (f *Family) MarkDead(id Ident) {
	for {
		w := f.load(id.Slot())
		if id.Slot() == 0 || w.gen() != id.Gen() || w.state() == Dead || w.state() == Free {
			return
		}
		if f.cas(id.Slot(), w, w.with(Dead)) {
			atomic.AddUint32(f.u32(offDeaths), 1)
			f.ringAll()
			return
		}
	}
}

// Alive reports whether the participant can still touch shared memory, as far as the table knows: a death that nobody
// has noticed yet counts as alive. Someone about to start counts as alive as long as his parent does.
func (f *Family) Alive(id Ident) bool {
	for depth := 0; depth < maxSlots; depth++ {
		w := f.load(id.Slot())
		if id.Slot() == 0 || w.gen() != id.Gen() {
			return false
		}
		if w.state() != Reserved {
			return w.state() == Live
		}
		id = w.parent()
	}
	return false // parents in a circle: a peer scribbled
}

// Unburied reports whether messages of the participant may still be on their way to its parent.
func (f *Family) Unburied(id Ident) bool {
	w := f.load(id.Slot())
	return id.Slot() != 0 && w.gen() == id.Gen() && w.state() != Free
}

// Peer tells who a participant is, also for some time after its death: until its slot is used again.
func (f *Family) Peer(id Ident) (Peer, bool) {
	slot := id.Slot()
	if slot == 0 || f.load(slot).gen() != id.Gen() {
		return Peer{}, false
	}
	return Peer{PID: int(int32(atomic.LoadUint32(f.u32(slotOff(slot, slotPID))))), Name: f.name(slot)}, true
}

// Parent is who started the participant; 0 for the root.
func (f *Family) Parent(id Ident) Ident { return f.load(id.Slot()).parent() }

// Participants calls yield for every slot that is not free.
func (f *Family) Participants(yield func(Ident, State) bool) {
	end := min(int(atomic.LoadUint32(f.u32(offSlotsEnd))), maxSlots)
	for slot := 1; slot < end; slot++ {
		w := f.load(slot)
		if w.state() != Free && !yield(ident(slot, w.gen()), w.state()) {
			return
		}
	}
}

// Ring makes one participant look around; it never blocks.
func (f *Family) Ring(id Ident) {
	if id.Slot() == 0 {
		return
	}
	bell := f.Doorbell(id)
	atomic.AddUint32(bell, 1)
	sys.FutexWake(bell, 1<<30)
}

func (f *Family) ringAll() {
	for id, state := range f.Participants {
		if state == Live {
			f.Ring(id)
		}
	}
}

// exists reports whether the process of a Live participant is still there, going by pid and start time; by the pid alone where /proc hides it.
func (f *Family) exists(id Ident) bool {
	return f.existsAs(id, int(int32(atomic.LoadUint32(f.u32(slotOff(id.Slot(), slotPID))))))
}

// existsAs is exists for a pid that was read, and used, before.
func (f *Family) existsAs(id Ident, pid int) bool {
	recorded := atomic.LoadUint64(f.u64(slotOff(id.Slot(), slotStart)))
	if pid <= 0 {
		return false
	}
	start, err := sys.StartTime(pid)
	if err != nil {
		return !errors.Is(err, sys.ErrEnded) && sys.Exists(pid)
	}
	return recorded == 0 || start == recorded
}

// Notice looks for participants that have ended without anybody having noticed, as when their parent is stopped and does not look, and marks them dead. It reads a file in /proc for each
// participant that is not this process's child, and returns how many these are.
func (f *Family) Notice() (looked int) {
	for id, state := range f.Participants {
		if state != Live || id == f.self || f.Parent(id) == f.self {
			continue
		}
		looked++
		if !f.exists(id) {
			f.MarkDead(id)
		}
	}
	return looked
}

// BuryOrphan frees the slot of a dead participant whose parent is dead as well, so that no one is left to read its messages to it. While it has
// children it stays: they may not have read yet what it sent them. An orphan that was to be started and has not arrived is given up first.
func (f *Family) BuryOrphan(id Ident) {
	w := f.load(id.Slot())
	if id.Slot() == 0 || w.gen() != id.Gen() || f.Alive(w.parent()) {
		return
	}
	if w.state() == Reserved { // not MarkDead: it may be arriving at this moment
		if !f.cas(id.Slot(), w, w.with(Dead)) {
			return
		}
		atomic.AddUint32(f.u32(offDeaths), 1)
	} else if w.state() != Dead {
		return
	}
	for child, state := range f.Participants {
		if (state == Live || state == Reserved) && f.Parent(child) == id {
			return
		}
	}
	f.bury(id)
	f.ringAll()
}
