//go:build linux

package multiproc

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// What a worker of this test binary does before Main, to see how Start takes it.
func init() {
	switch os.Getenv("MULTIPROC_TEST_INIT") {
	case "hang":
		time.Sleep(time.Hour)
	case "exit":
		os.Stderr.WriteString("init: no licence\n")
		os.Exit(7)
	case "panic":
		panic("init is broken")
	}
	if !InWorker() {
		ghost = Register("ghost", func(context.Context, int) (int, error) { return 0, nil })
		shifty = Register("shifty", func(context.Context, int) (int, error) { return 0, nil })
	} else {
		Register("shifty", func(context.Context, string) (int, error) { return 0, nil })
	}
}

var ghost, shifty *Func[int, int]

func wantStartError(t *testing.T, err error, is error, parts ...string) *StartError {
	t.Helper()
	var e *StartError
	if !errors.As(err, &e) {
		t.Fatalf("error is %T: %v", err, err)
	}
	if is != nil && !errors.Is(err, is) {
		t.Errorf("error is not %q: %v", is, err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error says nothing of %q: %v", part, err)
		}
	}
	if e.Func == "" || e.Worker == "" {
		t.Errorf("incomplete: %#v", e)
	}
	t.Log(err)
	return e
}

func TestStartFails(t *testing.T) {
	bg := context.Background()
	_, err := square.Start(bg, 1, WithEnv("MULTIPROC_TEST_INIT=hang"), WithStartTimeout(200*time.Millisecond))
	wantStartError(t, err, ErrStartTimeout, "did not reach multiproc.Main within 200ms")

	_, err = square.Start(bg, 1, WithEnv("MULTIPROC_TEST_INIT=exit"), WithStderr(new(bytes.Buffer)))
	var exit *ExitError
	if e := wantStartError(t, err, nil, "code 7", "no licence"); !errors.As(err, &exit) || exit.Code != 7 || e.PID == 0 || e.Stderr != "init: no licence" {
		t.Errorf("error is %#v", err)
	}

	_, err = square.Start(bg, 1, WithEnv("MULTIPROC_TEST_INIT=panic"), WithStderr(new(bytes.Buffer)))
	wantStartError(t, err, nil, "init is broken")

	_, err = ghost.Start(bg, 1)
	wantStartError(t, err, ErrUnknownFunc, `"ghost" is registered at `, "start_test.go:", "the worker knows ", "square")

	_, err = shifty.Start(bg, 1)
	wantStartError(t, err, ErrTypes, "it takes int and returns int in the parent, and takes string")

	_, err = square.Start(bg, 1, WithDir("/nonexistent"))
	wantStartError(t, err, os.ErrNotExist, "WithDir", "/nonexistent")

	_, err = square.Start(bg, 1, WithRlimit(999, 1, 1))
	wantStartError(t, err, nil, "WithRlimit")

	ctx, cancel := context.WithCancelCause(bg)
	why := errors.New("not any more")
	cancel(why)
	_, err = square.Start(ctx, 1)
	wantStartError(t, err, why)

	ctx, cancel = context.WithCancelCause(bg)
	time.AfterFunc(100*time.Millisecond, func() { cancel(why) })
	_, err = square.Start(ctx, 1, WithEnv("MULTIPROC_TEST_INIT=hang"), WithStartTimeout(0))
	wantStartError(t, err, why)

	short, stop := context.WithTimeout(bg, 100*time.Millisecond)
	defer stop()
	_, err = square.Start(short, 1, WithEnv("MULTIPROC_TEST_INIT=hang"))
	wantStartError(t, err, context.DeadlineExceeded)
}

func TestStartWithoutMain(t *testing.T) {
	mainCalled.Store(false)
	defer mainCalled.Store(true)
	if _, err := square.Start(context.Background(), 1); !errors.Is(err, ErrNotMain) || !strings.Contains(err.Error(), "multiproc.Main()") {
		t.Errorf("error is %v", err)
	}
}

