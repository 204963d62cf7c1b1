package pythons

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

//go:embed bootstrap.py
var bootstrap string

// Module is a piece of Python that a child can import by its name. Classes in it can be pickled.
type Module struct {
	Name, Source string
}

// Error is an exception in a child. The child goes on.
type Error struct {
	Python    Python
	Traceback string
}

func (e *Error) Error() string { return e.Python.String() + ": " + e.Traceback }

// Child is an interpreter that answers requests. Its methods may be called by several goroutines; requests wait for one another.
type Child struct {
	Python Python

	cancel context.CancelFunc
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *tail

	mu     sync.Mutex
	broken error
	once   sync.Once
}

// Start starts a child that has the modules; the last one has a function handle(request) from bytes to bytes. Each may import those before it. Close ends the child.
func (p Python) Start(modules ...Module) (*Child, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &Child{Python: p, cancel: cancel, cmd: p.Command(ctx, "-c", bootstrap, strconv.Itoa(len(modules))), stderr: &tail{}}
	c.cmd.Stderr = c.stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	c.in, c.out = in, bufio.NewReaderSize(out, 64<<10)
	if err := c.begin(modules); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *Child) begin(modules []Module) error {
	var sources []byte
	for _, m := range modules {
		sources = appendFrame(sources, []byte(m.Name))
		sources = appendFrame(sources, []byte(m.Source))
	}
	_, err := c.exchange(sources)
	return err
}

// Serve is Start for a test. The child is closed when the test ends.
func (p Python) Serve(t testing.TB, modules ...Module) *Child {
	t.Helper()
	c, err := p.Start(modules...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Call sends a request and returns the reply. An exception in handle is an *Error; after any other error the child is of no more use. Both may have up to 4 GiB.
func (c *Child) Call(request []byte) ([]byte, error) {
	if uint64(len(request)) > math.MaxUint32 {
		return nil, errors.New("pythons: the request is too long")
	}
	return c.exchange(appendFrame(make([]byte, 0, 4+len(request)), request))
}

// exchange writes frames and reads one. The watchdog kills a child that does not answer, which ends the reading.
func (c *Child) exchange(frames []byte) (reply []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	hung := time.AfterFunc(watchdog, c.cancel)
	defer func() {
		if !hung.Stop() {
			err = fmt.Errorf("it did not answer within %v", watchdog)
		}
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			c.cancel()
			_ = c.cmd.Wait() // for all of its standard error
			err = fmt.Errorf("%v: %w (%v)\n%s", c.Python, err, c.cmd.ProcessState, c.stderr.text())
			c.broken = err
		}
	}()
	// A script may write while it reads: it must not wait for this side to end its writing.
	wrote := make(chan error, 1)
	go func() {
		_, err := c.in.Write(frames)
		wrote <- err
	}()
	var head [5]byte
	if _, err = io.ReadFull(c.out, head[:]); err == nil {
		reply = make([]byte, binary.BigEndian.Uint32(head[:])-1)
		_, err = io.ReadFull(c.out, reply)
	}
	if err != nil {
		c.cancel()
		<-wrote
		return nil, err
	}
	if err := <-wrote; err != nil {
		return nil, err
	}
	if head[4] != 0 {
		return nil, &Error{c.Python, string(reply)}
	}
	return reply, nil
}

// Close ends the child.
func (c *Child) Close() {
	c.once.Do(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.in.Close()
		c.cancel()
		if c.broken == nil {
			_ = c.cmd.Wait()
			c.broken = errors.New("pythons: the child is closed")
		}
	})
}

func appendFrame(dst, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(data))), data...)
}

// tail keeps the last that was written.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 16 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - most; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

func (t *tail) text() []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	return bytes.Clone(t.buf)
}
