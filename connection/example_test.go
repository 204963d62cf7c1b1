package connection_test

import (
	"context"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc/connection"
)

// Two Go programs, here in one. Either could be Python: its Client and Listener do the same.
func Example() {
	ctx := context.Background()
	config := connection.Config{Key: []byte("a secret of both ends")}
	l, err := connection.Listen("", "127.0.0.1:0", config)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	go func() {
		c, err := connection.Dial(ctx, "", l.Addr().String(), config)
		if err != nil {
			log.Fatal(err)
		}
		defer c.Close()
		if err := c.Send(ctx, map[string]int{"apples": 3, "pears": 4}); err != nil {
			log.Fatal(err)
		}
	}()

	c, err := l.Accept(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	var basket map[string]int
	if err := c.RecvInto(ctx, &basket); err != nil {
		log.Fatal(err)
	}
	fmt.Println(basket)
	// Output: map[apples:3 pears:4]
}

// Messages of plain bytes need no pickle.
func ExampleConn_SendBytes() {
	ctx := context.Background()
	l, err := connection.Listen("", "", connection.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	here, err := connection.Dial(ctx, "", l.Addr().String(), connection.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer here.Close()
	there, err := l.Accept(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer there.Close()

	if err := here.SendBytes(ctx, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 100)
	n, err := there.RecvBytesInto(ctx, buf)
	fmt.Printf("%s %v\n", buf[:n], err)
	// Output: hello <nil>
}
