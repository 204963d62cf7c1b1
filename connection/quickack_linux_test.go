package connection_test

import (
	"fmt"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
)

// TestQuickAck counts the connections of an unmodified Python client whose first message was held back by 40 ms, until the kernel of the server would acknowledge the #WELCOME# before it: all
// of them without TCP_QUICKACK, (nearly) none with it. On a busy machine many are slow for another reason, but not for ever: so they are tried again. What the kernel holds back it holds back always.
func TestQuickAck(t *testing.T) {
	const connections = 8
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			py := startPython(t, p)
			slow := func(quick bool) (n int) {
				connection.SetQuickAck(quick)
				defer connection.SetQuickAck(true)
				l := listen(t, "tcp", "", keyed)
				defer l.Close()
				done := py.begin(at("tcp", l).with(ask{"op": "times", "key": hexKey(key), "count": connections}))
				for range connections {
					c := accept(t, l)
					m, err := c.RecvBytes(ctx)
					if err == nil {
						err = c.SendBytes(ctx, m)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				a := <-done
				if len(a.Times) != connections {
					t.Fatalf("%+v", a)
				}
				for _, seconds := range a.Times {
					if seconds >= 0.038 {
						n++
					}
				}
				return n
			}
			without := slow(false)
			if without < connections/2 {
				t.Skipf("only %d of %d connections are slow without TCP_QUICKACK: this kernel does not hold acknowledgements back", without, connections)
			}
			with := connections
			eventually(t, func() bool { with = slow(true); return with <= without/2 }, func() string {
				return fmt.Sprintf("%d of %d connections were slow, %d without TCP_QUICKACK", with, connections, without)
			})
			t.Logf("slow: %d of %d with TCP_QUICKACK, %d without", with, connections, without)
		})
	}
}
