package multiproc

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

// What Start uses unless an option says otherwise.
const (
	// DefaultStartTimeout is how long a worker may take from its exec until its function runs. It includes the
	// initialisation of the program's packages.
	DefaultStartTimeout = 10 * time.Second
	// DefaultGrace is how long a worker may go on after its context was cancelled, before it is killed.
	DefaultGrace = 5 * time.Second
)

// An Option changes how Start starts a worker.
type Option func(*config)

type config struct {
	name         string
	notDaemon    bool
	env          []string
	dir          string
	stdout       io.Writer
	stderr       io.Writer
	files        []*os.File
	credential   *spawn.Credential
	limits       []limit
	startTimeout time.Duration
	grace        time.Duration
}

type limit struct {
	resource   int
	soft, hard uint64
}

func newConfig(opts []Option) (*config, error) {
	c := &config{startTimeout: DefaultStartTimeout, grace: DefaultGrace}
	for _, o := range opts {
		if o != nil {
			o(c)
		}
	}
	for i, f := range c.files {
		if f == nil || closed(f) {
			return nil, fmt.Errorf("multiproc: WithFiles: file %d is nil or closed", i)
		}
	}
	for option, w := range map[string]io.Writer{"WithStdout": c.stdout, "WithStderr": c.stderr} {
		if f, ok := w.(*os.File); ok && f != nil && closed(f) {
			return nil, fmt.Errorf("multiproc: %s: the file %s is closed", option, f.Name())
		}
	}
	if strings.ContainsFunc(c.name, unicode.IsControl) {
		return nil, fmt.Errorf("multiproc: WithName: %q has control characters, which would break lines of logs and of ps", c.name)
	}
	for _, kv := range c.env {
		if i := strings.IndexByte(kv, '='); i <= 0 || strings.IndexByte(kv, 0) >= 0 {
			return nil, fmt.Errorf("multiproc: WithEnv: %q is not of the form KEY=value", kv)
		}
		if strings.HasPrefix(kv, family.EnvName+"=") {
			return nil, fmt.Errorf("multiproc: WithEnv: %s is what makes a process a worker, and only Start sets it", family.EnvName)
		}
	}
	return c, nil
}

func closed(f *os.File) bool { return f.Fd() == ^uintptr(0) }

// WithName gives the worker a name for errors, logs and CurrentName. The default is the function's name and a number,
// as in square-3. Names need not be unique.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithDaemon says whether the worker ends with the process that started it, which is the default. A daemon worker is killed
// at once when its parent dies by any means; one that is not a daemon runs on, and its result is lost.
//
// A daemon's standard error reaches its destination through the parent, which keeps the last lines for an ExitError.
// Other workers write to the parent's standard error themselves, so that they can outlive it.
func WithDaemon(daemon bool) Option { return func(c *config) { c.notDaemon = !daemon } }

// WithEnv adds KEY=value pairs to the environment that the worker inherits. The last pair of a key wins.
func WithEnv(pairs ...string) Option {
	return func(c *config) { c.env = append(c.env, pairs...) }
}

// WithDir sets the worker's working directory. The default is the parent's at the time of Start.
func WithDir(dir string) Option { return func(c *config) { c.dir = dir } }

// WithStdout sets where the worker's standard output goes; the default is the parent's. An *os.File is given to the worker
// itself. Any other writer is fed by the parent, from one goroutine: Wait returns when everything that the worker wrote
// has been written, and so a writer that blocks makes the worker block, and Wait. A writer that fails loses output, but never breaks the
// worker's pipe.
func WithStdout(w io.Writer) Option { return func(c *config) { c.stdout = w } }

// WithStderr sets where the worker's standard error goes; the default is the parent's. See WithStdout and WithDaemon.
// One writer may take both.
func WithStderr(w io.Writer) Option { return func(c *config) { c.stderr = w } }

// WithFiles makes open files available in the worker, where Files returns them in the same order. The parent keeps its own
// and may close them once Start has returned.
func WithFiles(files ...*os.File) Option {
	return func(c *config) { c.files = append(c.files, files...) }
}

// WithCredential runs the worker as another user and group, with these supplementary groups and no others. It needs the
// privilege to change users (root, or CAP_SETUID and CAP_SETGID), and the program's file must be executable by that user.
func WithCredential(uid, gid uint32, groups ...uint32) Option {
	return func(c *config) {
		c.credential = &spawn.Credential{UID: uid, GID: gid, Groups: slices.Clone(groups)}
	}
}

// WithRlimit sets a resource limit of the worker (unix.RLIMIT_NOFILE and its like) before its function runs, though
// after its package initialisation. RLIMIT_AS counts address space, of which the shared memory takes much without using
// it: RLIMIT_DATA bounds a worker's own memory.
func WithRlimit(resource int, soft, hard uint64) Option {
	return func(c *config) { c.limits = append(c.limits, limit{resource, soft, hard}) }
}

// WithStartTimeout sets how long Start waits for the function to run; 0 or less means for ever. The default is DefaultStartTimeout.
func WithStartTimeout(d time.Duration) Option { return func(c *config) { c.startTimeout = d } }

// WithGrace sets how long the worker may go on after the context of Start has ended, before it is killed. 0 or less kills at
// once. The default is DefaultGrace.
func WithGrace(d time.Duration) Option { return func(c *config) { c.grace = d } }
