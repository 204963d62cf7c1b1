package object

import (
	"fmt"
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc/py"
	"pgregory.net/rapid"
)

// latchModel is a lock with two conditions.
type latchModel struct {
	*stage
	lock    Holder
	latch   *latch
	conds   [2]*condition
	owner   int // -1: nobody
	depth   int
	queue   []turn    // who waits for the lock
	waits   [2][]turn // who waits to be notified
	reclaim bool
	clock   int
}

// turn is a call that waits: what it will be when its turn has come.
type turn struct {
	actor, depth int
	outcome      string
	came, until  int
	cond         int
}

func actorsOf(turns []turn) (is []int) {
	for _, t := range turns {
		is = append(is, t.actor)
	}
	return is
}

func (m *latchModel) pass() {
	m.owner, m.depth = -1, 0
	if len(m.queue) > 0 {
		next := m.queue[0]
		m.queue = m.queue[1:]
		m.join(next)
	}
}

func (m *latchModel) join(t turn) {
	if m.depth > 0 {
		m.queue = append(m.queue, t)
		return
	}
	m.owner, m.depth = t.actor, t.depth
	m.finish(t.actor, t.outcome)
}

// tell is notify, with the time of the notification.
func (m *latchModel) tell(k, n, now int) {
	for ; n > 0 && len(m.waits[k]) > 0 && m.waits[k][0].came < now; n-- {
		t := m.waits[k][0]
		m.waits[k] = m.waits[k][1:]
		t.until, t.outcome = now, "True"
		m.join(t)
	}
}

func (m *latchModel) owns(i int) bool {
	return m.depth > 0 && (!m.latch.reentrant || m.owner == i)
}

func (m *latchModel) acquire(block bool, k int) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.start(i, m.conds[k], "acquire", block)
	switch {
	case m.depth > 0 && m.owner == i && m.latch.reentrant:
		m.depth++
		m.finish(i, "True")
	case m.depth > 0 && !block:
		m.finish(i, "False")
	default:
		m.join(turn{actor: i, depth: 1, outcome: "True"})
	}
	m.rest()
}

func (m *latchModel) release() {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.start(i, m.lock, "release")
	switch {
	case !m.owns(i) && m.latch.reentrant:
		m.finish(i, "RuntimeError: cannot release un-acquired lock")
	case !m.owns(i):
		m.finish(i, "RuntimeError: release unlocked lock")
	default:
		m.finish(i, "None")
		if m.depth--; m.depth == 0 {
			m.pass()
		}
	}
	m.rest()
}

func (m *latchModel) wait(k int, timeout py.Value) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.start(i, m.conds[k], "wait", timeout)
	if !m.owns(i) {
		m.finish(i, "RuntimeError: cannot wait on un-acquired lock")
		m.rest()
		return
	}
	t := turn{actor: i, depth: m.depth, outcome: "False", came: m.clock, cond: k}
	m.clock++
	if m.pass(); timeout == nil {
		m.waits[k] = append(m.waits[k], t)
	} else {
		m.join(t)
	}
	m.rest()
}

func (m *latchModel) notify(k, n int) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	if n < 0 {
		m.start(i, m.conds[k], "notify_all")
		n = len(m.waits[k])
	} else {
		m.start(i, m.conds[k], "notify", int64(n))
	}
	if m.owns(i) {
		m.finish(i, "None")
		m.tell(k, n, m.clock)
	} else {
		m.finish(i, "RuntimeError: cannot notify on un-acquired lock")
	}
	m.clock++
	m.rest()
}

// leave is the end of an actor, who may wait for what he holds himself, if it is a Lock.
func (m *latchModel) leave(i int) {
	m.vanish(i)
	for k := range m.waits {
		m.waits[k] = slices.DeleteFunc(m.waits[k], func(t turn) bool { return t.actor == i })
	}
	if at := slices.IndexFunc(m.queue, func(t turn) bool { return t.actor == i }); at >= 0 {
		t := m.queue[at]
		m.queue = slices.Delete(slices.Clone(m.queue), at, at+1)
		m.tell(t.cond, 1, t.until)
	}
	if m.owner == i && m.depth > 0 && (m.latch.reentrant || m.reclaim) {
		m.pass()
	}
	m.renew(i)
	m.rest()
}

// renew makes the new actor what the old one was.
func (m *latchModel) renew(i int) { m.actors[i].Reclaim = m.reclaim }

func (m *latchModel) settledLatch() string {
	l := m.latch
	l.mu.Lock()
	defer l.mu.Unlock()
	holder := ""
	if m.depth > 0 {
		holder = fmt.Sprint("actor ", m.owner)
	}
	return differ("lock", []any{l.holder, l.depth, l.waiters.names(), m.conds[0].waiting.names(), m.conds[1].waiting.names()},
		[]any{holder, m.depth, names(actorsOf(m.queue)), names(actorsOf(m.waits[0])), names(actorsOf(m.waits[1]))})
}

func TestConditionModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &latchModel{stage: newStage(t, 6), owner: -1, clock: 1, reclaim: rapid.Bool().Draw(t, "reclaim")}
		typ := rapid.SampledFrom([]*Type{LockType, RLockType, ConditionType}).Draw(t, "type")
		o, err := typ.New(&Call{})
		if err != nil {
			t.Fatal(err)
		}
		m.lock, m.settled = o.(Holder), m.settledLatch
		for k := range m.conds {
			c, err := ConditionType.New(&Call{Args: py.Tuple{refTo(o)}})
			if err != nil {
				t.Fatal(err)
			}
			m.conds[k] = c.(*condition)
		}
		m.latch = m.conds[0].latch
		for i := range m.actors {
			m.renew(i)
		}
		which := func(t *rapid.T) int { return rapid.IntRange(0, 1).Draw(t, "condition") }
		t.Repeat(map[string]func(*rapid.T){
			"acquire":    func(t *rapid.T) { m.acquire(true, which(t)) },
			"try":        func(t *rapid.T) { m.acquire(false, which(t)) },
			"release":    func(*rapid.T) { m.release() },
			"wait":       func(t *rapid.T) { m.wait(which(t), nil) },
			"wait more":  func(t *rapid.T) { m.wait(which(t), nil) },
			"wait 0":     func(t *rapid.T) { m.wait(which(t), int64(0)) },
			"notify":     func(t *rapid.T) { m.notify(which(t), rapid.IntRange(0, 3).Draw(t, "n")) },
			"notify_all": func(t *rapid.T) { m.notify(which(t), -1) },
			"vanish": func(t *rapid.T) {
				if i, ok := m.one(rapid.Bool().Draw(t, "busy")); ok {
					m.leave(i)
				}
			},
		})
	})
}
