package count

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
)

func TestMain(m *testing.M) {
	multiproc.Main()
	os.Exit(m.Run())
}

func needWorkers(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("worker processes need Linux")
	}
}

func watchdog(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// tree writes n files, file i with the identifiers word and w0 to w(i*step-1).
func tree(t *testing.T, n, step int) (files []string, size int64) {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "package word // not_this\nconst word = \"nor this\"\n")
		for j := range i * step {
			fmt.Fprintf(&b, "var w%d = word\n", j)
		}
		name := filepath.Join(dir, fmt.Sprintf("d%d", i%3), fmt.Sprintf("f%03d.go", i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(b.String()), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	files, size, err := Files(dir)
	if err != nil || len(files) != n {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files, size
}

func TestTogetherEqualsAlone(t *testing.T) {
	needWorkers(t)
	files, size := tree(t, 60, 10)
	ctx := watchdog(t)
	alone, err := Alone(ctx, files)
	if err != nil {
		t.Fatal(err)
	}
	if alone["w0"] != 59 || alone["w589"] != 1 || alone["word"] != 2*60+59*60/2*10 || alone["not_this"] != 0 {
		t.Errorf("one process counts %d %d %d %d", alone["w0"], alone["w589"], alone["word"], alone["not_this"])
	}
	for _, workers := range []int{1, 2, 5} {
		var last atomic.Int64
		r, err := Together(ctx, files, size, workers, func(done int64) { last.Store(done) })
		if err != nil {
			t.Fatal(err)
		}
		if !r.Tally.Equal(alone) {
			t.Errorf("%d workers: %d identifiers, %d different, want %d, %d", workers, r.Tally.Total(), len(r.Tally), alone.Total(), len(alone))
		}
		n := 0
		for _, s := range r.Shares {
			n += s.Files
		}
		if n != len(files) || r.Bytes != size || last.Load() != size || len(r.Shares) != workers {
			t.Errorf("%d workers: %d files and %d bytes in %d shares, progress ends at %d; want %d and %d", workers, n, r.Bytes, len(r.Shares), last.Load(), len(files), size)
		}
	}
}

// Too small a histogram is found out by the workers, and a larger one is made.
func TestTogetherGrows(t *testing.T) {
	needWorkers(t)
	files, size := tree(t, 2, 3000)
	ctx := watchdog(t)
	if _, err := together(ctx, files, 2, 1<<8, 1<<20, nil); !errors.Is(err, ErrFull) {
		t.Fatalf("error %v, want that it is full", err)
	}
	alone, err := Alone(ctx, files)
	if err != nil {
		t.Fatal(err)
	}
	// The size says how large the first histogram is: here it is understated.
	r, err := Together(ctx, files, size/1000, 2, nil)
	if err != nil || !r.Tally.Equal(alone) {
		t.Errorf("%d different identifiers, want %d: %v", len(r.Tally), len(alone), err)
	}
}

func TestTogetherFails(t *testing.T) {
	needWorkers(t)
	files, size := tree(t, 3, 1)
	missing := filepath.Join(t.TempDir(), "gone.go")
	_, err := Together(watchdog(t), append(files, missing), size, 2, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "gone.go") {
		t.Errorf("error %v, want one that names the file", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Together(ctx, files, size, 2, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if _, err := Alone(ctx, files); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := Files(dir); err == nil {
		t.Error("no error for a folder without .go files")
	}
	if _, _, err := Files(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a folder that isn't there", err)
	}
	for _, name := range []string{"b.go", "a.go", "c.txt", "go"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("12345"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "x.go"), 0o700); err != nil {
		t.Fatal(err)
	}
	files, size, err := Files(dir)
	if err != nil || !slices.Equal(files, []string{filepath.Join(dir, "a.go"), filepath.Join(dir, "b.go")}) || size != 10 {
		t.Errorf("%v, %d bytes, %v", files, size, err)
	}
}

func TestStandardLibrary(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := StandardLibrary(); !errors.Is(err, ErrNoSources) {
		t.Errorf("error %v without the go tool", err)
	}
}

func TestTop(t *testing.T) {
	tally := Tally{"b": 2, "a": 2, "c": 9, "d": 1}
	if got := tally.Top(3); !slices.Equal(got, []Entry{{"c", 9}, {"a", 2}, {"b", 2}}) {
		t.Errorf("top 3: %v", got)
	}
	if got := tally.Top(9); len(got) != 4 {
		t.Errorf("top 9 of 4: %v", got)
	}
	var b bytes.Buffer
	if err := (Tally{"b": 2, "a": 2, "c": 9, "d": 1, "e": 1}).WriteTop(&b, 5); err != nil {
		t.Fatal(err)
	}
	if want := "      9 c         2 b         1 e\n      2 a         1 d\n"; b.String() != want {
		t.Errorf("printed:\n%s\nwant:\n%s", b.String(), want)
	}
}

// Many adders in this process meet at the same words at the same time.
func TestAddersAtOnce(t *testing.T) {
	needWorkers(t)
	h, err := NewHistogram(1<<12, 16*chunkSize)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	const adders, words, times = 8, 500, 20
	var all sync.WaitGroup
	for g := range adders {
		all.Go(func() {
			a := NewAdder(h)
			for range times {
				for i := range words {
					// The same words, begun at different places.
					if err := a.Add(fmt.Sprintf("w%d", (i+g*words/adders)%words), 1); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	tally, err := h.Tally()
	if err != nil || len(tally) != words {
		t.Fatalf("%d words, want %d: %v", len(tally), words, err)
	}
	for w, n := range tally {
		if n != adders*times {
			t.Errorf("%s: %d, want %d", w, n, adders*times)
		}
	}
	used := 0
	for i := range h.Slots.Slice() {
		if h.Slots.Slice()[i].Key.Load() != 0 {
			used++
		}
	}
	if used != words {
		t.Errorf("%d entries for %d words", used, words)
	}
}
