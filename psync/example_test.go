package psync_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/psync"
)

func ExampleLock() {
	l, err := psync.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	l.Lock()
	fmt.Println("held:", !l.TryLock())
	l.Unlock()
	fmt.Println(l)
	// Output:
	// held: true
	// psync.Lock(free)
}

func ExampleLock_Acquire() {
	l, err := psync.NewLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	rec, err := l.Acquire(context.Background())
	if err != nil {
		fmt.Println("not acquired:", err)
		return
	}
	if rec.Recovered() {
		fmt.Printf("%s (pid %d) died holding it; what it guards may be half-done\n", rec.Name, rec.PID)
	}

	// Somebody else gives up after a while.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	_, err = l.Acquire(ctx)
	fmt.Println("not acquired:", errors.Is(err, context.DeadlineExceeded))
	l.Unlock()
	// Output: not acquired: true
}
