//go:build linux

package siege

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

var (
	duration = flag.Duration("siege.duration", 1500*time.Millisecond, "how long each test with random kills kills")
	soak     = flag.Duration("siege.soak", 3*time.Second, "how long TestSoak goes on")
	seed     = flag.Uint64("siege.seed", 0, "seed of the kills; 0: from the clock")
	crowd    = flag.Int("siege.crowd", 10_000, "connections at once of TestCrowd; a tenth of them with -short")
)

// watchdog is generous: it only turns a hang into a failure.
const watchdog = time.Minute

var (
	key   = []byte("a key for the siege, of some length")
	keyed = connection.Config{Key: key, MD5: connection.MD5Always, HandshakeTimeout: watchdog}
	quiet = slog.New(slog.DiscardHandler)
)

// TestMain does not fail for what is left behind, as multiproctest.Main would: the zygotes live as long as all tests. These compare before and after themselves.
func TestMain(m *testing.M) {
	if order := os.Getenv(crowdEnv); order != "" {
		beCrowd(order)
	}
	multiproc.Main()
	code := m.Run()
	bury()
	os.Exit(code)
}

// dice are seeded by the flag; a failing run tells its seed.
func dice(t *testing.T, stream uint64) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-siege.seed=%d", s)
	return rand.New(rand.NewPCG(s, stream))
}

// lasting is a duration of the flags; with -short a third of it.
func lasting(d time.Duration) time.Duration {
	if testing.Short() {
		return d / 3
	}
	return d
}

// lasts tells whether a test with random kills goes on: for its time, and beyond it, though not for ever, until it has what it needs.
func lasts(end time.Time, enough bool) bool {
	now := time.Now()
	return now.Before(end) || !enough && now.Before(end.Add(watchdog))
}

// town is a server under siege.
type town struct {
	*manager.Server
	address string
}

// build starts a server on a unix socket. It is closed when the test ends.
func build(t *testing.T, c manager.Config) *town {
	t.Helper()
	return buildWith(t, c, keyed)
}

func buildWith(t *testing.T, c manager.Config, listen connection.Config) *town {
	t.Helper()
	if c.Logger == nil {
		c.Logger = quiet
	}
	listen.Logger = quiet
	s, err := manager.NewServer(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := connection.Listen("unix", filepath.Join(t.TempDir(), "s"), listen)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), l) }()
	t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, manager.ErrServerClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	return &town{s, l.Addr().String()}
}

// eventually waits for what must become true.
func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(watchdog); !f(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never happened: " + what)
		}
	}
}
