//go:build linux

package ring_test

import (
	"context"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/ring"
)

// exampleKind is the kind of the example's objects.
const exampleKind = 201

func init() { arena.RegisterKeeper(exampleKind, ring.Keeper()) }

// One handle puts, another one, in this process or in another of the family, takes.
func Example() {
	r, err := ring.New(ring.Spec{Kind: exampleKind, Capacity: 10, Bytes: 4096})
	if err != nil {
		fmt.Println(err)
		return
	}
	other, err := ring.Attach(r.Handle().Ref(), exampleKind)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println("put:", r.Put(ctx, &ring.Item{Kind: 1, Data: []byte("hello")}))
	fmt.Println("shut:", r.Shut())
	var o ring.Out
	err = other.Get(ctx, &o)
	fmt.Printf("got: %s, kind %d, %v\n", o.Data, o.Kind, err)
	fmt.Println("then:", other.Get(ctx, &o))
	_, _ = r.Detach(), other.Detach()
	// Output:
	// put: <nil>
	// shut: <nil>
	// got: hello, kind 1, <nil>
	// then: multiproc: use of a closed object
}
