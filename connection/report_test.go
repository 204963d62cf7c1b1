package connection

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/loglimit"
)

type between struct {
	net.Conn
	local, remote net.Addr
}

func (b between) LocalAddr() net.Addr  { return b.local }
func (b between) RemoteAddr() net.Addr { return b.remote }

// TestSettingThatAllows: who refuses an old Python is told the narrowest setting that lets it in.
func TestSettingThatAllows(t *testing.T) {
	here, there := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 2}
	for _, c := range []struct {
		policy MD5Policy
		peer   net.Addr
		want   string
	}{
		{MD5Never, here, "Config.MD5 is MD5Never; MD5Local allows it"},
		{MD5Never, there, "Config.MD5 is MD5Never; MD5Always allows it"},
		{MD5Local, there, "Config.MD5 is MD5Local; MD5Always allows it"},
	} {
		if out := refusal(t, c.policy, here, c.peer, ErrMD5); !strings.Contains(out, c.want) {
			t.Errorf("%v, %v: %s", c.policy, c.peer, out)
		}
	}
	// The usual mistake with proxies in messages, which the client's text says nothing of.
	if out := refusal(t, MD5Local, here, here, ErrWrongKey); !strings.Contains(out, "the keys differ (or the client's process has not set its own: current_process().authkey)") {
		t.Error(out)
	}
}

// refusal is the record of a client that was refused.
func refusal(t *testing.T, policy MD5Policy, here, peer net.Addr, cause error) string {
	t.Helper()
	var out bytes.Buffer
	config, err := Config{MD5: policy, Logger: slog.New(slog.NewTextHandler(&out, nil))}.resolved()
	if err != nil {
		t.Fatal(err)
	}
	nc, other := net.Pipe()
	defer other.Close()
	conn := newConn(between{nc, here, peer}, config)
	defer conn.Close()
	(&report{log: loglimit.New(config.Logger)}).refused(here, conn, &AuthenticationError{Peer: peer, Err: cause})
	return out.String()
}
