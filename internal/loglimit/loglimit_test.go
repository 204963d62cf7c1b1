package loglimit

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestKindsAreLimitedApart: a flood of one kind leaves room for the others, and what was omitted is told once there is room again.
func TestKindsAreLimitedApart(t *testing.T) {
	l := New(nil)
	now := time.Now()
	for i := range PerSecond + 3 {
		omitted, ok := l.admit("flood", now)
		if ok != (i < PerSecond) || omitted != 0 {
			t.Fatalf("record %d: %d omitted, %v", i, omitted, ok)
		}
	}
	if _, ok := l.admit("other", now); !ok {
		t.Error("the flood of one kind keeps another out")
	}
	if omitted, ok := l.admit("flood", now.Add(time.Second)); !ok || omitted != 3 {
		t.Errorf("a second later: %d omitted, %v; expected 3 and true", omitted, ok)
	}
	if omitted, ok := l.admit("flood", now.Add(time.Second)); !ok || omitted != 0 {
		t.Errorf("then: %d omitted, %v; expected 0 and true", omitted, ok)
	}
}

// TestLevels: each method writes its level, and what nobody wants does not count.
func TestLevels(t *testing.T) {
	var out bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})))
	for range 2 * PerSecond {
		l.Debug("one")
	}
	l.Info("one", "a", 1)
	l.Warn("two")
	l.Error("three")
	text := out.String()
	for _, want := range []string{"level=INFO msg=one a=1\n", "level=WARN msg=two\n", "level=ERROR msg=three\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %q", want, text)
		}
	}
	if strings.Contains(text, "omitted") || strings.Contains(text, "DEBUG") {
		t.Error(text)
	}
}
