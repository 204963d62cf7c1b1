//go:build linux

package multiproc

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

func equalAny(a, b any) bool { return reflect.DeepEqual(a, b) }

// look reports what a worker sees of the world.
var look = Register("look", func(ctx context.Context, what string) (string, error) {
	kind, arg, _ := strings.Cut(what, ":")
	switch kind {
	case "env":
		return os.Getenv(arg), nil
	case "environ":
		var out []string
		for _, kv := range os.Environ() {
			if strings.HasPrefix(kv, arg) {
				out = append(out, kv)
			}
		}
		return strings.Join(out, " "), nil
	case "dir":
		dir, err := os.Getwd()
		return dir + " " + os.Getenv("PWD"), err
	case "name":
		return fmt.Sprintf("%s %v %d %d", CurrentName(), InWorker(), len(Files()), len(os.Args)), nil
	case "id":
		groups, err := os.Getgroups()
		return fmt.Sprint(os.Getuid(), os.Getgid(), groups), err
	case "nofile":
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			return "", err
		}
		out, err := exec.Command("sh", "-c", "ulimit -Sn; ulimit -Hn").Output()
		return fmt.Sprint(l.Cur, l.Max, strings.Fields(string(out))), err
	case "files":
		var all []string
		for _, f := range Files() {
			b, err := io.ReadAll(f)
			if err != nil {
				return "", err
			}
			all = append(all, f.Name()+"="+string(b))
		}
		return strings.Join(all, " "), nil
	case "inherited":
		out, err := exec.Command("sh", "-c", "ls /proc/self/fd").Output()
		return strings.Join(strings.Fields(string(out)), " "), err
	case "stdin":
		b, err := io.ReadAll(os.Stdin)
		return fmt.Sprintf("%q", b), err
	case "print":
		fmt.Println(arg)
		fmt.Fprintln(os.Stderr, "to stderr: "+arg)
		return "", nil
	case "leave a reader":
		// A program that outlives this worker with its standard error, and says so.
		cmd := exec.Command("sh", "-c", "read x; echo late >&2; read x")
		cmd.Stderr = os.Stderr
		cmd.Stdin = Files()[0]
		return "", cmd.Start()
	}
	return "", fmt.Errorf("unknown: %s", what)
})

func ask(t *testing.T, what string, opts ...Option) string {
	t.Helper()
	return mustWait(t, mustStart(t, look, what, opts...))
}

