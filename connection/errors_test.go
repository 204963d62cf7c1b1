package connection_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
)

// A client on a unix socket may have an address of its own choice, which ends up in messages.
func TestNamesOfPeersAreQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"/run/client":         "with /run/client: ",
		"@abstract":           "with @abstract: ",
		"a\nINFO all is well": `with "a\nINFO all is well": `,
		"\x1b[2J":             `with "\x1b[2J": `,
		"\xff":                `with "\xff": `,
		"@":                   "with a peer on a unix socket: ",
	} {
		err := &connection.AuthenticationError{Peer: &net.UnixAddr{Name: name, Net: "unix"}, Err: errors.New("why")}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s", name, err)
		}
	}
}
