package connection_test

import (
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
)

// TestQuickAck counts the connections of an unmodified Python client whose first message was held back by 40 ms, until the kernel of the server would acknowledge the #WELCOME# before it: all
// of them without TCP_QUICKACK, (nearly) none with it. On a busy machine many are slow for another reason, but not each time: so they are tried again.
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
			with := slow(true)
			for tries := 1; with > 1 && tries < 10; tries++ {
				with = slow(true)
			}
			if with > 1 {
				t.Errorf("%d of %d connections were slow, the last of ten times, %d without TCP_QUICKACK", with, connections, without)
			}
			t.Logf("slow: %d of %d with TCP_QUICKACK, %d without", with, connections, without)
		})
	}
}
