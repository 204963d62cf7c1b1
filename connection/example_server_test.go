package connection_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// pythonServer adds two numbers for its only client.
const pythonServer = `
import sys
from multiprocessing.connection import Listener
l = Listener(sys.argv[1], authkey=b'a secret of both ends')
sys.stdout.write('ready\n')
sys.stdout.flush()
c = l.accept()
a, b = c.recv()
c.send(a + b)
c.close()
l.close()
`

// add has a Python add two numbers.
func add(ctx context.Context, address string, a, b int) (sum int, err error) {
	config := connection.Config{Key: []byte("a secret of both ends"), Pickle: pickle.Config{Protocol: 2}}
	c, err := connection.Dial(ctx, "unix", address, config)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Send(ctx, py.Tuple{a, b}); err != nil {
		return 0, err
	}
	err = c.RecvInto(ctx, &sum)
	return sum, err
}

// A Go program that connects to Python's Listener.
func Example_pythonServer() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	address := filepath.Join(dir, "socket")
	wait := startListener(pythonServer, address)
	defer wait()
	fmt.Println(add(context.Background(), address, 2, 3))
	// Output: 5 <nil>
}
