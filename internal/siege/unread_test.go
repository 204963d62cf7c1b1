//go:build linux

package siege

import (
	"testing"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// TestAnswersNobodyReads: many clients ask for something large, and never read it. The memory for their answers is bounded: who has kept the server waiting for longest is closed.
// Those who read get their answers meanwhile.
func TestAnswersNobodyReads(t *testing.T) {
	const (
		size   = 4 << 20
		unread = 64 << 20
	)
	s := build(t, manager.Config{Limits: manager.Limits{Unread: unread}})
	s.assault(t, func(h *honest) {
		large := h.create("list", py.NewList(py.Bytes(make([]byte, size))))
		start := heapBytes()
		clients := 200
		if testing.Short() {
			clients = 60
		}
		for range clients {
			p, send := pipelined(t, s, "does not read")
			if err := send(request(large, "__getitem__", int64(0))); err != nil {
				t.Fatal(err)
			}
			defer p.close()
		}
		eventually(t, "most are closed", func() bool { return s.crowd() <= 1+2*unread/size })
		h.goesOn(t)
		// Who reads gets it, whatever the others do.
		reader := newPeer(s, "reads")
		defer reader.close()
		for range 5 {
			if v, err := reader.try(large, "__getitem__", int64(0)); err != nil || len(v.(py.Bytes)) != size {
				t.Errorf("%T, %v", v, err)
			}
		}
		eventually(t, "no more memory is taken than that of the answers that wait", func() bool { return s.figures().heap <= start+2*unread+4*size+heapSlack })
		if _, err := h.server("decref", large); err != nil {
			t.Error(err)
		}
	})
}
