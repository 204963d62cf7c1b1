package sys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// stat is /proc/PID/stat of a process with this name, state, number of threads and start time.
func stat(name string, state byte, threads int, start string) []byte {
	return fmt.Appendf(nil, "4711 (%s) %c 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 %d 0 %s 123 456\n", name, state, threads, start)
}

func TestParseStartTime(t *testing.T) {
	for _, c := range []struct {
		name string
		stat []byte
		want uint64
		gone bool
		bad  bool
	}{
		{name: "plain", stat: stat("cat", 'S', 1, "98765"), want: 98765},
		{name: "spaces", stat: stat("tmux: server", 'R', 2, "5"), want: 5},
		{name: "brackets", stat: stat("a) Z 1 2 (b", 'S', 1, "6"), want: 6},
		{name: "only brackets", stat: stat("))))", 'S', 1, "7"), want: 7},
		{name: "line ends", stat: stat("a\nb)\n", 'S', 1, "8"), want: 8},
		{name: "empty name", stat: stat("", 'S', 1, "9"), want: 9},
		{name: "not UTF-8", stat: stat("\xff\xfe", 'S', 1, "10"), want: 10},
		{name: "largest", stat: stat("x", 'S', 1, "18446744073709551615"), want: 1<<64 - 1},
		{name: "zombie", stat: stat("x", 'Z', 1, "11"), gone: true},
		{name: "dead", stat: stat("x", 'X', 0, "11"), gone: true},
		// The leader has ended, but its other threads have not: they may still write to shared memory.
		{name: "zombie leader of live threads", stat: stat("x", 'Z', 3, "12"), want: 12},
		{name: "empty", stat: nil, bad: true},
		{name: "no name", stat: []byte("1 2 3 4"), bad: true},
		{name: "cut off", stat: []byte("4711 (x) S 1 2 3"), bad: true},
		{name: "ends at the name", stat: []byte("4711 (x)"), bad: true},
		{name: "not a number", stat: stat("x", 'S', 1, "soon"), bad: true},
		{name: "negative", stat: stat("x", 'S', 1, "-4"), bad: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStartTime(c.stat)
			switch {
			case c.gone:
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %d, %v, want fs.ErrNotExist", got, err)
				}
			case c.bad:
				if err == nil || errors.Is(err, fs.ErrNotExist) {
					t.Errorf("got %d, %v, want an error about the form", got, err)
				}
			case err != nil || got != c.want:
				t.Errorf("got %d, %v, want %d", got, err, c.want)
			}
		})
	}
}

func FuzzParseStartTime(f *testing.F) {
	f.Add(stat("a) Z (", 'S', 1, "98765"))
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = parseStartTime(data) })
}

func TestStartTime(t *testing.T) {
	me, err := StartTime(os.Getpid())
	if err != nil || me == 0 {
		t.Fatalf("this process: %d, %v", me, err)
	}
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	pid := cmd.Process.Pid
	if child, err := StartTime(pid); err != nil || child < me {
		t.Errorf("child: %d, %v; this process: %d", child, err, me)
	}
	fd, err := PidfdOpen(pid)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "pidfd")
	defer file.Close()
	if Readable(fd) {
		t.Error("the pidfd of a running process polls readable")
	}
	in.Close()
	rc, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := rc.Read(func(fd uintptr) bool { return Readable(int(fd)) }); err != nil {
		t.Fatalf("wait for the child's end: %v", err)
	}
	// It is a zombie now: nobody has waited for it.
	if _, err := StartTime(pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a zombie: %v, want fs.ErrNotExist", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := StartTime(pid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a reaped process: %v, want fs.ErrNotExist", err)
	}
}

func TestPidfdOfNobody(t *testing.T) {
	for _, pid := range []int{-1, 0, 1 << 30} {
		if fd, err := PidfdOpen(pid); err == nil {
			t.Errorf("pid %d: descriptor %d", pid, fd)
		}
	}
	if Readable(-1) || Readable(1<<20) {
		t.Error("a descriptor that is not open polls readable")
	}
}

func TestPIDNamespace(t *testing.T) {
	link, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		t.Skip(err)
	}
	if want := strings.TrimSuffix(strings.TrimPrefix(link, "pid:["), "]"); fmt.Sprint(PIDNamespace()) != want {
		t.Errorf("got %d, want %s", PIDNamespace(), want)
	}
}
