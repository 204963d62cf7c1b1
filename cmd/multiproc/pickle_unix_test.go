//go:build linux || darwin

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe that has a name, and that nobody writes to, can be left as well: to open it takes until somebody does.
func TestInterruptPickleOfNamedPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip("no named pipes in this directory:", err)
	}
	// A writer that comes and goes would end the wait, so there is nothing to see when the signal handler is in place: a command that had none yet gets more time.
	for pause := 2 * time.Second; ; pause *= 4 {
		cmd := exec.Command(os.Args[0], "pickle", name)
		cmd.Env = append(os.Environ(), asCommand+"=1")
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timeout := time.AfterFunc(pause+patience, func() { _ = cmd.Process.Kill() })
		time.Sleep(pause)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		timeout.Stop()
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == os.Interrupt && pause < 30*time.Second {
			continue
		}
		if code := cmd.ProcessState.ExitCode(); code != 130 || errs.String() != "multiproc: interrupted\n" {
			t.Errorf("%v, stderr %q", cmd.ProcessState, &errs)
		}
		return
	}
}
