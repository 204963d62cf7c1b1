package manager

import (
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// What SyncManager has and this server lacks is refused with a reason, unless it is a name of the user's own.
func TestPoolNeedsPython(t *testing.T) {
	s, address := started(t, Config{})
	c := newClient(t, address)
	kind, v := c.serverKind("create", "Pool", int64(2))
	if got, _ := py.Text(v); kind != kindTraceback || !strings.Contains(got, "\nNotImplementedError: a Pool would have to run Python code in the server") || strings.Count(strings.TrimSpace(got), "\n") != 2 {
		t.Error(kind, v)
	}
	if err := s.Register("Pool", (*ownPool)(nil)); err != nil {
		t.Fatal(err)
	}
	kind, v = c.serverKind("create", "Pool")
	if got, _ := py.Text(v); kind != kindTraceback || !strings.HasSuffix(got, "\nKeyError: 'Pool'\n") {
		t.Error(kind, v)
	}
}

// ownPool is somebody's own, which clients can't create.
type ownPool struct{ n int }

// Size makes it one with a method.
func (p *ownPool) Size() int { return p.n }
