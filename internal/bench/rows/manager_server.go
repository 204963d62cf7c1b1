package rows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// managerCase is a server that a worker is, so that what it costs is its process's.
type managerCase struct {
	key, label string
	serve      *multiproc.Func[string, struct{}]
}

// managerProcess is a server that runs.
type managerProcess struct {
	address any // as bench_manager.py takes it
	pid     int
	end     func() error
}

// start starts the server and waits until it listens.
func (m managerCase) start(ctx context.Context, network string) (managerProcess, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return managerProcess{}, err
	}
	defer read.Close()
	p, err := m.serve.Start(ctx, network, multiproc.WithFiles(write))
	write.Close()
	if err != nil {
		return managerProcess{}, err
	}
	end := func() error {
		_ = p.Interrupt() // fails if it has ended already, of which Wait tells
		ctx, cancel := context.WithTimeout(context.Background(), serverGrace)
		defer cancel()
		_, err := p.Wait(ctx)
		return err
	}
	address, err := io.ReadAll(read)
	if err == nil && len(address) == 0 {
		err = errors.New("it has no address")
	}
	if err != nil {
		return managerProcess{}, errors.Join(err, end())
	}
	s := managerProcess{address: string(address), pid: p.PID(), end: end}
	if network == "tcp" {
		a, err := net.ResolveTCPAddr(network, string(address))
		if err != nil {
			return managerProcess{}, errors.Join(err, end())
		}
		s.address = []any{a.IP.String(), a.Port}
	}
	return s, nil
}

// listening makes serve the function of a worker: a server on a network, until the worker is interrupted.
func listening(serve func(ctx context.Context, l *connection.Listener) error) func(context.Context, string) (struct{}, error) {
	return func(ctx context.Context, network string) (struct{}, error) {
		l, err := connection.Listen(network, "", benchKey)
		if err != nil {
			return struct{}{}, err
		}
		defer l.Close()
		tell := multiproc.Files()[0]
		if _, err := fmt.Fprint(tell, l.Addr()); err != nil {
			return struct{}{}, err
		}
		if err := tell.Close(); err != nil {
			return struct{}{}, err
		}
		err = serve(ctx, l)
		if ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))) {
			err = nil
		}
		return struct{}{}, err
	}
}

var serveManager = multiproc.Register("bench.manager", listening(func(ctx context.Context, l *connection.Listener) error {
	s, err := manager.NewServer(manager.Config{})
	if err != nil {
		return err
	}
	err = s.Serve(ctx, l)
	return errors.Join(err, s.Close())
}))

// serveEcho is what Python's clients leave to be gained: it reads a message, and answers without having looked at it. Only what a connection begins with it has to understand.
var serveEcho = multiproc.Register("bench.manager.echo", listening(func(ctx context.Context, l *connection.Listener) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		c, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		wg.Go(func() {
			defer context.AfterFunc(ctx, func() { _ = c.Close() })()
			defer c.Close()
			echoRequests(c)
		})
	}
}))

// echoIdent is what all objects of the echo are known by.
const echoIdent = "7f44dcd29b40"

// echoRequests answers until the client goes.
func echoRequests(c *connection.Conn) {
	ctx := context.Background()
	nothing, err := pickle.Marshal(py.Tuple{"#RETURN", nil})
	if err != nil {
		return
	}
	first, err := c.Recv(ctx)
	request, ok := first.(py.Tuple)
	if err != nil || !ok || len(request) != 4 {
		return
	}
	if request[1] == "create" {
		_ = c.Send(ctx, py.Tuple{"#RETURN", py.Tuple{echoIdent, py.Tuple{}}})
		return
	}
	if c.SendBytes(ctx, nothing) != nil || request[1] != "accept_connection" {
		return
	}
	message := make([]byte, 4<<10)
	for {
		if _, err := c.RecvBytesInto(ctx, message); err != nil {
			return
		}
		if c.SendBytes(ctx, nothing) != nil {
			return
		}
	}
}
