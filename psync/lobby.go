package psync

import (
	"container/list"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/robust"
)

// tabled is an object with a ledger whose waiters go on using its memory after their wait has ended: to leave the ledger, to break a barrier. Close therefore does not wait for them; it
// leaves the memory to whoever is inside, the last of whom gives it up.
type tabled struct {
	object
	rows *ledger.Table
	in   *lobby
	fam  *family.Family
	*tabledUse
}

// tabledUse is what changes in a handle.
type tabledUse struct {
	users atomic.Int32                 // goroutines that use the memory through this handle
	kept  atomic.Pointer[arena.Handle] // once closed: what keeps the memory for them
}

// open makes the process's view of an object that was created or attached.
func (o *tabled) open(area arena.Memory) error {
	a, err := arena.Home()
	if err != nil {
		return err
	}
	o.rows, o.in, o.fam, o.tabledUse = ledger.New(o.h, area), lobbyOf(o.h.Lock()), a.Family(), new(tabledUse)
	return nil
}

// enter begins a use of the memory; ErrClosed: there is none.
func (o *tabled) enter() error {
	if o.h == nil {
		return errs.ErrClosed
	}
	o.users.Add(1)
	if o.h.Closed() { // after the count: of this look and that of leave one sees the other
		o.leave()
		return errs.ErrClosed
	}
	return nil
}

// leave ends a use of the memory, which goes with the last user of a closed handle. Once closed, whoever enters leaves at once; so when there is no user after that, there will be none.
func (o *tabled) leave() {
	if o.users.Add(-1) == 0 && o.h.Closed() && o.users.Load() == 0 {
		if keep := o.kept.Swap(nil); keep != nil {
			o.rows.Close()
			_ = keep.Close()
		}
	}
	runtime.KeepAlive(o)
}

// Close gives this handle up. Whoever waits through it gets ErrClosed; other handles, here and elsewhere, are not affected. The memory is freed with the last
// handle of the last process. A second Close is ErrClosed.
func (o *tabled) Close() error {
	if o.h == nil {
		return errs.ErrClosed
	}
	keep, err := o.h.Clone()
	if err != nil {
		return err
	}
	o.users.Add(1) // nobody gives the memory up before the handle's waits have been ended
	defer o.leave()
	if !o.kept.CompareAndSwap(nil, keep) { // another Close is about to
		_ = keep.Close()
		return errs.ErrClosed
	}
	return o.h.Close()
}

// mourn is what a process does about the dead, once for each change of the family's count: settle is called, under the embedded lock, when a row of a dead participant has counts. It
// may have to wait for that lock, until the wait ends that it is a part of.
func (o *tabled) mourn(lock func() error, settle func()) {
	d := o.fam.Deaths()
	if d == o.in.settled.Load() {
		return
	}
	if o.rows.Attach() != nil {
		return // who uses the rows is told
	}
	for r := range o.rows.Each {
		if w := atomic.LoadUint64(r.Word()); w&ledger.Counts != 0 && !o.fam.Alive(ledger.OwnerOf(w)) {
			if lock() == nil {
				settle()
				_ = o.h.Lock().Release() // ErrNotOwner: the lock was scribbled over
			}
			return
		}
	}
	o.in.settled.Store(d)
}

// lobby is what the handles of a process to one object share, so that two handles are not two opinions of how many of the process's waiters were called.
type lobby struct {
	settled atomic.Uint32 // the family's count of deaths up to which no dead participant has counts in the ledger

	rooms waitRooms // an epoch is a Barrier's turn, or the time between two recoveries of a Condition's lock

	mu      sync.Mutex
	claimed uint64    // of a Condition: grants in the process's row that goroutines of it have taken and are on their way with
	queue   list.List // of a Condition: the tickets of goroutines that wait and have taken no grant, the oldest first
}

// lobbies are the lobbies in use, by the object's lock, which all handles of a process have in common.
var lobbies = struct {
	mu sync.Mutex
	m  map[*robust.Core]weak.Pointer[lobby]
}{m: map[*robust.Core]weak.Pointer[lobby]{}}

func lobbyOf(core *robust.Core) *lobby {
	lobbies.mu.Lock()
	defer lobbies.mu.Unlock()
	if l := lobbies.m[core].Value(); l != nil {
		return l
	}
	l := new(lobby)
	lobbies.m[core] = weak.Make(l)
	runtime.AddCleanup(l, func(core *robust.Core) {
		lobbies.mu.Lock()
		defer lobbies.mu.Unlock()
		if lobbies.m[core].Value() == nil { // else it has got another one meanwhile
			delete(lobbies.m, core)
		}
	}, core)
	return l
}

// either is closed when one of two handles is.
type either [2]*arena.Handle

func (e either) Closed() bool { return e[0].Closed() || e[1].Closed() }

func (e either) AddKick(k *park.Kick) {
	e[0].AddKick(k)
	e[1].AddKick(k)
}

func (e either) RemoveKick(k *park.Kick) {
	e[0].RemoveKick(k)
	e[1].RemoveKick(k)
}

// stays is the handle of those who finish what they have begun although theirs was closed; the memory stays as long as they are inside.
type stays struct{}

func (stays) Closed() bool          { return false }
func (stays) AddKick(*park.Kick)    {}
func (stays) RemoveKick(*park.Kick) {}

// unavailable is what String says of a handle without a state to tell.
func (o *tabled) unavailable(kind uint8) string {
	if o == nil || o.h == nil {
		return fmt.Sprintf("%s(none)", handle.KindName(kind))
	}
	return fmt.Sprintf("%s(closed)", handle.KindName(kind))
}
