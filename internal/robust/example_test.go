//go:build linux

package robust

import (
	"context"
	"fmt"
)

// A holder dies, and the next one is told who it was.
func Example() {
	members := newCast() // in real life a *family.Family
	shared := area()     // and memory that processes share
	first, second := view(shared, member{members, 1}), view(shared, member{members, 2})

	_, _ = first.Acquire(context.Background(), new(handle), Dirty)
	members.kill(1)
	recovery, err := second.Acquire(context.Background(), new(handle), 0)
	fmt.Println(recovery, err)
	fmt.Println("half-written:", second.Busy() != 0)
	// Output:
	// taken over from member (pid 1001), which ended while it held the lock <nil>
	// half-written: true
}
