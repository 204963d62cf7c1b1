package testproc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Stop stops the child with SIGSTOP and returns when all its threads stand still.
func (p *Proc) Stop() {
	p.t.Helper()
	StopPID(p.t, p.PID())
}

// StopPID is Stop for any child of this process that is not reaped yet. SIGCONT lets it go on.
func StopPID(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	Eventually(t, "stopped", func() bool {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, stat := range stats {
			data, err := os.ReadFile(stat)
			if end := bytes.LastIndexByte(data, ')'); err != nil || end < 0 || !bytes.HasPrefix(data[end:], []byte(") T")) {
				return false
			}
		}
		return len(stats) > 0
	})
}

// Continue lets a stopped child go on.
func (p *Proc) Continue() {
	p.t.Helper()
	p.Signal(syscall.SIGCONT)
}
