package manager

import (
	"context"
	_ "embed"
	"encoding/hex"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

//go:embed testdata/register.py
var registerScript string

// startedMaths serves the registered types of the tests.
func startedMaths(t testing.TB, network, place string) (*Server, *maths, string) {
	t.Helper()
	s, address := startedAt(t, Config{Logger: slog.New(slog.DiscardHandler)}, network, place)
	m := newMaths("single")
	m.peer = newMaths("peer")
	var err error
	if m.queue, err = s.New("Queue"); err != nil {
		t.Fatal(err)
	}
	if err := withMaths(s, m); err != nil { // while it serves
		t.Fatal(err)
	}
	return s, m, address
}

func TestRegisteredInPython(t *testing.T) {
	inPythons(t, registerScript, func(t *testing.T, network string) string {
		_, _, address := startedMaths(t, network, place(t, network))
		return address
	})
}

// TestContextOfKilled: the context of a method ends when its client is killed.
func TestContextOfKilled(t *testing.T) {
	p, ok := pythons.Newest()
	if !ok {
		t.Skip("there is no Python")
	}
	_, m, address := startedMaths(t, "unix", filepath.Join(t.TempDir(), "s"))
	const script = `
import binascii, sys
from multiprocessing.managers import BaseManager
class M(BaseManager): pass
M.register('Maths')
m = M(address=sys.argv[1], authkey=binascii.unhexlify(sys.argv[2]))
m.connect()
m.Maths('single').wait(1)
`
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	cmd := p.Command(ctx, "-c", script, address, hex.EncodeToString(key))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits", func() bool { return m.waiting.Load() == 1 })
	kill() // as CommandContext does: SIGKILL
	if err := cmd.Wait(); err == nil {
		t.Error("the client was not killed")
	}
	eventually(t, "its context ends", func() bool { return m.ended.Load() == 1 })
}
