//go:build linux

package multiproc

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestLogger(t *testing.T) {
	var buf bytes.Buffer
	SetLogger(slog.New(slog.NewTextHandler(&turns{w: &buf}, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer SetLogger(nil)
	p := mustStart(t, untilStopped, "", WithName("logged"))
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	SetLogger(nil)
	for _, want := range []string{"worker started", "signal sent to worker", "signal=SIGKILL", "worker ended", "code=-9", "worker=logged func=until-stopped pid="} {
		if !strings.Contains(buf.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, buf.String())
		}
	}
}
