package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench/starting"
)

// asCommand makes the test binary run the command line that it is given.
const asCommand = "MULTIPROC_TEST_COMMAND"

func TestMain(m *testing.M) {
	multiproc.Main()
	if starting.Empty() {
		return
	}
	if os.Getenv(asCommand) != "" {
		os.Exit(run(os.Args[1:]))
	}
	// With the race detector every process would sleep for a second at its end.
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

func needWorkers(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("worker processes need Linux")
	}
}

// command runs the command line as its own process.
func command(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestCommandLines(t *testing.T) {
	for _, tc := range []struct {
		args   string
		code   int
		stdout string // part of it; "" wants nothing
		stderr string
	}{
		{"", 0, "Available Commands:", ""},
		{"--help", 0, "Available Commands:", ""},
		{"help tour", 0, "negate", ""},
		{"version", 0, runtime.Version(), ""},
		{"completion bash", 0, "bash completion", ""},
		{"tuor", 2, "", `did you mean "tour"?`},
		{"tour --only nope", 2, "", "there are: counter, state"},
		{"tour extra", 2, "", "takes no arguments"},
		{"bench --frob", 2, "", "unknown flag: --frob"},
		{"bench --rounds 0", 2, "", "at least 1"},
		{"bench --only nope", 2, "", "lock-alone"},
		{"bench --list", 0, "<= 1.25x against mutex", ""},
		{"bench --list --only start", 0, "start: ", ""},
		{"bench --only value --python /does/not/exist", 1, "", "/does/not/exist"},
		{"pickle a b", 2, "", "takes one FILE, not 2"},
		{"pickle --depth x", 2, "", `--depth "x": it takes a value of type int`},
		{"pickle --width -1", 2, "", `Try "multiproc pickle --help"`},
		{"__complete pickle --depth ,", 0, ":4\n", "NoFileComp"},
		{"__complete pickle a ,", 0, ":4\n", "NoFileComp"},
		{"__complete bench --rou", 0, "--rounds\tmeasure each case in N interleaved rounds\n", "NoFileComp"},
		{"pickle --depth 0 a", 2, "", "at least 1"},
		{"pickle --width -1 a", 2, "", "--width -1"},
		{"pickle --all --items 3 a", 1, "", "all items"},
		{"pickle /does/not/exist", 1, "", "/does/not/exist"},
		{"bench --only value --json /does/not/exist/x", 1, "", "/does/not/exist/x"},
	} {
		stdout, stderr, code := command(t, strings.Fields(tc.args)...)
		if code != tc.code {
			t.Errorf("%q exits with %d, want %d: %s", tc.args, code, tc.code, stderr)
		}
		for _, s := range []struct{ name, got, want string }{{"stdout", stdout, tc.stdout}, {"stderr", stderr, tc.stderr}} {
			if !strings.Contains(s.got, s.want) || s.want == "" && s.got != "" {
				t.Errorf("%q prints on %s:\n%s\nwant %q", tc.args, s.name, s.got, s.want)
			}
		}
		if strings.Contains(stderr, "Usage:") {
			t.Errorf("%q explains all flags after an error", tc.args)
		}
	}
}

func TestTourOnly(t *testing.T) {
	needWorkers(t)
	stdout, stderr, code := command(t, "tour", "--only", "negate")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "ok: ") || strings.Contains(stdout, "counter") {
		t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
	}
}

func TestTourElsewhere(t *testing.T) {
	if runtime.GOOS == "linux" {
		t.Skip("this is where it works")
	}
	if _, stderr, code := command(t, "tour"); code != 1 || !strings.Contains(stderr, "needs Linux") {
		t.Errorf("code %d: %s", code, stderr)
	}
}

func TestDoctor(t *testing.T) {
	needWorkers(t)
	stdout, stderr, code := command(t, "doctor", "--json")
	var report struct {
		Works    *bool
		Sections []struct {
			Checks []struct{ Name, Status string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || report.Works == nil || len(report.Sections) < 5 {
		t.Fatalf("%v:\n%s", err, stdout)
	}
	if (code == 0) != *report.Works || (stderr == "") != *report.Works {
		t.Errorf("code %d, works %v: %s", code, *report.Works, stderr)
	}
	if stdout, _, _ := command(t, "doctor"); !strings.Contains(stdout, "multiproc ") || !strings.Contains(stdout, "a worker") {
		t.Errorf("text:\n%s", stdout)
	}
}

func TestBenchWithoutPython(t *testing.T) {
	needWorkers(t)
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(t.TempDir(), "report.json")
	stdout, stderr, code := command(t, "bench", "--rounds", "1", "--only", "value", "--json", file)
	if code != 0 || stderr != "" || !strings.Contains(stdout, "No python3 was found") || !strings.Contains(stdout, "RATIO") {
		t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Rows []struct{ Name string } }
	if err := json.Unmarshal(data, &report); err != nil || len(report.Rows) != 1 || report.Rows[0].Name != "value-update" {
		t.Errorf("%v:\n%s", err, data)
	}
	stdout, _, code = command(t, "bench", "--rounds", "1", "--only", "value", "--json", "-")
	if code != 0 || !json.Valid([]byte(stdout)) {
		t.Errorf("code %d, and with --json - stdout is not JSON alone:\n%s", code, stdout)
	}
}

func TestInterrupt(t *testing.T) {
	needWorkers(t)
	// A tour that is over when the signal comes shows nothing. A whole one takes seconds after its first line.
	for tries := 1; !interrupted(t); tries++ {
		if tries == 3 {
			t.Fatal("the tour takes no notice of signals")
		}
	}
}

// interrupted sends a tour the signal and checks how it ends, or reports that it ended in order.
func interrupted(t *testing.T) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "tour")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer timeout.Stop()
	// Once it prints, it is about to start workers.
	r := bufio.NewReader(out)
	if _, err := r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, r)
	cmd.Wait()
	code := cmd.ProcessState.ExitCode()
	if code == 0 && errs.Len() == 0 {
		return false
	}
	if code != 130 || errs.String() != "multiproc: interrupted\n" {
		t.Errorf("exit code %d, stderr %q", code, &errs)
	}
	return true
}

func TestVersionText(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Version: "v0.1.0"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: "true"},
		},
	}
	if got, want := versionText(info), "multiproc v0.1.0, commit 0123456789ab with changes, "+runtime.Version(); !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q first", got, want)
	}
	if got := versionText(nil); !strings.HasPrefix(got, "multiproc (unknown), ") {
		t.Errorf("%q without build information", got)
	}
}
