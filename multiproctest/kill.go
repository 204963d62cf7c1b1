package multiproctest

import (
	"fmt"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/killpoint"
)

// KillAt makes a worker kill itself with SIGKILL when it passes the named point for the n-th time (1 is the first). The point is one of the library's, see
// Points, or one that its own code marks with Here. Programs and workers that the worker starts inherit it, through the environment.
func KillAt(point string, n int) multiproc.Option {
	return multiproc.WithEnv(fmt.Sprintf("%s=%s:%d", killpoint.Env, point, n))
}

// Here marks a point in code under test. Where no test has chosen it, it costs a load and a branch.
func Here(point string) { killpoint.Here(point) }

// Points are the library's own points that lie in the primitives, in queues and pipes, in allocation and in the travel of handles. They may change with any version.
func Points() []string { return append([]string(nil), points...) }

var points = []string{
	"arena.allocated", "arena.attaching", "arena.block-freed", "arena.cell-added", "arena.cell-dropped", "arena.claimed", "arena.claimed-head",
	"arena.created", "arena.freeing", "arena.given-back", "arena.giving-back", "arena.keeping", "arena.large-freeing", "arena.large-reserved",
	"arena.more-made", "arena.received", "arena.released", "arena.segment-made", "arena.sending", "arena.slab-opened", "arena.unclaiming",
	"arena.unkeeping", "barrier.acted", "barrier.arrived", "barrier.breaking", "barrier.broken", "barrier.clearing", "barrier.completing",
	"barrier.emptied", "barrier.full", "barrier.leaving", "barrier.marked", "barrier.released", "barrier.renewing", "barrier.waiting", "barrier.woken",
	"bounded.first", "bounded.leaving", "bounded.left", "bounded.released", "bounded.rung", "bounded.settled", "bounded.stolen", "bounded.surrendered",
	"bounded.taken", "bounded.waiting", "bounded.wanted", "condition.burying", "condition.cleared", "condition.clearing", "condition.enrolled",
	"condition.granted", "condition.notified", "condition.notify", "condition.regranted", "condition.returning", "condition.waiting", "condition.woken",
	"event.set", "event.waiting", "family.arrive", "family.bury", "family.reserve", "joinable.buried", "joinable.burying", "joinable.done",
	"joinable.emptied", "joinable.joining", "joinable.settled", "joinable.taken", "joinable.taking", "ledger.claimed", "ledger.extended", "ledger.kept",
	"ledger.named", "ledger.spilt", "lock.acquired", "lock.claimed", "lock.given-up", "lock.marked-busy", "lock.taken-over", "lock.waiting",
	"pipe.closed", "ring.abandoned", "ring.committed", "ring.flagged", "ring.get-waiting", "ring.held", "ring.kept", "ring.put-waiting", "ring.read",
	"ring.rung", "ring.taken", "ring.written", "semaphore.first", "semaphore.given-up", "semaphore.hungry", "semaphore.released", "semaphore.taken",
	"semaphore.waiting", "unlock.handed", "unlock.released",
}
