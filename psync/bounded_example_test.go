//go:build linux

package psync_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/multiproc-go/multiproc/psync"
)

// At most three processes, or goroutines of them, do the expensive thing at a time. When one is killed meanwhile, its permit comes back.
func ExampleBoundedSemaphore() {
	s, err := psync.NewBoundedSemaphore(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	if err := s.Acquire(context.Background()); err != nil {
		fmt.Println("not acquired:", err)
		return
	}
	fmt.Println("free:", s.Value(), "held here:", s.Held())
	if err := s.Release(); err != nil {
		fmt.Println(err)
	}

	err = s.Release() // once too often
	fmt.Println(errors.Is(err, psync.ErrNotOwner))
	fmt.Println(s)
	// Output:
	// free: 2 held here: 1
	// true
	// psync.BoundedSemaphore(3 of 3 free)
}
