package testproc

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/family"
)

// Watchdog is how long anything in a test may take before it counts as hanging.
const Watchdog = 60 * time.Second

// lateEnv keeps a child from joining its family before a request makes it.
const lateEnv = "MULTIPROC_TESTPROC_LATE"

// ErrGone is a call's error when the child has ended.
var ErrGone = errors.New("testproc: the child is gone")

// Proc is a child process and its place in the family.
type Proc struct {
	ID family.Ident

	t    testing.TB
	f    *family.Family
	cmd  *exec.Cmd
	in   io.WriteCloser
	done chan struct{} // closed when it has ended and is reaped

	mu      sync.Mutex
	next    int
	pending map[int]chan reply
	gone    bool
	buried  bool
}

// Option changes how a child is started.
type Option func(*exec.Cmd)

// Env adds to the child's environment.
func Env(kv ...string) Option { return func(c *exec.Cmd) { c.Env = append(c.Env, kv...) } }

// Late makes a child that does not join the family on its own.
func Late() Option { return Env(lateEnv + "=1") }

// Start executes the test binary again as a participant of this process's family. The child is killed and buried when the test ends.
func Start(t testing.TB, opts ...Option) *Proc {
	t.Helper()
	f, err := family.Home()
	if err != nil {
		t.Fatal(err)
	}
	return StartIn(t, f, opts...)
}

// StartIn is Start for a family of the test's own.
func StartIn(t testing.TB, f *family.Family, opts ...Option) *Proc {
	t.Helper()
	id, err := f.Reserve("child")
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	cmd := exec.Command("/proc/self/exe", "-test.run=^$")
	cmd.Env = append(os.Environ(), roleEnv+"=1", f.Environ(id, 3, 4))
	cmd.ExtraFiles = []*os.File{null, f.File()}
	cmd.Stderr = os.Stderr
	for _, opt := range opts {
		opt(cmd)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f.Started(id, cmd.Process.Pid)
	p := &Proc{ID: id, t: t, f: f, cmd: cmd, in: in, done: make(chan struct{}), pending: map[int]chan reply{}}
	arrived := make(chan reply, 1)
	p.pending[0] = arrived
	go p.listen(out)
	t.Cleanup(p.Bury)
	if _, err := p.wait(arrived); err != nil && !errors.Is(err, ErrGone) {
		t.Fatal(err)
	}
	return p
}

func (p *Proc) listen(out io.Reader) {
	dec := json.NewDecoder(out)
	for {
		var r reply
		if dec.Decode(&r) != nil {
			break
		}
		p.mu.Lock()
		if ch := p.pending[r.ID]; ch != nil {
			delete(p.pending, r.ID)
			ch <- r
		}
		p.mu.Unlock()
	}
	_ = p.cmd.Wait()
	p.mu.Lock()
	p.gone = true
	for id, ch := range p.pending {
		delete(p.pending, id)
		close(ch)
	}
	p.mu.Unlock()
	close(p.done)
}

func (p *Proc) wait(ch chan reply) (string, error) {
	select {
	case r, ok := <-ch:
		if !ok {
			return "", ErrGone
		}
		if r.Err != "" {
			return r.Out, errors.New(r.Err)
		}
		return r.Out, nil
	case <-time.After(Watchdog):
		return "", fmt.Errorf("testproc: child %d does not answer", p.PID())
	}
}

// Call is a request that is on its way.
type Call struct {
	p  *Proc
	op string
	ch chan reply
}

// Go sends a request without waiting for the reply.
func (p *Proc) Go(op string, args ...any) *Call {
	c := &Call{p, op, make(chan reply, 1)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		close(c.ch)
		return c
	}
	p.next++
	p.pending[p.next] = c.ch
	q := request{ID: p.next, Op: op}
	for _, a := range args {
		q.Args = append(q.Args, fmt.Sprint(a))
	}
	line, err := json.Marshal(q)
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = p.in.Write(append(line, '\n')) // a child that is gone closes the channel
	return c
}

// Wait waits for the reply; ErrGone when the child ends before.
func (c *Call) Wait() (string, error) { return c.p.wait(c.ch) }

// Must is Wait that fails the test.
func (c *Call) Must() string {
	c.p.t.Helper()
	out, err := c.Wait()
	if err != nil {
		c.p.t.Fatalf("%s in child %d: %v", c.op, c.p.PID(), err)
	}
	return out
}

// Call sends a request and waits for its reply.
func (p *Proc) Call(op string, args ...any) (string, error) { return p.Go(op, args...).Wait() }

// Must is Call that fails the test.
func (p *Proc) Must(op string, args ...any) string {
	p.t.Helper()
	return p.Go(op, args...).Must()
}

// Arm makes the child kill itself at the n-th pass of a kill point, by its "arm" operation. One that is at work may be there before it has answered.
func (p *Proc) Arm(point string, n int) {
	p.t.Helper()
	if _, err := p.Call("arm", point, n); err != nil && !errors.Is(err, ErrGone) {
		p.t.Fatalf("arm %s in child %d: %v", point, p.PID(), err)
	}
}

// PID is the child's process id.
func (p *Proc) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal.
func (p *Proc) Signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Errorf("signal %v: %v", sig, err)
	}
}

// Kill kills the child and returns when it is dead and reaped. The family is not told.
func (p *Proc) Kill() {
	_ = p.cmd.Process.Kill()
	p.Ended()
}

// Ended waits for the child's end.
func (p *Proc) Ended() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(Watchdog):
		p.t.Fatalf("child %d does not end", p.PID())
	}
}

// Signalled reports whether the child, which has ended, was killed by a signal.
func (p *Proc) Signalled() bool { return p.cmd.ProcessState.ExitCode() == -1 }

// Bury kills the child if need be and gives its slot back, as a parent does that has read all its messages.
func (p *Proc) Bury() {
	p.Kill()
	p.mu.Lock()
	done := p.buried
	p.buried = true
	p.mu.Unlock()
	if !done {
		p.f.Buried(p.ID)
	}
}

// Eventually waits until the condition holds, and fails the test when it never does.
func Eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	pause := time.Millisecond
	for end := time.Now().Add(Watchdog); ; {
		if cond() {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(pause)
		pause = min(2*pause, 50*time.Millisecond)
	}
}

// Finish fails the test when fn does not return.
func Finish(t testing.TB, what string, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(Watchdog):
		t.Fatalf("hangs: %s", what)
	}
}
