package connection_test

import (
	"bufio"
	"context"
	"io"
	"log"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

var secret = connection.Config{Key: []byte("a secret of both ends")}

// runPython runs a client in the newest Python, and returns what it prints. Where there is no Python, Go plays its part, so that the examples run everywhere.
func runPython(script, address string) string {
	p, ok := pythons.Newest()
	if !ok {
		c, err := connection.Dial(ctx, "", address, secret)
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		if err := c.Send(ctx, map[string]any{"numbers": []any{1, 2, 3.5}, "factor": 10}); err != nil {
			log.Fatal(err)
		}
		v, err := c.Recv(ctx)
		if err != nil {
			log.Fatal(err)
		}
		text, err := py.Repr(v)
		if err != nil {
			log.Fatal(err)
		}
		return text
	}
	out, err := p.Run(script, nil, address)
	if err != nil {
		log.Fatal(err)
	}
	return string(out)
}

// startListener runs a server in the newest Python, or plays its part, and returns when it listens. wait waits for its end.
func startListener(script, address string) (wait func()) {
	if p, ok := pythons.Newest(); ok {
		wait, err := startScript(p, script, address)
		if err != nil {
			log.Fatal(err)
		}
		return func() {
			if err := wait(); err != nil {
				log.Fatal(err)
			}
		}
	}
	l, err := connection.Listen("unix", address, secret)
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer l.Close()
		c, err := l.Accept(ctx)
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		var numbers [2]int
		if err := c.RecvInto(ctx, &numbers); err != nil {
			log.Fatal(err)
		}
		if err := c.Send(ctx, numbers[0]+numbers[1]); err != nil {
			log.Fatal(err)
		}
	}()
	return func() { <-done }
}

// startScript starts a script and returns when it has written a line.
func startScript(p pythons.Python, script, address string) (wait func() error, err error) {
	cmd := p.Command(context.Background(), "-c", script, address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil && err != io.EOF {
		return nil, err
	}
	return cmd.Wait, nil
}

// TestPythonExamples runs the two examples with each Python.
func TestPythonExamples(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			config := secret
			config.Pickle = pickle.Config{Protocol: 2}
			network := networks(p)
			kind := network[len(network)-1]
			if kind == "abstract" {
				kind = "unix"
			}
			if kind == "unix" {
				l := listen(t, "unix", "", config)
				done := make(chan error, 1)
				go func() { done <- multiply(ctx, l) }()
				out, err := p.Run(pythonClient, nil, l.Addr().String())
				if err != nil || string(out) != "[10.0, 20.0, 35.0]\n" {
					t.Errorf("%q, %v", out, err)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				address := t.TempDir() + "/s"
				wait, err := startScript(p, pythonServer, address)
				if err != nil {
					t.Fatal(err)
				}
				if sum, err := add(ctx, address, 2, 3); sum != 5 || err != nil {
					t.Error(sum, err)
				}
				if err := wait(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
