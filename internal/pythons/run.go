package pythons

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// watchdog is how long a script, or one request to a child, may take before it counts as hanging.
const watchdog = 5 * time.Minute

// flags keep the user's packages out, and .pyc files from being written.
var flags = []string{"-s", "-B"}

// environ is the environment without the user's settings for Python, with UTF-8 for its standard streams and a fixed seed for the hashes of strings.
func environ() []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "PYTHON") })
	return append(env, "PYTHONIOENCODING=utf-8", "PYTHONHASHSEED=0")
}

// Command is the interpreter with the arguments, e.g. "-c" and a script, or a file's name. The user's settings for Python are kept out.
func (p Python) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.Path, append(slices.Clone(flags), args...)...)
	cmd.Env = environ()
	return cmd
}

// Run runs a script with input and arguments (sys.argv[1:]) and returns what it has printed. The error has what it wrote to its standard error.
func (p Python) Run(script string, stdin []byte, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), watchdog)
	defer cancel()
	cmd := p.Command(ctx, append([]string{"-c", script}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("%v: %w\n%s", p, err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}
