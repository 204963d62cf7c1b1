package count

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Files returns the .go files below root, in order, and their size together
// in bytes. Symbolic links are not followed.
func Files(root string) (files []string, size int64, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() || filepath.Ext(path) != ".go" {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files = append(files, path)
		size += info.Size()
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there are no .go files below %s", root)
	}
	return files, size, err
}

// Preload reads the files once, so that they are in the system's memory and
// none of two counts that are compared has to wait for the disk.
func Preload(ctx context.Context, files []string) error {
	for _, file := range files {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, err := os.ReadFile(file); err != nil {
			return err
		}
	}
	return nil
}

// ErrNoSources says that the standard library's sources were not found.
var ErrNoSources = errors.New("the sources of Go's standard library were not found")

// StandardLibrary returns the folder of the standard library's sources, which
// the go tool knows. The error wraps [ErrNoSources].
func StandardLibrary() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", fmt.Errorf("%w: the go tool is not on PATH", ErrNoSources)
	}
	if err != nil {
		return "", fmt.Errorf("%w: go env GOROOT: %w", ErrNoSources, err)
	}
	src := filepath.Join(strings.TrimSpace(string(out)), "src")
	if _, err := os.Stat(src); err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoSources, err)
	}
	return src, nil
}
