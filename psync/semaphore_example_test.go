package psync_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/psync"
)

func ExampleSemaphore() {
	s, err := psync.NewSemaphore(2) // at most two at a time, in all processes together
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	ctx := context.Background()
	for range 2 {
		if err := s.Acquire(ctx); err != nil {
			fmt.Println("not acquired:", err)
			return
		}
	}
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	err = s.Acquire(short)
	fmt.Println("a third within 10 ms:", !errors.Is(err, context.DeadlineExceeded))

	if err := s.Release(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(s)
	fmt.Println("a third after a release:", s.TryAcquire())
	// Output:
	// a third within 10 ms: false
	// psync.Semaphore(1 free)
	// a third after a release: true
}
