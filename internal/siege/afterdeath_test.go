//go:build linux

package siege

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestGrantedAfterDeath: what a client waits for comes right after it is gone, when the server may not have noticed that yet. It must not go with the client: neither an item, nor a lock that has no owner, nor
// a notification.
func TestGrantedAfterDeath(t *testing.T) {
	s := build(t, townConfig)
	c := s.citizen(t, "citizen")
	rounds := 100
	if testing.Short() {
		rounds = 30
	}
	for _, x := range []struct {
		typeid string
		args   []py.Value
		before func(c *citizen, ident string)
		calls  []py.Value // of who goes; the last one waits
		grant  func(c *citizen, ident string)
		after  func(c *citizen, ident string) // gets it, or the watchdog ends
	}{
		{"Queue", nil, nil, []py.Value{"get"}, func(c *citizen, ident string) { c.want(nil, ident, "put", "item") }, func(c *citizen, ident string) { c.want("item", ident, "get", true, watchdog.Seconds()) }},
		{"Lock", nil, acquireFirst, []py.Value{"acquire"}, release, func(c *citizen, ident string) { c.want(true, ident, "acquire", true, watchdog.Seconds()) }},
		{"Semaphore", nil, acquireFirst, []py.Value{"acquire"}, release, func(c *citizen, ident string) { c.want(true, ident, "acquire", true, watchdog.Seconds()) }},
		{"Condition", nil, nil, []py.Value{"acquire", "wait"}, notifyOne, func(c *citizen, ident string) { c.want(true, ident, "acquire", true, watchdog.Seconds()) }},
	} {
		for range rounds {
			ident := c.create(x.typeid, x.args...)
			if x.before != nil {
				x.before(c, ident)
			}
			p, send := pipelined(t, s, "goes")
			for i, method := range x.calls {
				if err := send(request(ident, method.(string))); err != nil {
					t.Fatal(err)
				}
				if i < len(x.calls)-1 {
					if _, err := answer(p.conn); err != nil {
						t.Fatal(err)
					}
				}
			}
			eventually(t, "it waits", func() bool { return s.waiting(ident) == 1 })
			p.close()
			x.grant(c, ident)
			x.after(c, ident)
			if _, err := c.server("decref", ident); err != nil {
				t.Fatal(err)
			}
			if t.Failed() {
				t.Fatalf("a round with a %s", x.typeid)
			}
		}
	}
	t.Logf("%d calls were undone", s.Stats().Undone)
	s.isQuiet(t, 1)
}
