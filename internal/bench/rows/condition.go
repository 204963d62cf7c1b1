package rows

import (
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
)

func conditionRows(w workload) []bench.Row {
	return []bench.Row{
		alone{
			name: "condition", title: "Condition Notify with the lock held, nobody waits", op: "notify",
			targets: []bench.Target{bench.AtLeast(5, pythonCall)},
			make:    conditionWork(notifyInside),
			script:  "condition",
			forms:   []form{{pythonCall, "notify", map[string]any{"form": "call"}}},
		}.row(w),
		alone{
			name: "condition-locked", title: "Lock, Condition Notify, Unlock, nobody waits", op: "lock+notify+unlock",
			targets: []bench.Target{bench.AtLeast(5, pythonWith)},
			make:    conditionWork(notifyLocked),
			script:  "condition",
			forms:   []form{{pythonWith, "with condition: notify", map[string]any{"form": "with"}}},
		}.row(w),
	}
}

func conditionWork(notify func(c *psync.Condition, n int) error) func() (func(int) error, func() error, error) {
	return func() (func(int) error, func() error, error) {
		c, err := psync.NewCondition(nil)
		if err != nil {
			return nil, nil, err
		}
		return func(n int) error { return notify(c, n) }, c.Close, nil
	}
}

func notifyInside(c *psync.Condition, n int) error {
	l := c.Locker()
	l.Lock()
	defer l.Unlock()
	for range n {
		if err := c.Notify(1); err != nil {
			return err
		}
	}
	return nil
}

func notifyLocked(c *psync.Condition, n int) error {
	l := c.Locker()
	for range n {
		l.Lock()
		err := c.Notify(1)
		l.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
