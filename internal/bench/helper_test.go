package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// helperMode makes the test binary play a helper.
const helperMode = "MULTIPROC_BENCH_TEST_HELPER"

func TestMain(m *testing.M) {
	if mode := os.Getenv(helperMode); mode != "" {
		playHelper(mode)
		return
	}
	os.Exit(m.Run())
}

func playHelper(mode string) {
	if mode == "stillborn" {
		fmt.Fprintln(os.Stderr, "no semaphores here")
		os.Exit(3)
	}
	if mode == "chatty" {
		fmt.Println("hello")
	}
	fmt.Println(`{"ready": true}`)
	in := bufio.NewScanner(os.Stdin)
	for n := 1; in.Scan(); n++ {
		switch mode {
		case "counts":
			fmt.Printf(`{"ns": %d, "waits": [%d]}`+"\n", n, len(in.Text()))
		case "refuses":
			fmt.Println(`{"error": "ValueError: no"}`)
		case "dies":
			fmt.Fprintln(os.Stderr, "Traceback: it hurts")
			os.Exit(1)
		case "hangs":
			time.Sleep(time.Hour)
		}
	}
}

func startTestHelper(t *testing.T, mode string) (*Helper, error) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperMode+"="+mode)
	return StartHelper(t.Context(), "the "+mode, cmd)
}

func TestHelperAnswers(t *testing.T) {
	h, err := startTestHelper(t, "counts")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1.0; n <= 3; n++ {
		s, err := h.Ask(t.Context(), map[string]int{"n": 1})
		if err != nil || s.PerOp != n || len(s.Waits) != 1 || s.Waits[0] != float64(len(`{"n":1}`)) {
			t.Fatalf("answer %v: %+v, %v", n, s, err)
		}
	}
	for range 2 {
		if err := h.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if state := h.cmd.ProcessState; state == nil || !state.Success() {
		t.Errorf("the helper ended as %v, want by itself", state)
	}
}

func TestHelperThatFails(t *testing.T) {
	for mode, want := range map[string]string{
		"stillborn": "no semaphores here",
		"chatty":    `it wrote "hello"`,
		"refuses":   "ValueError: no",
		"dies":      "it hurts",
	} {
		t.Run(mode, func(t *testing.T) {
			h, err := startTestHelper(t, mode)
			if err == nil {
				_, err = h.Ask(t.Context(), 1)
				h.Close()
			}
			if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "the "+mode) {
				t.Errorf("error %v, want one that names the helper and says %q", err, want)
			}
		})
	}
}

func TestHelperIsKilledWhenTheContextEnds(t *testing.T) {
	h, err := startTestHelper(t, "hangs")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(20*time.Millisecond, func() { cancel(enough) })
	if _, err := h.Ask(ctx, 1); !errors.Is(err, enough) {
		t.Errorf("error %v, want the context's cause", err)
	}
	select {
	case <-h.waited:
	case <-time.After(time.Minute):
		t.Error("the helper outlives the round that was cancelled")
	}
}
