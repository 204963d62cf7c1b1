package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// module is this module's path, by which its source is found and its tiny
// programs are built.
const module = "github.com/multiproc-go/multiproc"

// Toolchain is the go tool and the source of this module.
type Toolchain struct {
	Go     string // the go tool
	Module string // the folder of this module's source
}

// FindToolchain looks for the go tool on PATH and, from the current folder,
// for this module's source. The error says which of them is missing.
func FindToolchain(ctx context.Context) (*Toolchain, error) {
	tool, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("the go tool is not on PATH")
	}
	cmd := exec.CommandContext(ctx, tool, "list", "-m", "-f", "{{.Dir}}", module)
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		return nil, fmt.Errorf("the source of %s is not in reach of the current folder", module)
	}
	return &Toolchain{Go: tool, Module: dir}, nil
}

// Build builds the program in folder pkg of the module, "internal/bench/x",
// into a file below dir and returns that file. It is stripped, as a small
// binary that someone ships would be.
func (t *Toolchain) Build(ctx context.Context, dir, pkg string) (string, error) {
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, t.Go, "build", "-trimpath", "-ldflags=-s -w", "-o", out, "./"+pkg)
	cmd.Dir = t.Module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", pkg, err, strings.TrimSpace(string(text)))
	}
	return out, nil
}
