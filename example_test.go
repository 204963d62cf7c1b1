//go:build linux

package multiproc_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/multiproc-go/multiproc"
)

// TestMain of this package calls multiproc.Main, so the examples can start workers.

var Cube = multiproc.Register("cube", func(ctx context.Context, x int) (int, error) {
	return x * x * x, nil
})

func Example() {
	ctx := context.Background()
	p, err := Cube.Start(ctx, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Wait(ctx))
	// Output: 27 <nil>
}

var Count = multiproc.Register("count-lines", func(ctx context.Context, name string) (int, error) {
	text, err := os.ReadFile(name)
	return strings.Count(string(text), "\n"), err
})

func ExampleFunc_Start_errors() {
	ctx := context.Background()
	p, err := Count.Start(ctx, "/no/such/file", multiproc.WithName("counter"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Wait(ctx)
	var remote *multiproc.RemoteError
	if errors.As(err, &remote) {
		fmt.Println(remote.Worker, remote.Type, errors.Is(err, fs.ErrNotExist))
	}
	// Output: counter *fs.PathError true
}

var Serve = multiproc.Register("serve", func(ctx context.Context, name string) (string, error) {
	<-ctx.Done()
	return name + " has tidied up", nil
})

// The context of Start is the worker's life: here it ends after 50 ms, and the function returns in order.
func ExampleFunc_Start_context() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p, err := Serve.Start(ctx, "worker")
	if err != nil {
		fmt.Println(err)
		return
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	fmt.Println(p.Wait(context.Background()))
	// Output: worker has tidied up <nil>
}

var Crash = multiproc.Register("crash", func(ctx context.Context, _ struct{}) (int, error) {
	var squares []int
	return squares[len(os.Args)], nil
})

func ExamplePanicError() {
	ctx := context.Background()
	p, err := Crash.Start(ctx, struct{}{})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = p.Wait(ctx)
	var panicked *multiproc.PanicError
	if errors.As(err, &panicked) {
		fmt.Println(panicked.Type, panicked.Value)
	}
	// Output: runtime.boundsError runtime error: index out of range [2] with length 0
}

func ExampleProcess_Kill() {
	ctx := context.Background()
	p, err := Serve.Start(ctx, "worker")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Kill(); err != nil {
		fmt.Println(err)
	}
	_, err = p.Wait(ctx)
	var exit *multiproc.ExitError
	if errors.As(err, &exit) {
		fmt.Println(exit.SignalName, exit.Code)
	}
	// Output: SIGKILL -9
}

var Hello = multiproc.Register("hello", func(ctx context.Context, _ struct{}) (struct{}, error) {
	fmt.Printf("I am %s, and see %s\n", multiproc.CurrentName(), os.Getenv("GREETING"))
	return struct{}{}, nil
})

func ExampleWithStdout() {
	var out strings.Builder
	ctx := context.Background()
	p, err := Hello.Start(ctx, struct{}{}, multiproc.WithName("Ada"), multiproc.WithEnv("GREETING=hi"), multiproc.WithStdout(&out))
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := p.Wait(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Print(out.String())
	// Output: I am Ada, and see hi
}
