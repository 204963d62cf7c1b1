package multiproc

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"sync"

	"github.com/multiproc-go/multiproc/internal/spawn"
)

// An output carries what a worker writes from a pipe to a writer.
type output struct {
	stream *spawn.Stream
	to     io.Writer
	tail   *tail // nil: nobody wants the last lines
	// outlives: programs that the worker has started may hold the pipe open after its death, and go on
	// writing to the parent's standard error, as they would without the pipe.
	outlives bool
	done     chan struct{} // all that the worker itself wrote was carried
}

// newOutput makes the pipe; child is the descriptor to give to the worker and to close afterwards.
func newOutput(to io.Writer, keepTail, outlives bool) (o *output, child int, err error) {
	f, child, err := spawn.Pipe()
	if err != nil {
		return nil, -1, err
	}
	stream, err := spawn.NewStream(f)
	if err != nil {
		f.Close()
		spawn.Close(child)
		return nil, -1, err
	}
	o = &output{stream: stream, to: to, outlives: outlives, done: make(chan struct{})}
	if keepTail {
		o.tail = new(tail)
	}
	return o, child, nil
}

// carry runs until the worker is dead and its output written, or longer for one that outlives it. It reads on when the
// writer fails: a worker must not die of SIGPIPE because its parent's log is full.
func (o *output) carry() {
	defer o.stream.Close()
	isDone := false
	finish := func() {
		if !isDone {
			isDone = true
			close(o.done)
		}
	}
	defer finish()
	buf := make([]byte, 8<<10)
	for broken := false; ; {
		n, err := o.stream.Read(buf)
		if n > 0 {
			if o.tail != nil && !isDone {
				o.tail.add(buf[:n])
			}
			if !broken {
				_, werr := o.to.Write(buf[:n])
				broken = werr != nil
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, spawn.ErrDrained) && o.outlives:
			finish()
			o.stream.Resume()
		default:
			return
		}
	}
}

// tail keeps the end of what was written.
type tail struct {
	buf       []byte
	cut       bool
	fatal     string // the first line that begins with "fatal error: "
	fatalDone bool
}

const (
	tailBytes = 8 << 10
	tailLines = 20
)

func (t *tail) add(p []byte) {
	if !t.fatalDone {
		t.noteFatal(p)
	}
	if len(t.buf)+len(p) > 4*tailBytes {
		t.cut = true
		keep := max(0, min(len(t.buf), tailBytes-len(p)))
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-keep:]...)
		p = p[max(0, len(p)-tailBytes):]
	}
	t.buf = append(t.buf, p...)
}

// noteFatal keeps the line in which the Go runtime says why it gives up: the stacks that follow it are longer than what is kept. The runtime writes a line
// in pieces.
func (t *tail) noteFatal(p []byte) {
	if t.fatal == "" {
		i := bytes.Index(p, []byte("fatal error: "))
		if i < 0 || i > 0 && p[i-1] != '\n' {
			return
		}
		p = p[i:]
	}
	line, _, whole := bytes.Cut(p, []byte("\n"))
	t.fatal += string(line)
	t.fatalDone = whole || len(t.fatal) > tailBytes
}

// lines returns the last lines, whole ones where there is a choice.
func (t *tail) lines() string {
	if t == nil {
		return ""
	}
	return lastLines(t.buf, t.cut)
}

func lastLines(b []byte, cut bool) string {
	if len(b) > tailBytes {
		b, cut = b[len(b)-tailBytes:], true
	}
	b = bytes.TrimRight(b, "\n")
	start := len(b)
	for range tailLines {
		i := bytes.LastIndexByte(b[:start], '\n')
		if i < 0 {
			if !cut || start == len(b) {
				start = -1
			}
			break
		}
		start = i
	}
	return string(b[start+1:])
}

// turns lets several goroutines write to one writer.
type turns struct {
	mu sync.Mutex
	w  io.Writer
}

func (t *turns) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}

// plumb decides where the worker's standard output and error go. It returns the descriptors for the worker, and those of them
// that the parent closes after the start; p.outputs gets what the parent has to carry.
func (p *process) plumb(c *config) (stdout, stderr uintptr, toClose []int, err error) {
	out, errTo := c.stdout, c.stderr
	if out == nil {
		out = os.Stdout
	}
	fromParent := errTo == nil
	if fromParent {
		errTo = os.Stderr
	}
	if isFile(out) {
		stdout = out.(*os.File).Fd()
	} else {
		if sameWriter(out, errTo) {
			both := &turns{w: out}
			out, errTo = both, both
		}
		o, fd, err := newOutput(out, false, false)
		if err != nil {
			return 0, 0, nil, err
		}
		stdout = uintptr(fd)
		p.outputs = append(p.outputs, o)
		toClose = append(toClose, fd)
	}
	if !p.daemon && isFile(errTo) {
		return stdout, errTo.(*os.File).Fd(), toClose, nil
	}
	o, fd, err := newOutput(errTo, true, fromParent)
	if err != nil {
		return 0, 0, toClose, err
	}
	p.outputs = append(p.outputs, o)
	p.stderr = o.tail
	return stdout, uintptr(fd), append(toClose, fd), nil
}

// isFile reports whether w can be given to another process.
func isFile(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && f != nil
}

func sameWriter(a, b io.Writer) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}
