package psync

import (
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
)

// ErrBroken: not all parties of a Barrier will come; see BrokenError.
var ErrBroken = errs.ErrBroken

// BreakReason is why a Barrier broke.
type BreakReason uint32

// The reasons. The zero reason: it is not known any more.
const (
	BrokenByDeath    BreakReason = iota + 1 // a process died of which a party had arrived
	BrokenByContext                         // the context of a party that waited ended, or the barrier's timeout did
	BrokenByClose                           // a party that waited closed its handle
	BrokenByAction                          // the action returned an error, or panicked
	BrokenInAction                          // the process that ran the action died
	BrokenByAbort                           // Abort was called
	BrokenByReset                           // Reset was called while parties waited
	BrokenByScribble                        // shared memory held what no correct process writes
)

var breakReasons = [...]string{
	"it broke before, and why is not known any more", "%s died while it waited", "%s stopped waiting", "%s closed its handle while it waited", "the action failed in %s", "%s died in the action",
	"%s called Abort", "%s called Reset", "its shared memory is corrupt, as %s found",
}

// A BrokenError is the error of a Wait at a broken Barrier. It unwraps to ErrBroken, and in the process that ran an action that failed to the action's error.
type BrokenError struct {
	Reason BreakReason
	Who    string // the process that broke it, by name and pid; "" when it is not known any more
	PID    int    // its pid, or 0
	Text   string // what there is to say besides: the error of the context, or of the action, cut to 212 bytes

	cause error
}

func (e *BrokenError) Error() string {
	reason := breakReasons[0]
	if int(e.Reason) < len(breakReasons) {
		reason = breakReasons[e.Reason]
	}
	if strings.Contains(reason, "%s") {
		reason = fmt.Sprintf(reason, e.Who)
	}
	if e.Text != "" {
		reason += ": " + e.Text
	}
	return fmt.Sprintf("psync: the barrier is broken: %s", reason)
}

// Unwrap makes errors.Is find ErrBroken.
func (e *BrokenError) Unwrap() []error {
	out := []error{errs.ErrBroken}
	if e.Reason == BrokenByScribble {
		out = append(out, errs.ErrCorrupt)
	}
	if e.cause != nil {
		out = append(out, e.cause)
	}
	return out
}

// note records why a turn breaks. The caller has the lock, and breaks it afterwards.
func (b *Barrier) note(turn uint32, reason BreakReason, who family.Ident, text string) {
	a := b.area
	text = strings.ToValidUTF8(text[:min(len(text), barTextSize)], "")
	atomic.SwapUint32(a.u32(offBarRecord), 0) // a swap: no store below may become visible before it
	atomic.StoreUint32(a.u32(offBarReason), uint32(reason))
	atomic.StoreUint32(a.u32(offBarWho), uint32(who))
	pid := 0
	if p, ok := b.fam.Peer(who); ok {
		pid = p.PID
	}
	atomic.StoreUint32(a.u32(offBarPID), uint32(pid))
	atomic.StoreUint32(a.u32(offBarLength), uint32(copy(a.text(), text)))
	atomic.StoreUint32(a.u32(offBarRecord), turn<<1|barBroken)
}

// brokenError is why a turn broke, as far as that is still recorded.
func (b *Barrier) brokenError(turn uint32) *BrokenError {
	a := b.area
	if atomic.LoadUint32(a.u32(offBarRecord)) != turn<<1|barBroken {
		return &BrokenError{}
	}
	e := &BrokenError{Reason: BreakReason(atomic.LoadUint32(a.u32(offBarReason))), PID: int(int32(atomic.LoadUint32(a.u32(offBarPID))))}
	who := family.Ident(atomic.LoadUint32(a.u32(offBarWho)) & family.IdentMask)
	text := a.text()
	e.Text = strings.ToValidUTF8(string(text[:min(int(atomic.LoadUint32(a.u32(offBarLength))), len(text))]), "")
	if atomic.OrUint32(a.u32(offBarRecord), 0) != turn<<1|barBroken { // not a load: no load above may be done after it
		return &BrokenError{}
	}
	if e.Who = b.h.Lock().Who(who); e.PID != 0 && !strings.Contains(e.Who, "(pid ") { // buried, its slot is another's
		e.Who = fmt.Sprintf("a process that is gone (pid %d)", e.PID)
	}
	return e
}
