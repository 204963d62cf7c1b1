package manager_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// A Go program uses the objects of a server. The other programs that do may be Python, and so may the server.
func ExampleDial() {
	address, stop := serveSomewhere()
	defer stop()
	ctx := context.Background()

	client, err := manager.Dial(ctx, "", address, connection.Config{Key: []byte("32 random bytes, better than this")})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close() // gives back what it has references to
	queue, err := client.Create(ctx, "Queue")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := queue.Call(ctx, "put", []int{1, 2, 3}); err != nil {
		log.Fatal(err)
	}
	numbers, err := manager.As[[]int](queue.Call(ctx, "get"))
	fmt.Println(numbers, err)

	_, err = queue.Call(ctx, "get_nowait")
	fmt.Println(py.IsException(err, "queue.Empty"))

	_, err = client.Create(ctx, "Quee")
	var remote *manager.RemoteError
	fmt.Println(errors.As(err, &remote), remote)
	// Output:
	// [1 2 3] <nil>
	// true
	// true KeyError: 'Quee'
}

// serveSomewhere serves a socket in a new directory.
func serveSomewhere() (address string, stop func()) {
	s, err := manager.NewServer(manager.Config{})
	if err != nil {
		log.Fatal(err)
	}
	l, err := connection.Listen("unix", "", connection.Config{Key: []byte("32 random bytes, better than this")})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(context.Background(), l) }()
	return l.Addr().String(), func() {
		_ = s.Close()
		<-done
	}
}