func TestEnvironmentAndDirectory(t *testing.T) {
	t.Setenv("MULTIPROC_TEST_A", "parent")
	if got := ask(t, "env:MULTIPROC_TEST_A"); got != "parent" {
		t.Errorf("inherited %q", got)
	}
	if got := ask(t, "environ:MULTIPROC_WORKER"); got != "" {
		t.Errorf("the worker's own variable is left: %q", got)
	}
	if got := ask(t, "environ:MULTIPROC_TEST_", WithEnv("MULTIPROC_TEST_A=1", "MULTIPROC_TEST_B=x=y"), WithEnv("MULTIPROC_TEST_A=2")); got != "MULTIPROC_TEST_B=x=y MULTIPROC_TEST_A=2" {
		t.Errorf("environment is %q", got)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(t, "dir", WithDir(dir)); got != dir+" "+dir {
		t.Errorf("directory is %q, want %q", got, dir)
	}
	if got := ask(t, "name", WithName("Ada")); got != "Ada true 0 2" {
		t.Errorf("the worker sees %q", got)
	}
	if got := ask(t, "stdin"); got != `""` {
		t.Errorf("standard input has %s", got)
	}
	if InWorker() || CurrentName() != filepath.Base(os.Args[0]) || Files() != nil {
		t.Error("this process takes itself for a worker")
	}
}

func TestExtraFiles(t *testing.T) {
	dir := t.TempDir()
	var files []*os.File
	for i := range 3 {
		name := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, []byte(strings.Repeat("x", i)), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files = append(files, f)
	}
	want := fmt.Sprintf("%[1]s/0= %[1]s/1=x %[1]s/2=xx", dir)
	if got := ask(t, "files", WithFiles(files[0]), WithFiles(files[1:]...)); got != want {
		t.Errorf("files are %q, want %q", got, want)
	}
	if got := ask(t, "inherited", WithFiles(files...)); got != "0 1 2 3" { // 3 is ls's own
		t.Errorf("a program that the worker runs has descriptors %s", got)
	}
}

func TestLimits(t *testing.T) {
	if got := ask(t, "nofile", WithRlimit(syscall.RLIMIT_NOFILE, 100, 200)); got != "100 200 [100 200]" {
		t.Errorf("limits are %s", got)
	}
}

func TestCredential(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(exe); err != nil || st.Mode()&1 == 0 {
		t.Skip("the test binary is not executable by others")
	}
	if got := ask(t, "id", WithCredential(65534, 65533, 65532, 65531)); got != "65534 65533 [65531 65532]" && got != "65534 65533 [65532 65531]" {
		t.Errorf("the worker is %s", got)
	}
	in := newShared(t)
	out := mustWait(t, mustStart(t, carry, carrier{Deep: map[string][]*shared{"x": {in}}}, WithCredential(65534, 65533)))
	if in.bytes()[0] != 1 || out[1].bytes()[1] != 42 {
		t.Error("a worker of another user does not share memory")
	}
	for _, s := range []*shared{in, out[0], out[1]} {
		s.h.Close()
	}
	if got := ask(t, "id", WithCredential(65534, 65533)); got != "65534 65533 []" {
		t.Errorf("the worker is %s", got)
	}
}

func TestOutputWriters(t *testing.T) {
	for _, daemon := range []bool{true, false} {
		var out, errs bytes.Buffer
		ask(t, "print:hello", WithStdout(&out), WithStderr(&errs), WithDaemon(daemon))
		if out.String() != "hello\n" || errs.String() != "to stderr: hello\n" {
			t.Errorf("daemon %v: stdout %q, stderr %q", daemon, out.String(), errs.String())
		}
		var both bytes.Buffer
		ask(t, "print:hello", WithStdout(&both), WithStderr(&both), WithDaemon(daemon))
		if len(both.String()) != len("hello\nto stderr: hello\n") {
			t.Errorf("daemon %v: both have %q", daemon, both.String())
		}
		f, err := os.Create(filepath.Join(t.TempDir(), "out"))
		if err != nil {
			t.Fatal(err)
		}
		ask(t, "print:hello", WithStdout(f), WithStderr(f), WithDaemon(daemon))
		f.Close()
		if b, _ := os.ReadFile(f.Name()); len(b) != len("hello\nto stderr: hello\n") {
			t.Errorf("daemon %v: the file has %q", daemon, b)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestBrokenWriterDoesNotHurtTheWorker(t *testing.T) {
	ask(t, "print:"+strings.Repeat("x", 1<<17), WithStdout(brokenWriter{}), WithStderr(brokenWriter{}))
}

// A program that the worker leaves behind keeps the pipe open; the worker is done all the same.
func TestPipeHeldByAnother(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	ask(t, "leave a reader", WithStderr(&errs), WithFiles(r))
	w.Close()
	r.Close()
}

// If it is the parent's own standard error, what such a program says still gets there.
func TestLateLinesReachStandardError(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	captured, capture, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer captured.Close()
	old := os.Stderr
	os.Stderr = capture
	p, err := look.Start(context.Background(), "leave a reader", slow, WithFiles(r))
	os.Stderr = old
	if err != nil {
		t.Fatal(err)
	}
	mustWait(t, p)
	fmt.Fprintln(w, "go on")
	captured.SetReadDeadline(time.Now().Add(time.Minute))
	buf := make([]byte, 100)
	if n, err := captured.Read(buf); err != nil || string(buf[:n]) != "late\n" {
		t.Errorf("standard error got %q, %v", buf[:n], err)
	}
	fmt.Fprintln(w, "end")
	capture.Close()
}
