package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/py"
)

func connectionRows(w workload) []bench.Row {
	withPython := func(name, title, op string, targets []bench.Target, network string, serve service, work string, ours, theirs int) bench.Row {
		return bench.Row{
			Name: name, Title: title, Op: op, Targets: targets,
			Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) {
				ask := map[string]any{"work": work, "size": w.block}
				return setUpPythonClient(ctx, env, network, serve, ask, ours, theirs)
			},
		}
	}
	const mib = 1 << 20
	return []bench.Row{
		withPython("connection-new", "a Python connects over TCP, authenticates, asks once and leaves", "connection",
			[]bench.Target{bench.AtLeast(20, python)}, "tcp", answerOne, "connect", w.connects, w.pythonConnects),
		{
			Name: "connection-64m", Title: fmt.Sprintf("%d MiB of bytes through a unix connection, one process to another", w.block/mib), Op: "message",
			Targets: []bench.Target{bench.Rate(1.5, w.block), bench.Compare(socket)},
			Setup:   func(ctx context.Context, _ *bench.Env) (*bench.Work, error) { return setUpLargeMessages(ctx, w) },
		},
		withPython("connection-64m-python", "the same from a Python and back to it", "round trip",
			[]bench.Target{bench.AtLeast(1.2, python)}, "unix", giveBack, "both", w.pythonBlocks, w.pythonBlocks),
		withPython("connection-64m-to-python", "the same to a Python alone", "message",
			[]bench.Target{bench.Compare(python)}, "unix", giveBack, "back", w.pythonBlocks, w.pythonBlocks),
	}
}

// benchKey is the authkey in bench_connection.py.
var benchKey = connection.Config{Key: []byte("bench")}

// setUpPythonClient lets the client of a script talk to a listener of this process, and to one of the script's own.
func setUpPythonClient(ctx context.Context, env *bench.Env, network string, serve service, ask map[string]any, n, pythonN int) (*bench.Work, error) {
	if len(env.Pythons) == 0 {
		return nil, fmt.Errorf("%w: the client is a Python in any case, and there is none", bench.ErrSkip)
	}
	s, err := startServer(network, serve)
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "connection")
	if err != nil {
		s.close()
		return nil, err
	}
	with := func(n int, address any) map[string]any {
		return map[string]any{"work": ask["work"], "size": ask["size"], "n": n, "address": address}
	}
	cases := []bench.Case{{Key: ours, Label: ours, Round: scripts[0].Round(with(n, s.address()))}}
	return &bench.Work{
		Cases: append(cases, env.PythonCases(scripts, python, "Listener", with(pythonN, nil))...),
		Notes: []string{"the client is " + env.Pythons[0].Label() + "'s and knows nothing of the other side; it is the same for both"},
		Close: closeAll(scripts.Close, s.close), // the clients first, which the server waits for
	}, nil
}

// A service is what a server does on one connection, until it returns.
type service func(ctx context.Context, c *connection.Conn) error

// A server serves the clients of a listener.
type server struct {
	l      *connection.Listener
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	err    error // the first of a connection
}

func startServer(network string, serve service) (*server, error) {
	l, err := connection.Listen(network, "", benchKey)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{l: l, cancel: cancel}
	s.wg.Go(func() {
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				return // closed
			}
			s.wg.Go(func() {
				err := serve(ctx, c)
				_ = c.Close()
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.err == nil && err != nil && !errors.Is(err, io.EOF) {
					s.err = err
				}
			})
		}
	})
	return s, nil
}

// address is where the server is, in the form that bench_connection.py takes.
func (s *server) address() any {
	if a, ok := s.l.Addr().(*net.TCPAddr); ok {
		return []any{a.IP.String(), a.Port}
	}
	return s.l.Addr().String()
}

func (s *server) close() error {
	err := s.l.Close()
	s.cancel()
	s.wg.Wait()
	return errors.Join(s.err, err)
}

// answerOne answers one request, as a manager answers a client that has come for one.
func answerOne(ctx context.Context, c *connection.Conn) error {
	got, err := c.Recv(ctx)
	if err != nil {
		return err
	}
	if err := pickledRequest().equals(got); err != nil {
		return fmt.Errorf("the request is %v: %w", got, err)
	}
	return c.Send(ctx, py.Tuple{"#RETURN", nil})
}

// giveBack sends what it receives, or again what it has sent last, for an empty message.
func giveBack(ctx context.Context, c *connection.Conn) error {
	var block []byte
	for {
		n, err := c.RecvBytesInto(ctx, block)
		if long, ok := errors.AsType[*connection.BufferTooShortError](err); ok {
			block, err = long.Message, nil
		} else if n > 0 {
			block = block[:n]
		}
		if err != nil {
			return err
		}
		if err := c.SendBytes(ctx, block); err != nil {
			return err
		}
	}
}
