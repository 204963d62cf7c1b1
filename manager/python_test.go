package manager

import (
	_ "embed"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

//go:embed testdata/client.py
var clientScript string

// TestPythonClients runs a script of all that can be seen quickly.
func TestPythonClients(t *testing.T) {
	inPythons(t, clientScript, func(t *testing.T, network string) string {
		_, address := startedAt(t, Config{}, network, place(t, network))
		return address
	})
}

// inPythons runs a script with each Python, over both kinds of sockets, against a server of its own.
func inPythons(t *testing.T, script string, start func(t *testing.T, network string) (address string)) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			for _, network := range []string{"unix", "tcp"} {
				t.Run(network, func(t *testing.T) {
					out, err := p.Run(script, nil, start(t, network), hex.EncodeToString(key))
					if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ok") {
						t.Errorf("%s\n%v", out, err)
					}
				})
			}
		})
	}
}
