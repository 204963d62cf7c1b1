//go:build linux

package multiproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// ends makes a worker end in the way its argument says.
var ends = Register("ends", func(ctx context.Context, how string) (any, error) {
	switch how {
	case "error":
		return nil, errors.New("plain")
	case "path":
		_, err := os.Open("/nonexistent/file")
		return nil, fmt.Errorf("reading: %w", err)
	case "eof":
		return nil, fmt.Errorf("at line 3: %w", io.ErrUnexpectedEOF)
	case "panic":
		panic(fmt.Errorf("boom %d", 42))
	case "nil map":
		var m map[string]int
		//lint:ignore SA5000 the fault is what the test is about
		m["x"] = 1
	case "panic elsewhere":
		go func() { panic("in a goroutine") }()
		select {}
	case "fatal":
		new(sync.Mutex).Unlock()
	case "deadlock":
		var never chan int
		<-never
	case "exit 3":
		fmt.Fprintln(os.Stderr, "about to leave\nbye")
		os.Exit(3)
	case "exit 0":
		os.Exit(0)
	case "goexit":
		runtime.Goexit()
	case "kill":
		fmt.Fprintln(os.Stderr, "last words")
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "segv":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case "unencodable":
		return func() {}, nil
	case "nested panic":
		defer func() { panic("second") }()
		panic("first")
	}
	return "unknown: " + how, nil
})

func TestOutcomes(t *testing.T) {
	discard := WithStderr(io.Discard)
	for _, c := range []struct {
		how   string
		code  int
		check func(error) string
	}{
		{"error", 1, func(err error) string {
			var e *RemoteError
			if !errors.As(err, &e) || e.Message != "plain" || e.Type != "*errors.errorString" || errors.Is(err, io.EOF) {
				return "want a RemoteError"
			}
			return ""
		}},
		{"path", 1, func(err error) string {
			if !errors.Is(err, os.ErrNotExist) || !errors.Is(err, syscall.ENOENT) || errors.Is(err, os.ErrPermission) {
				return "want ErrNotExist and ENOENT"
			}
			return ""
		}},
		{"eof", 1, func(err error) string {
			if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				return "want ErrUnexpectedEOF"
			}
			return ""
		}},
		{"panic", 2, func(err error) string {
			var e *PanicError
			if !errors.As(err, &e) || e.Value != "boom 42" || e.Type != "*fmt.wrapError" && e.Type != "*errors.errorString" && e.Type != "*fmt.fmtError" {
				return "want a PanicError of boom 42"
			}
			if !strings.Contains(e.Stack, "outcome_test.go") || strings.Contains(e.Stack, "debug.Stack") {
				return "the stack should begin at the panic"
			}
			return ""
		}},
		{"nil map", 2, func(err error) string {
			var e *PanicError
			if !errors.As(err, &e) || !strings.Contains(e.Value, "assignment to entry in nil map") {
				return "want a PanicError"
			}
			return ""
		}},
		{"nested panic", 2, func(err error) string {
			var e *PanicError
			if !errors.As(err, &e) || e.Value != "second" {
				return "want the last panic"
			}
			return ""
		}},
		{"panic elsewhere", 2, func(err error) string {
			var e *PanicError
			if !errors.As(err, &e) || e.Value != "in a goroutine" || !strings.Contains(e.Stack, "outcome_test.go") {
				return "want a PanicError with the goroutine's stack"
			}
			return ""
		}},
		{"fatal", 2, func(err error) string {
			var e *PanicError
			if !errors.As(err, &e) || !strings.Contains(e.Value, "fatal error: ") {
				return "want a PanicError of the runtime's fatal error"
			}
			return ""
		}},
		{"exit 3", 3, func(err error) string {
			var e *ExitError
			if !errors.As(err, &e) || e.Code != 3 || e.Signal != 0 || e.Stderr != "about to leave\nbye" {
				return "want an ExitError with the last lines"
			}
			return ""
		}},
		{"exit 0", 0, func(err error) string {
			var e *ExitError
			if !errors.As(err, &e) || !errors.Is(err, ErrNoResult) || !strings.Contains(err.Error(), "os.Exit") {
				return "want an ExitError with ErrNoResult"
			}
			return ""
		}},
		{"goexit", 1, func(err error) string {
			if !errors.Is(err, ErrNoResult) || !strings.Contains(err.Error(), "runtime.Goexit") {
				return "want ErrNoResult"
			}
			return ""
		}},
		{"kill", -9, func(err error) string {
			var e *ExitError
			if !errors.As(err, &e) || e.Signal != syscall.SIGKILL || e.SignalName != "SIGKILL" || e.Stderr != "last words" {
				return "want an ExitError of SIGKILL"
			}
			return ""
		}},
		{"segv", 2, func(err error) string {
			var e *ExitError
			var p *PanicError
			if !errors.As(err, &e) && !errors.As(err, &p) || !strings.Contains(err.Error(), "SIGSEGV") {
				return "want an error about SIGSEGV"
			}
			return ""
		}},
		{"unencodable", 1, func(err error) string {
			if !strings.Contains(err.Error(), "result can't be sent") || !strings.Contains(err.Error(), "func()") {
				return "want an error about the result"
			}
			return ""
		}},
	} {
		for _, daemon := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/daemon=%v", c.how, daemon), func(t *testing.T) {
				opts := []Option{WithDaemon(daemon), discard}
				p := mustStart(t, ends, c.how, opts...)
				_, err := p.Wait(watchdog(t))
				if err == nil {
					t.Fatal("no error")
				}
				if what := c.check(err); what != "" && !(c.how == "segv" && raceEnabled) {
					t.Errorf("%s; it is a %T: %v", what, err, err)
				}
				if code, exited := p.ExitCode(); !exited || code != c.code {
					t.Errorf("exit code %d (exited %v), want %d", code, exited, c.code)
				}
				if context.Cause(p.Context()) != err {
					t.Errorf("the context's cause is %v", context.Cause(p.Context()))
				}
				t.Log(err)
			})
		}
	}
}
