package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// A Helper is another program that measures rounds of one row: one process
// for all of them, so that its start-up is never counted.
//
// The conversation is one JSON object a line. When the program is ready it
// writes {"ready": true}; then every line it reads on stdin is a request, and
// it answers each with one line: {"ns": 53.1} (the cost of one operation),
// with "waits": [...] where the row is about single latencies, or with
// {"error": "..."}. It ends when its stdin does.
//
// A Helper is used by one goroutine at a time. If the program dies, the next
// Ask returns an error that carries the last lines of its stderr.
type Helper struct {
	label  string
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan line // closed when the program's stdout ends
	stderr *tail
	waited chan struct{} // closed when the program is gone
	err    error         // what Wait returned; read after waited
}

type line struct {
	text []byte
}

type helperReply struct {
	Ready bool      `json:"ready"`
	NS    float64   `json:"ns"`
	Waits []float64 `json:"waits"`
	Error string    `json:"error"`
}

// helperGrace is how long a helper may take to end by itself once its stdin
// has: a Python joins its children first.
const helperGrace = time.Minute

// helperPatience bounds one answer. A round takes well under a second, so
// this is reached only by a helper that hangs.
const helperPatience = 2 * time.Minute

// StartHelper starts the program and returns when it is ready.
func StartHelper(ctx context.Context, label string, cmd *exec.Cmd) (*Helper, error) {
	h := &Helper{
		label: label, cmd: cmd, stderr: &tail{},
		lines: make(chan line), waited: make(chan struct{}),
	}
	cmd.Stderr = h.stderr
	// A child of the helper that holds its stderr must not keep us waiting.
	cmd.WaitDelay = time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", label, err)
	}
	h.in = in
	go h.read(out)

	reply, err := h.receive(ctx)
	if err == nil && !reply.Ready {
		err = errors.New("its first line doesn't say that it is ready")
	}
	if err != nil {
		h.kill()
		return nil, h.explain("starting", err)
	}
	return h, nil
}

// read is the only goroutine that touches stdout, and it reaps the program:
// Wait closes the pipe, so it comes after the last line.
func (h *Helper) read(out io.Reader) {
	r := bufio.NewReader(out)
	for {
		text, err := r.ReadBytes('\n')
		if len(text) > 0 {
			h.lines <- line{text: text}
		}
		if err != nil {
			break
		}
	}
	h.err = h.cmd.Wait()
	close(h.waited)
	close(h.lines)
}

// Ask sends one request, any value that JSON can carry, and returns what the
// program measured for it. When ctx ends first the program is killed.
func (h *Helper) Ask(ctx context.Context, request any) (Sample, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return Sample{}, err
	}
	if _, err := h.in.Write(append(text, '\n')); err != nil {
		h.kill()
		return Sample{}, h.explain("asking", err)
	}
	reply, err := h.receive(ctx)
	if err != nil {
		h.kill()
		return Sample{}, h.explain("waiting for", err)
	}
	return Sample{PerOp: reply.NS, Waits: reply.Waits}, nil
}

// Round returns a Case.Round that asks for request.
func (h *Helper) Round(request any) func(context.Context) (Sample, error) {
	return func(ctx context.Context) (Sample, error) { return h.Ask(ctx, request) }
}

func (h *Helper) receive(ctx context.Context) (helperReply, error) {
	timeout := time.NewTimer(helperPatience)
	defer timeout.Stop()
	select {
	case l, ok := <-h.lines:
		if !ok {
			return helperReply{}, errors.New("it ended")
		}
		var reply helperReply
		if err := json.Unmarshal(l.text, &reply); err != nil {
			return helperReply{}, fmt.Errorf("it wrote %q, which is not an answer", bytes.TrimSpace(l.text))
		}
		if reply.Error != "" {
			return helperReply{}, errors.New(reply.Error)
		}
		return reply, nil
	case <-ctx.Done():
		return helperReply{}, context.Cause(ctx)
	case <-timeout.C:
		return helperReply{}, fmt.Errorf("no answer within %v", helperPatience)
	}
}

// Close ends the program's input, waits for it to end and kills it if it
// doesn't. Closing twice is harmless.
func (h *Helper) Close() error {
	h.in.Close()
	if h.drained(helperGrace) {
		return nil
	}
	h.kill()
	return fmt.Errorf("%s didn't end within %v of its input's end; killed", h.label, helperGrace)
}

// drained throws the lines away that no one will read until the program has
// been reaped, and reports whether that happened within d.
func (h *Helper) drained(d time.Duration) bool {
	timeout := time.NewTimer(d)
	defer timeout.Stop()
	for {
		select {
		case _, ok := <-h.lines:
			if !ok {
				return true
			}
		case <-timeout.C:
			return false
		}
	}
}

func (h *Helper) kill() {
	_ = h.cmd.Process.Kill()
	h.in.Close()
	h.drained(helperGrace)
}

func (h *Helper) explain(doing string, err error) error {
	select {
	case <-h.waited:
		if text := h.stderr.String(); text != "" {
			return fmt.Errorf("%s %s: %w; its last words: %s", doing, h.label, err, text)
		}
		if h.err != nil {
			return fmt.Errorf("%s %s: %w (%v)", doing, h.label, err, h.err)
		}
	default:
	}
	return fmt.Errorf("%s %s: %w", doing, h.label, err)
}

// tail keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if len(t.buf) > tailSize {
		t.buf = append(t.buf[:0], t.buf[len(t.buf)-tailSize:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.buf))
}
