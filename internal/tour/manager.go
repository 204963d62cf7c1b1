package tour

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

// managed is a type of the program's own in a manager.
type managed struct {
	make   any // the callable for Maths
	ask    *multiproc.Func[place, sums]
	python func() (python3, error)
}

func newManaged() managed {
	return managed{func() *maths { return &maths{} }, askMaths, findPython}
}

func (m managed) program() Program {
	return Program{"manager", "an object in a server, used by Go and by Python", m.run}
}

// maths is what clients know as Maths.
type maths struct{}

func (*maths) Add(a, b int) int { return a + b }
func (*maths) Mul(a, b int) int { return a * b }

// place is where a server is, and the key that it wants.
type place struct {
	Address string
	Key     []byte
}

// serve serves a socket in a directory of its own until stop is called.
func serve(ctx context.Context, register func(*manager.Server) error) (s *manager.Server, at place, stop func() error, err error) {
	at.Key = make([]byte, 32)
	_, _ = rand.Read(at.Key) // it never fails
	// That a server begins and ends is no news here.
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if s, err = manager.NewServer(manager.Config{Logger: log}); err != nil {
		return nil, at, nil, err
	}
	if err := register(s); err != nil {
		return nil, at, nil, err
	}
	l, err := connection.Listen("unix", "", connection.Config{Key: at.Key, Logger: log})
	if err != nil {
		return nil, at, nil, err
	}
	at.Address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	return s, at, func() error {
		err := s.Close()
		if e := <-served; !errors.Is(e, manager.ErrServerClosed) && ctx.Err() == nil {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}

// sums are what a client was told, and which process it is.
type sums struct{ Add, Mul, PID int }

func (x sums) right() bool { return x.Add == 3 && x.Mul == 2 }

func (x sums) String() string {
	return fmt.Sprintf("process %d: add(1, 2) = %d, mul(1, 2) = %d", x.PID, x.Add, x.Mul)
}

// askMaths is a client in Go.
var askMaths = multiproc.Register("tour.manager.ask", func(ctx context.Context, at place) (x sums, err error) {
	x.PID = os.Getpid()
	c, err := manager.Dial(ctx, "unix", at.Address, connection.Config{Key: at.Key})
	if err != nil {
		return x, err
	}
	defer func() { closeAll(&err, c) }()
	p, err := c.Create(ctx, "Maths")
	if err != nil {
		return x, err
	}
	if x.Add, err = manager.As[int](p.Call(ctx, "add", 1, 2)); err != nil {
		return x, err
	}
	x.Mul, err = manager.As[int](p.Call(ctx, "mul", 1, 2))
	return x, err
})

//go:embed py/maths.py
var mathsScript string

// askInPython is a client in Python.
func (p python3) askInPython(ctx context.Context, at place) (x sums, err error) {
	script := p.run(ctx, mathsScript, at.Address)
	script.Stdin = strings.NewReader(hex.EncodeToString(at.Key) + "\n")
	out, err := script.output()
	if err != nil {
		return x, err
	}
	_, err = fmt.Sscan(string(out), &x.PID, &x.Add, &x.Mul)
	return x, err
}

func (m managed) run(ctx context.Context, s *stage) (err error) {
	s.Say("The parent is a server with a type Maths, written in Go. Clients in other processes make an object of it there, and call its methods.")
	_, at, stop, err := serve(ctx, func(s *manager.Server) error { return s.Register("Maths", m.make) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	x, err := call(ctx, m.ask, at)
	if err != nil {
		return err
	}
	s.Show("Go, %v", x)
	s.Check(x.right(), "the Go client has 3 and 2")

	p, err := m.python()
	if err != nil {
		s.Say("A client in Python is left out: %v.", err)
		return nil
	}
	s.Say("The same in Python, with nothing but its standard library.")
	if x, err = p.askInPython(ctx, at); err != nil {
		return err
	}
	s.Show("%v, %v", p, x)
	s.Check(x.right(), "the Python client has 3 and 2")
	return nil
}
