package testproc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Stop stops the child with SIGSTOP and returns when all its threads stand still.
func (p *Proc) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGSTOP)
	Eventually(p.t, "stopped", func() bool {
		stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID()))
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
