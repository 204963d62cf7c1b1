package psync_test

import (
	"context"
	"fmt"

	"github.com/multiproc-go/multiproc/psync"
)

func ExampleRLock() {
	l, err := psync.NewRLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()

	// log is called with the lock and without it.
	log := func(ctx context.Context, text string) error {
		h, ok := l.HolderFrom(ctx)
		if !ok {
			h = l.Holder()
		}
		if _, err := h.Acquire(ctx); err != nil {
			return err
		}
		defer h.Unlock()
		fmt.Println(text, "at depth", h.Depth())
		return nil
	}

	ctx := context.Background()
	if err := log(ctx, "alone"); err != nil {
		fmt.Println(err)
	}
	h := l.Holder()
	h.Lock()
	if err := log(h.Context(ctx), "nested"); err != nil {
		fmt.Println(err)
	}
	fmt.Println("another holder gets it:", l.Holder().TryLock())
	h.Unlock()
	// Output:
	// alone at depth 1
	// nested at depth 2
	// another holder gets it: false
}

func ExampleHolder_Recovery() {
	l, err := psync.NewRLock()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer l.Close()
	h := l.Holder()
	h.Lock() // recovers silently; ask afterwards
	defer h.Unlock()
	if r := h.Recovery(); r.Recovered() {
		fmt.Printf("%s (pid %d) died holding it; what it guards may be half-done\n", r.Name, r.PID)
	}
	fmt.Println(h.Recovery())
	// Output: no recovery
}
