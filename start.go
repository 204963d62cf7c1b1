package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/control"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

// Descriptors of a worker.
const (
	ctlFD       = 3
	memFD       = 4
	firstFileFD = 5
)

var serial atomic.Uint64

// start runs the entry's function in a new process and returns when it is about to be called there.
//
// What it does is undone in the reverse order when a step fails: reference counts, the slot in the family, descriptors,
// the process.
func start(ctx context.Context, e *entry, c *config, argument []byte, refs []arena.Ref, decode func([]byte) error) (*process, error) {
	if !mainCalled.Load() {
		return nil, ErrNotMain
	}
	p := &process{name: c.name, fn: e.name, daemon: !c.notDaemon, grace: c.grace, decode: decode, done: make(chan struct{})}
	if p.name == "" {
		p.name = e.name + "-" + strconv.FormatUint(serial.Add(1), 10)
	}
	fail := func(err error) (*process, error) {
		return nil, &StartError{Func: e.name, Worker: p.name, Err: err}
	}
	if ctx.Err() != nil {
		return fail(context.Cause(ctx))
	}
	var err error
	if p.fam, err = family.Home(); err != nil {
		return fail(err)
	}
	if p.id, err = p.fam.Reserve(p.name); err != nil {
		return fail(err)
	}
	killpoint.Here("start.reserved")
	if err := arena.Send(refs, p.id); err != nil {
		p.fam.Buried(p.id)
		return fail(err)
	}
	killpoint.Here("start.sent")
	if err := p.exec(c); err != nil {
		arena.Unsend(refs, p.id)
		p.fam.Buried(p.id)
		return fail(err)
	}
	killpoint.Here("start.executed")
	p.fam.Started(p.id, p.pid)
	p.ctx, p.end = context.WithCancelCause(context.Background())
	for _, o := range p.outputs {
		go o.carry()
	}
	if err := p.await(ctx, e, c, argument, refs); err != nil {
		return nil, p.abort(ctx, err)
	}
	logger().Debug("worker started", p.logAttrs("daemon", p.daemon)...)
	return p, nil
}

// exec makes the descriptors and the process.
func (p *process) exec(c *config) (err error) {
	var toClose []int // the child's ends
	defer func() {
		for _, fd := range toClose {
			spawn.Close(fd)
		}
		if err != nil {
			p.closeAll()
			for _, o := range p.outputs {
				o.stream.Close()
			}
		}
	}()
	p.crash = -1
	ctl, childCtl, err := spawn.SocketPair()
	if err != nil {
		return err
	}
	toClose = append(toClose, childCtl)
	if p.ctl, err = spawn.NewStream(ctl); err != nil {
		ctl.Close()
		return err
	}
	if p.crash, err = spawn.Scratch(); err != nil {
		return err
	}
	stdin, err := spawn.Null()
	if err != nil {
		return err
	}
	toClose = append(toClose, stdin)
	stdout, stderr, ends, err := p.plumb(c)
	toClose = append(toClose, ends...)
	if err != nil {
		return err
	}
	files := make([]uintptr, 0, firstFileFD+len(c.files)+1)
	files = append(files, uintptr(stdin), stdout, stderr, uintptr(childCtl), p.fam.File().Fd())
	for _, f := range c.files {
		files = append(files, f.Fd())
	}
	files = append(files, uintptr(p.crash))
	p.child, err = spawn.Start(spawn.Spec{
		Args:       []string{os.Args[0], "[multiproc:" + p.name + "]"},
		Env:        environ(c, p.fam.Environ(p.id, ctlFD, memFD)),
		Dir:        c.dir,
		Files:      files,
		Credential: c.credential,
	})
	if err != nil {
		return explainExec(err, c)
	}
	p.pid = p.child.PID
	return nil
}

// explainExec says which option a failed exec is about.
func explainExec(err error, c *config) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	switch {
	case c.dir != "" && dirError(c.dir) != nil:
		return fmt.Errorf("the working directory of WithDir: %w", dirError(c.dir))
	case c.credential != nil && errno == syscall.EPERM:
		return fmt.Errorf("become user %d and group %d (WithCredential): %w; that needs root or CAP_SETUID and CAP_SETGID", c.credential.UID, c.credential.GID, err)
	case c.credential != nil && errno == syscall.EACCES:
		return fmt.Errorf("execute this program as user %d (WithCredential): %w; its file must be executable by everyone, or by that user", c.credential.UID, err)
	case errno == syscall.EAGAIN:
		return fmt.Errorf("execute this program again: %w; the limit of processes is reached (RLIMIT_NPROC, or the cgroup's pids.max)", err)
	}
	return fmt.Errorf("execute this program again: %w", err)
}

func dirError(dir string) error {
	st, err := os.Stat(dir)
	if err == nil && !st.IsDir() {
		return &os.PathError{Op: "chdir", Path: dir, Err: syscall.ENOTDIR}
	}
	return err
}

