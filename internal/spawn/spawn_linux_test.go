package spawn

import (
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The test binary is its own child: what it does is told by its second argument.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && strings.HasPrefix(os.Args[1], "child:") {
		child(strings.TrimPrefix(os.Args[1], "child:"))
	}
	os.Exit(m.Run())
}

func child(what string) {
	switch what {
	case "exit 5":
		os.Exit(5)
	case "echo":
		CloseInheritedOnExec()
		if fl, err := unix.FcntlInt(3, unix.F_GETFD, 0); err != nil || fl&unix.FD_CLOEXEC == 0 {
			os.Exit(6)
		}
		b, err := io.ReadAll(Blocking(3))
		if err != nil {
			os.Exit(7)
		}
		if n, err := Blocking(3).Write(b); err != nil || n != len(b) {
			os.Exit(8)
		}
		os.Exit(0)
	case "greet":
		os.Stdout.WriteString("hello")
		os.Exit(0)
	case "kill self":
		KillSelf()
	}
	time.Sleep(time.Hour)
}

func startChild(t *testing.T, what string, files ...uintptr) *Child {
	t.Helper()
	c, err := Start(Spec{Args: []string{os.Args[0], "child:" + what}, Env: os.Environ(), Files: append([]uintptr{0, 1, 2}, files...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStatus(t *testing.T) {
	if s := startChild(t, "exit 5").Wait(); s != (Status{Code: 5}) {
		t.Errorf("status is %+v", s)
	}
	if s := startChild(t, "kill self").Wait(); s != (Status{Code: -9}) {
		t.Errorf("status is %+v", s)
	}
	c := startChild(t, "run")
	if err := c.SetLimit(unix.RLIMIT_CORE, 0, 0); err != nil { // nobody has less
		t.Error(err)
	}
	if err := c.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if s := c.Wait(); s != (Status{Code: -15}) {
		t.Errorf("status is %+v", s)
	}
	if err := c.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after the end: %v", err)
	}
}

// The ways of old kernels.
func TestWithoutPidfd(t *testing.T) {
	c := startChild(t, "run")
	c.pidfd.Close()
	c.pidfd = nil
	go func() {
		time.Sleep(10 * time.Millisecond)
		c.Signal(syscall.SIGKILL)
	}()
	if s := c.Wait(); s != (Status{Code: -9}) {
		t.Errorf("status is %+v", s)
	}
	if pollable(-1) != nil {
		t.Error("a pidfd from nothing")
	}
}

// Somebody else, such as a reaper of PID 1, was faster.
func TestReapedByAnother(t *testing.T) {
	c := startChild(t, "exit 5")
	var ws unix.WaitStatus
	if _, err := unix.Wait4(c.PID, &ws, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Signal(syscall.SIGKILL); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal: %v", err)
	}
	if s := c.Wait(); !s.Unknown {
		t.Errorf("status is %+v", s)
	}
}

func TestSocketAndBlocking(t *testing.T) {
	f, fd, err := SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := startChild(t, "echo", uintptr(fd))
	Close(fd)
	data := make([]byte, 1<<20) // more than the socket's buffer, so that both sides wait
	for i := range data {
		data[i] = byte(i * 13)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { err = unix.Shutdown(int(fd), unix.SHUT_WR) })
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err != nil || string(got) != string(data) {
		t.Errorf("%d bytes came back, %v", len(got), err)
	}
	if s := c.Wait(); s.Code != 0 {
		t.Errorf("status is %+v", s)
	}
}

func TestExecError(t *testing.T) {
	if _, err := Start(Spec{Args: []string{"x"}, Dir: "/nonexistent"}); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("error is %v", err)
	}
}

func TestStreamDrains(t *testing.T) {
	f, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer Close(w) // held open by "another"
	s, err := NewStream(f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := unix.Write(w, []byte("said before")); err != nil {
		t.Fatal(err)
	}
	s.Finish()
	b, err := io.ReadAll(s)
	if string(b) != "said before" || !errors.Is(err, ErrDrained) {
		t.Errorf("read %q, %v", b, err)
	}
	s.Resume()
	go func() {
		time.Sleep(10 * time.Millisecond)
		unix.Write(w, []byte("late"))
	}()
	buf := make([]byte, 10)
	if n, err := s.Read(buf); err != nil || string(buf[:n]) != "late" {
		t.Errorf("read %q, %v", buf[:n], err)
	}
}

func TestStreamFinishWakesARead(t *testing.T) {
	f, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewStream(f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	time.AfterFunc(10*time.Millisecond, s.Finish)
	if n, err := s.Read(make([]byte, 10)); n != 0 || !errors.Is(err, ErrDrained) {
		t.Errorf("read %d, %v", n, err)
	}
	Close(w)
	if _, err := s.Read(make([]byte, 10)); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestDeadlineBeforeTheEndIsADeadline(t *testing.T) {
	f, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer Close(w)
	s, err := NewStream(f)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SetReadDeadline(past)
	if _, err := s.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

func TestScratch(t *testing.T) {
	fd, err := Scratch()
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if b := ReadScratch(fd, 100); b != nil {
		t.Errorf("an empty one has %q", b)
	}
	if _, err := unix.Write(fd, []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	if b := ReadScratch(fd, 4); string(b) != "0123" {
		t.Errorf("read %q", b)
	}
}
