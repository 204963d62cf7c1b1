//go:build linux

package await_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/await"
	"github.com/multiproc-go/multiproc/internal/park"
)

// A wait for a word of shared memory to become 1.
func ExampleRoom_Wait() {
	h, err := arena.New(arena.Spec{Kind: 1, Size: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	word := (*uint32)(h.Payload())
	go func() { // a peer
		atomic.StoreUint32(word, 1)
		park.Wake(word, park.All)
	}()
	var room await.Room
	look := func() (*uint32, uint32, bool) {
		v := atomic.LoadUint32(word)
		return word, v, v == 1
	}
	fmt.Println(room.Wait(context.Background(), h, look))

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	never := func() (*uint32, uint32, bool) { return word, atomic.LoadUint32(word), false }
	fmt.Println(room.Wait(ctx, h, never))
	_ = h.Close()
	// Output:
	// <nil>
	// context deadline exceeded
}
