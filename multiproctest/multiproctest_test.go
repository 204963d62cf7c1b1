//go:build linux

package multiproctest

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

func TestMain(m *testing.M) { Main(m) }

var debit = multiproc.Register("debit", func(ctx context.Context, account *shm.Value[int]) (int, error) {
	if err := account.Update(func(n *int) { *n -= 10; Here("after-debit") }); err != nil {
		return 0, err
	}
	return account.Load()
})

func TestKillAt(t *testing.T) {
	NoLeaks(t)
	account, err := shm.NewValue(100)
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	p, err := debit.Start(t.Context(), account, KillAt("after-debit", 1), multiproc.WithStartTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Wait(t.Context())
	var exit *multiproc.ExitError
	if !errors.As(err, &exit) || exit.SignalName != "SIGKILL" {
		t.Fatalf("the worker ended with %v", err)
	}
	if _, err := account.Load(); !errors.Is(err, shm.ErrOwnerDied) {
		t.Fatalf("Load after the death: %v", err)
	}
}

func TestPassedBy(t *testing.T) {
	NoLeaks(t)
	account, err := shm.NewValue(100)
	if err != nil {
		t.Fatal(err)
	}
	defer account.Close()
	p, err := debit.Start(t.Context(), account, KillAt("after-debit", 2), multiproc.WithStartTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := p.Wait(t.Context()); n != 90 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
}

// TestPointsAreReal: each named point stands in the sources, so a test that chooses one does not wait in vain.
func TestPointsAreReal(t *testing.T) {
	var text strings.Builder
	var files []string
	for _, dir := range []string{"../internal/*", "../psync", "../queue"} {
		found, err := filepath.Glob(dir + "/*.go")
		if err != nil || len(found) == 0 {
			t.Fatalf("no sources in %s: %v", dir, err)
		}
		files = append(files, found...)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	for _, p := range Points() {
		if !strings.Contains(text.String(), `killpoint.Here("`+p+`")`) {
			t.Errorf("there is no point %s", p)
		}
	}
}

// TestLeaksAreSeen: each kind of leak is found and named.
func TestLeaksAreSeen(t *testing.T) {
	for _, leak := range []struct {
		name string
		make func() (undo func())
	}{
		{"descriptors of", func() func() {
			f, err := os.Open("/dev/zero")
			if err != nil {
				t.Fatal(err)
			}
			return func() { f.Close() }
		}},
		{"child process", func() func() {
			c := exec.Command("sleep", "1000")
			if err := c.Start(); err != nil {
				t.Skip(err)
			}
			return func() { _ = c.Process.Kill(); _ = c.Wait() }
		}},
		{"goroutines", func() func() {
			stop := make(chan struct{})
			for range 20 {
				go func() { <-stop }()
			}
			return func() { close(stop) }
		}},
		{"shared objects", func() func() {
			v, err := shm.NewRawValue(1)
			if err != nil {
				t.Fatal(err)
			}
			_ = v.Ptr() // from now on the collector leaves it alone
			return func() { v.Close() }
		}},
		{"mappings", func() func() {
			a, err := shm.NewRawArray[byte](100 << 20)
			if err != nil {
				t.Fatal(err)
			}
			_ = a.Slice()
			return func() { a.Close() }
		}},
		{"/dev/shm/multiproctest", func() func() {
			f, err := os.CreateTemp("/dev/shm", "multiproctest-leak-")
			if err != nil {
				t.Skip(err)
			}
			f.Close()
			return func() { os.Remove(f.Name()) }
		}},
	} {
		before := look()
		undo := leak.make()
		if got := before.compare(20 * time.Millisecond); !strings.Contains(got, leak.name) {
			t.Errorf("%s: found %q", leak.name, got)
		}
		undo()
		if got := before.compare(patience); got != "" {
			t.Errorf("%s: after undoing it: %s", leak.name, got)
		}
	}
}
