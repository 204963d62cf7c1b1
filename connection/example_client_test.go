package connection_test

import (
	"context"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
)

// pythonClient asks for the products of some numbers with another one.
const pythonClient = `
import sys
from multiprocessing.connection import Client
c = Client(sys.argv[1], authkey=b'a secret of both ends')
c.send({'numbers': [1, 2, 3.5], 'factor': 10})
print(c.recv())
c.close()
`

// multiply answers one client.
func multiply(ctx context.Context, l *connection.Listener) error {
	c, err := l.Accept(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var question struct {
		Numbers []float64 `pickle:"numbers"`
		Factor  float64   `pickle:"factor"`
	}
	if err := c.RecvInto(ctx, &question); err != nil {
		return err
	}
	var products []float64
	for _, n := range question.Numbers {
		products = append(products, n*question.Factor)
	}
	return c.Send(ctx, products)
}

// A Go program that Python's Client connects to. Protocol 2 is for clients that may be Python 2.7.
func Example_pythonClient() {
	config := connection.Config{Key: []byte("a secret of both ends"), Pickle: pickle.Config{Protocol: 2}}
	l, err := connection.Listen("unix", "", config)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	go func() {
		if err := multiply(context.Background(), l); err != nil {
			log.Fatal(err)
		}
	}()
	fmt.Print(runPython(pythonClient, l.Addr().String()))
	// Output: [10.0, 20.0, 35.0]
}
