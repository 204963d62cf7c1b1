// Command counter is the smallest program with a shared value: ten processes
// add 1 to it a thousand times each.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// add runs in the workers. Functions that do are registered in package
// variables, so that every process of the program knows them.
var add = multiproc.Register("add", func(_ context.Context, n *shm.Value[int64]) (struct{}, error) {
	for range 1000 {
		if err := n.Update(func(x *int64) { *x++ }); err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

func main() {
	multiproc.Main() // in a worker, this runs the function and doesn't return

	ctx := context.Background()
	n, err := shm.NewValue(int64(0))
	check(err)
	var workers []*multiproc.Process[struct{}]
	for range 10 {
		p, err := add.Start(ctx, n)
		check(err)
		workers = append(workers, p)
	}
	for _, p := range workers {
		_, err := p.Wait(ctx)
		check(err)
	}
	total, err := n.Load()
	check(err)
	fmt.Println(total) // 10000
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
