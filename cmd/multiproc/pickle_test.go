package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// withInput runs the command line as its own process, with something on standard input.
func withInput(t *testing.T, input []byte, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestPickle(t *testing.T) {
	numbers := py.NewList()
	for i := range 300 {
		numbers.Items = append(numbers.Items, int64(i))
	}
	data, err := pickle.Marshal(py.Tuple{"a text", numbers, numbers})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.pkl")
	if err := os.WriteFile(file, append(data, data...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want []string
	}{
		{[]string{file}, []string{"# pickle 1 at byte 0: protocol 4", "# pickle 2 at byte", "  'a text',\n", "&1 [\n", "... (200 more)", "*1,\n"}},
		{[]string{"-"}, []string{"# pickle 1", "&1 [\n"}},
		{nil, []string{"# pickle 1", "&1 [\n"}},
		{[]string{"--all", "--width", "30", file}, []string{"298, 299,\n", "\n    0, 1, 2, 3, 4, 5, 6, 7, 8,\n"}},
		{[]string{"--items", "2", "--depth", "1", "--chars", "1", file}, []string{"('a'... (6 characters), &1 [... (300)], ... (1 more))"}},
		{[]string{"--opcodes", file}, []string{"0  80    PROTO 4\n", "MEMOIZE  # as 0\n", ".  STOP\n# pickle 2"}},
	} {
		stdout, stderr, code := withInput(t, data, append([]string{"pickle"}, tc.args...)...)
		if code != 0 || stderr != "" {
			t.Errorf("%q exits with %d: %s", tc.args, code, stderr)
		}
		for _, want := range tc.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%q doesn't print %q:\n%s", tc.args, want, stdout)
			}
		}
	}
}

// What is good is printed before the error, which says where the rest goes wrong.
func TestBrokenPickle(t *testing.T) {
	for _, args := range [][]string{{"pickle"}, {"pickle", "--opcodes"}} {
		stdout, stderr, code := withInput(t, []byte("\x80\x04K\x01.\x80\x04h\x05."), args...)
		if code != 1 || !strings.HasPrefix(stdout, "# pickle 1 at byte 0: protocol 4, 5 bytes\n") || !strings.Contains(stderr, "multiproc: standard input: pickle: byte 7, BINGET: ") {
			t.Errorf("%q exits with %d\n%s\n%s", args, code, stdout, stderr)
		}
	}
	if _, stderr, code := withInput(t, nil, "pickle"); code != 1 || !strings.Contains(stderr, "there are no bytes") {
		t.Errorf("nothing at all exits with %d: %s", code, stderr)
	}
}

// The names of a pickle are part of errors, and can't tell the terminal anything.
func TestPickleOfEvilNames(t *testing.T) {
	data := []byte("\x80\x04\x8c\x01a\x8c\x01b\x93\x8c\x01a\x8c\x06\x1b[31mx\x93)\x81R.")
	for _, args := range [][]string{{"pickle"}, {"pickle", "--opcodes"}} {
		stdout, stderr, code := withInput(t, data, args...)
		if code != 1 || strings.Contains(stdout+stderr, "\x1b") || !strings.Contains(stderr, `not a value of type \x1b[31mx`) {
			t.Errorf("%q exits with %d\n%q\n%q", args, code, stdout, stderr)
		}
	}
}

// A pipe that says nothing can be left.
func TestInterruptPickle(t *testing.T) {
	cmd := exec.Command(os.Args[0], "pickle")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(2*time.Minute, func() { _ = cmd.Process.Kill() })
	defer timeout.Stop()
	// Once the pipe is empty, the command reads it, and so has its signal handler.
	if _, err := in.Write(make([]byte, 1<<17)); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Skip("no signals can be sent here, as on Windows:", err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 130 || errs.String() != "multiproc: interrupted\n" {
		t.Errorf("exit code %d, stderr %q", code, &errs)
	}
}
