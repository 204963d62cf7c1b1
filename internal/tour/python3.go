package tour

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// python3 is a Python on this machine.
type python3 struct {
	path    string
	version string // "3.12.1"
}

// findPython is lookForPython, which takes a while, once for all programs.
var findPython = sync.OnceValues(lookForPython)

// lookForPython looks for one that has what the programs need. The error says why there is none, in words that go behind "left out: ".
func lookForPython() (python3, error) {
	path, err := exec.LookPath("python3")
	if err != nil {
		return python3{}, errors.New("there is no python3 in PATH")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := python3{path: path}
	out, err := p.run(ctx, `import sys, multiprocessing.managers; print("%d.%d.%d" % sys.version_info[:3])`).output()
	if err != nil {
		return p, fmt.Errorf("%s does not work: %w", path, err)
	}
	p.version = strings.TrimSpace(string(out))
	var major, minor int
	if _, err := fmt.Sscanf(p.version, "%d.%d", &major, &minor); err != nil || major != 3 || minor < 6 {
		return p, fmt.Errorf("%s is Python %s, and not 3.6 or newer", path, p.version)
	}
	return p, nil
}

func (p python3) String() string { return "Python " + p.version }

// A script is one that a Python is to run, or runs.
type script struct {
	*exec.Cmd
	stderr strings.Builder
}

// run is a script with arguments, still to be started. It is killed when ctx ends; the user's own settings for Python don't matter to it.
func (p python3) run(ctx context.Context, source string, args ...string) *script {
	s := &script{Cmd: exec.CommandContext(ctx, p.path, append([]string{"-I", "-c", source}, args...)...)}
	s.WaitDelay = 2 * time.Second // its children may have its output, too
	s.Stderr = &s.stderr
	return s
}

// output runs the script to its end and returns what it has printed.
func (s *script) output() ([]byte, error) {
	out, err := s.Output()
	return out, s.explained(err)
}

// explained is an error with the last line of what Python has said about it.
func (s *script) explained(err error) error {
	if err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimSpace(s.stderr.String()), "\n")
	return fmt.Errorf("%w: %s", err, lines[len(lines)-1])
}

// pipes are the script's standard input and output.
func (s *script) pipes() (in io.WriteCloser, out io.ReadCloser, err error) {
	if in, err = s.StdinPipe(); err != nil {
		return nil, nil, err
	}
	out, err = s.StdoutPipe()
	return in, out, err
}