// environ is the worker's environment. A Go program takes the first of several entries for a key, a C program too.
func environ(c *config, own string) []string {
	env := append(os.Environ(), own)
	extra := c.env
	if race.Enabled && os.Getenv("GORACE") == "" {
		// The race detector otherwise sleeps for a second in every os.Exit(0).
		extra = append([]string{"GORACE=atexit_sleep_ms=0"}, extra...)
	}
	if c.dir != "" {
		if abs, err := filepath.Abs(c.dir); err == nil {
			extra = append([]string{"PWD=" + abs}, extra...)
		}
	}
	for _, kv := range extra {
		key, _, _ := strings.Cut(kv, "=")
		env = removeKey(env, key+"=")
		env = append(env, kv)
	}
	return env
}

func removeKey(env []string, prefix string) []string {
	kept := env[:0]
	for _, kv := range env {
		if !strings.HasPrefix(kv, prefix) {
			kept = append(kept, kv)
		}
	}
	return kept
}

// await sends the worker its task and waits until the function is about to be called.
func (p *process) await(ctx context.Context, e *entry, c *config, argument []byte, refs []arena.Ref) error {
	if c.startTimeout > 0 {
		p.ctl.SetDeadline(time.Now().Add(c.startTimeout))
	}
	p.unwatch = func() bool { return true }
	if ctx.Done() != nil {
		p.unwatch = context.AfterFunc(ctx, func() { p.contextEnded(ctx) })
	}
	hello := false
	fail := func(err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if !hello {
			return fmt.Errorf("%w: it did not reach multiproc.Main within %v; call Main first thing in main, and see what the initialisation of packages does, or raise WithStartTimeout", ErrStartTimeout, c.startTimeout)
		}
		return fmt.Errorf("%w: it reached multiproc.Main, but did not get to its function within %v; is the machine overloaded? Otherwise raise WithStartTimeout", ErrStartTimeout, c.startTimeout)
	}
	if len(c.limits) > 0 {
		// The Go runtime changes RLIMIT_NOFILE itself at a program's start: wait until that is over.
		if f, err := control.Read(p.ctl); err != nil {
			return fail(err)
		} else if f.Type != control.TypeHello {
			return fmt.Errorf("%w: %v instead of hello", control.ErrFrame, f.Type)
		}
		hello = true
		for _, l := range c.limits {
			if err := p.child.SetLimit(l.resource, l.soft, l.hard); err != nil {
				return fmt.Errorf("set limit %d of the worker to %d and %d (WithRlimit): %w", l.resource, l.soft, l.hard, err)
			}
		}
	}
	writeErr := control.Write(p.ctl, control.TypeStart, p.task(ctx, e, c, refs), argument)
	if writeErr != nil && errors.Is(writeErr, control.ErrTooLarge) {
		return writeErr // too large: nothing was sent
	}
	killpoint.Here("start.told")
	for {
		f, err := control.Read(p.ctl)
		if err != nil {
			if writeErr != nil {
				err = writeErr
			}
			return fail(err)
		}
		switch f.Type {
		case control.TypeHello:
			hello = true
		case control.TypeRunning:
			return p.run(ctx)
		case control.TypeRefused:
			var r control.Refused
			if err := f.Decode(&r); err != nil {
				return err
			}
			return p.refusal(r, e)
		default:
			return fmt.Errorf("%w: %v before running", control.ErrFrame, f.Type)
		}
	}
}

// task is what the worker has to know.
func (p *process) task(ctx context.Context, e *entry, c *config, refs []arena.Ref) control.Start {
	s := control.Start{
		Func: e.name, In: e.in, Out: e.out, Name: p.name, Daemon: p.daemon, Crash: firstFileFD + len(c.files), Pipes: len(p.outputs) > 0,
		Parent: uint32(p.fam.Self()), ParentName: CurrentName(), ParentPID: os.Getpid(), Refs: refs,
	}
	if d, ok := ctx.Deadline(); ok {
		s.Deadline = time.Now().Add(time.Until(d)).UnixNano() // by the wall clock of now, should it have been set meanwhile
	}
	for _, f := range c.files {
		s.Files = append(s.Files, f.Name())
	}
	for _, l := range c.limits {
		s.NoFile = s.NoFile || l.resource == noFile
	}
	return s
}

// run is the step from a worker that starts to one that runs.
func (p *process) run(ctx context.Context) error {
	if !children.add(p) {
		return errors.New("this worker is about to end, and stops its own workers")
	}
	p.mu.Lock()
	p.phase = running
	p.ctl.SetDeadline(time.Time{})
	p.mu.Unlock()
	go p.supervise()
	if ctx.Err() != nil { // it ended while contextEnded took the worker for starting
		go p.contextEnded(ctx)
	}
	return nil
}

// refusal is the error for a worker that can't run its function.
func (p *process) refusal(r control.Refused, e *entry) error {
	remote := importError(r.Error, p.name, p.pid)
	switch r.Reason {
	case control.RefusedUnknown:
		return fmt.Errorf("%w: %q is registered at %s; %s", ErrUnknownFunc, e.name, e.where, remote.Message)
	case control.RefusedTypes:
		return fmt.Errorf("%w: %q, registered at %s: %s", ErrTypes, e.name, e.where, remote.Message)
	case control.RefusedArgument:
		return fmt.Errorf("the argument of function %q did not arrive: %w", e.name, remote)
	}
	return remote
}
