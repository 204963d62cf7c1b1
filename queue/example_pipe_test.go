package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/queue"
)

// square answers each number with its square, until the other end is closed.
var square = multiproc.Register("example.square", func(ctx context.Context, c *queue.Conn[int]) (struct{}, error) {
	for {
		n, err := c.Recv(ctx)
		if err == io.EOF {
			return struct{}{}, nil
		}
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Send(ctx, n*n); err != nil {
			return struct{}{}, err
		}
	}
})

func ExampleNewPipe() {
	ctx := context.Background()
	here, there, err := queue.NewPipe[int]()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := square.Start(ctx, there)
	if err != nil {
		fmt.Println(err)
		return
	}
	there.Close() // the worker has a handle of its own

	for n := range 4 {
		if err := here.Send(ctx, n); err != nil {
			fmt.Println(err) // ErrNoPeer: it has died
		}
		v, err := here.Recv(ctx)
		fmt.Println(v, err)
	}
	here.Close()
	_, err = p.Wait(ctx)
	fmt.Println("ended:", err)
	// Output:
	// 0 <nil>
	// 1 <nil>
	// 4 <nil>
	// 9 <nil>
	// ended: <nil>
}

func ExampleNewOneWay() {
	r, w, err := queue.NewOneWay[string]()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_ = w.Send(ctx, "a")
	_ = w.Send(ctx, "b")
	w.Close()
	for {
		s, err := r.Recv(ctx)
		if err == io.EOF {
			break
		}
		fmt.Println(s)
	}
	r.Close()
	// Output:
	// a
	// b
}

func ExampleConn_RecvBytes() {
	a, b, err := queue.NewPipe[int]()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer a.Close()
	defer b.Close()
	ctx := context.Background()
	_ = a.SendBytes(ctx, []byte("as they are"))

	buf := make([]byte, 4)
	_, err = b.RecvBytes(ctx, buf)
	if short := (*queue.ShortBufferError)(nil); errors.As(err, &short) {
		buf = make([]byte, short.Need) // the message is still there
	}
	n, _ := b.RecvBytes(ctx, buf)
	fmt.Printf("%s\n", buf[:n])
	// Output: as they are
}

func ExampleWait() {
	ctx := context.Background()
	news, err := queue.New[string](10)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer news.Detach()
	here, there, err := queue.NewPipe[int]()
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := square.Start(ctx, there)
	if err != nil {
		fmt.Println(err)
		return
	}
	there.Close()
	_ = here.Send(ctx, 12)

	ready, err := queue.Wait(ctx, news, here, p) // an item, an answer, or the worker's end: whichever comes first
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, i := range ready {
		switch i {
		case 0:
			fmt.Println(news.TryGet())
		case 1:
			fmt.Println(here.Recv(ctx))
		case 2:
			fmt.Println("the worker has ended")
		}
	}
	here.Close()
	_, _ = p.Wait(ctx)
	// Output: 144 <nil>
}