func TestBadRegistrations(t *testing.T) {
	bg := context.Background()
	type secretive struct {
		Name string
		Deep []struct{ key int }
	}
	before := len(functions.byName)
	defer func() {
		for _, name := range []string{"twice", "secretive", "result"} {
			delete(functions.byName, name)
		}
		if len(functions.byName) != before {
			t.Error("a function without a name, or without a function, is registered")
		}
	}()
	a := Register("twice", func(context.Context, int) (int, error) { return 1, nil })
	b := Register("twice", func(context.Context, int) (int, error) { return 2, nil })
	if err := a.entry.check(); err != nil {
		t.Errorf("the first is refused: %v", err)
	}
	if _, err := b.Start(bg, 1); !errors.Is(err, ErrDuplicate) || strings.Count(err.Error(), "start_test.go:") != 2 {
		t.Errorf("error is %v", err)
	}
	c := Register("secretive", func(context.Context, secretive) (int, error) { return 1, nil })
	var te *TypeError
	if _, err := c.Start(bg, secretive{}); !errors.As(err, &te) || te.Func != "secretive" || te.Path != "multiproc.secretive.Deep[].key" {
		t.Errorf("error is %v", err)
	}
	d := Register("result", func(context.Context, int) (map[string]chan int, error) { return nil, nil })
	if _, err := d.Start(bg, 1); !errors.As(err, &te) || te.Path != "map[string]chan int[]" {
		t.Errorf("error is %v", err)
	}
	if _, err := Register("", func(context.Context, int) (int, error) { return 1, nil }).Start(bg, 1); err == nil || !strings.Contains(err.Error(), "has no name") {
		t.Errorf("error is %v", err)
	}
	if _, err := Register[int, int]("nothing", nil).Start(bg, 1); err == nil || !strings.Contains(err.Error(), "is nil") {
		t.Errorf("error is %v", err)
	}
	if _, err := ends2.Start(bg, func() {}); err == nil || !strings.Contains(err.Error(), "type func()") {
		t.Errorf("error is %v", err)
	}
	for _, o := range []Option{WithEnv("novalue"), WithEnv("=x"), WithFiles(nil), WithEnv("A=\x00")} {
		if _, err := square.Start(bg, 1, o); err == nil {
			t.Error("a bad option is accepted")
		}
	}
}

var ends2 = Register("any", func(ctx context.Context, v any) (any, error) { return v, nil })

func TestDynamicTypes(t *testing.T) {
	for _, v := range []any{nil, 5, int8(5), "x", []string{"a"}, map[string]any{"a": uint16(1)}} {
		p := mustStart(t, ends2, v)
		if got := mustWait(t, p); !equalAny(got, v) {
			t.Errorf("%#v came back as %#v", v, got)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	n := 200
	if raceEnabled {
		n = 40
	}
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	n = min(n, int(min(files.Cur, 1<<20)/10)) // each worker takes several of the files that this process may have open
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			p, err := square.Start(context.Background(), i, slow)
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := p.Wait(context.Background()); err != nil || got != i*i {
				t.Errorf("%d squared is %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
}

// A worker costs the parent no thread.
func TestNoThreadPerWorker(t *testing.T) {
	threads := func() int {
		entries, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	mustWait(t, mustStart(t, square, 1))
	before := threads()
	for range 20 {
		mustStart(t, untilStopped, "stubborn")
	}
	if after := threads(); after > before+10 {
		t.Errorf("%d threads before, %d with 20 workers", before, after)
	}
}

var total = Register("total", func(ctx context.Context, b []byte) ([]byte, error) {
	for i := range b {
		b[i]++
	}
	return b, nil
})

func TestBigArgumentAndResult(t *testing.T) {
	size := 64 << 20
	if raceEnabled {
		size = 4 << 20
	}
	big := make([]byte, size)
	for i := range big {
		big[i] = byte(i * 7)
	}
	got := mustWait(t, mustStart(t, total, big))
	for i := range big {
		big[i]++
	}
	if !bytes.Equal(got, big) {
		t.Errorf("%d bytes came back changed", size)
	}
}

// nested counts the leaves of a tree of workers.
var nested *Func[int, int]

func init() {
	nested = Register("nested", func(ctx context.Context, depth int) (int, error) {
		if depth == 0 {
			return 1, nil
		}
		sum := 0
		for range 2 {
			p, err := nested.Start(ctx, depth-1, slow)
			if err != nil {
				return 0, err
			}
			n, err := p.Wait(ctx)
			if err != nil {
				return 0, err
			}
			sum += n
		}
		return sum, nil
	})
}

func TestNestedWorkers(t *testing.T) {
	if got := mustWait(t, mustStart(t, nested, 3)); got != 8 {
		t.Errorf("%d leaves", got)
	}
}

var failsBelow = Register("fails-below", func(ctx context.Context, how string) (any, error) {
	p, err := ends.Start(ctx, how, slow)
	if err != nil {
		return nil, err
	}
	return p.Wait(ctx)
})

func TestErrorsCrossTwoProcesses(t *testing.T) {
	_, err := mustStart(t, failsBelow, "path").Wait(watchdog(t))
	var e *RemoteError
	if !errors.As(err, &e) || !errors.Is(err, os.ErrNotExist) || e.Type != "*multiproc.RemoteError" {
		t.Errorf("error is %v", err)
	}
}

func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if got := mustWait(t, mustStart(t, nested, 1, WithEnv("GOMAXPROCS=1"))); got != 2 {
		t.Errorf("%d leaves", got)
	}
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p, err := square.Start(context.Background(), 7, slow)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if _, err := p.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkStartAndWait(b *testing.B) {
	for b.Loop() {
		p, err := square.Start(context.Background(), 7, slow)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Wait(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
