package rows

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/bench"
)

var serveNothing = multiproc.Register("test.manager.nothing", listening(func(context.Context, *connection.Listener) error { return errors.New("no wish to serve") }))

var neverListens = multiproc.Register("test.manager.mute", func(context.Context, string) (struct{}, error) {
	return struct{}{}, errors.New("no wish to listen")
})

// The rows of the manager are those of one Python at least, as short as can be.
func TestManagerRows(t *testing.T) {
	needWorkers(t)
	pythons := bench.FindPythons(t.Context())
	if len(pythons) == 0 {
		t.Skip("no python3")
	}
	report, err := bench.Run(t.Context(), &bench.Env{Rounds: 1, Pythons: pythons[:1]}, managerRows(tiny), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range report.Rows {
		if row.Error != "" || row.Skipped != "" {
			t.Errorf("%s: %s%s", row.Name, row.Error, row.Skipped)
		}
		for _, v := range row.Verdicts {
			if v.NotMeasured || !(v.Value > 0) {
				t.Errorf("%s: nothing was measured for %q", row.Name, v.Against)
			}
		}
	}
}

// A server that doesn't start, or doesn't go on, is an error and not a row.
func TestManagerServerThatFails(t *testing.T) {
	needWorkers(t)
	_, err := managerCase{"x", "x", neverListens}.start(t.Context(), "unix")
	wants(t, err, "no wish to listen")
	s, err := managerCase{"x", "x", serveNothing}.start(t.Context(), "tcp")
	if err != nil {
		t.Fatal(err)
	}
	if address, ok := s.address.([]any); !ok || len(address) != 2 || s.pid == 0 {
		t.Errorf("%+v", s)
	}
	wants(t, s.end(), "no wish to serve")
}

// What an echo answers is noticed unless an echo is expected: a server that stored nothing would not be measured.
func TestManagerClientsLookAtWhatTheyGet(t *testing.T) {
	needWorkers(t)
	pythons := bench.FindPythons(t.Context())
	if len(pythons) == 0 {
		t.Skip("no python3")
	}
	s, err := managerCase{"x", "x", serveEcho}.start(t.Context(), "unix")
	if err != nil {
		t.Fatal(err)
	}
	for _, work := range []string{"calls", "cpu", "block"} {
		script, err := pythons[0].Start(t.Context(), "manager")
		if err != nil {
			t.Fatal(err)
		}
		_, err = script.Ask(t.Context(), map[string]any{"work": work, "address": s.address, "pid": s.pid, "echo": false, "n": 1, "seconds": 0.001, "size": 1024})
		wants(t, err, "not what")
		if err := script.Close(); err != nil && !strings.Contains(err.Error(), "killed") {
			t.Error(err)
		}
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}
