package rows

import (
	"context"
	"fmt"
	"reflect"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
)

func structRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:    "queue-struct",
		Title:   "Queue of structs with strings and a map",
		Op:      "item",
		Targets: []bench.Target{bench.AtLeast(3, python)},
		Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) {
			work, err := besidePythonQueue(ctx, env, moveOrders, smallRoom, w.orders, 1, pythonQueue{"dict", w.pythonOrders})
			if err == nil {
				work.Notes = []string{"Python's side is a dict with the same keys and values"}
			}
			return work, err
		},
	}}
}

// An order has what structs have that are no plain memory.
type order struct {
	ID       int64
	Customer string
	City     string
	Note     string
	Paid     bool
	Total    float64
	Amounts  map[string]int
}

// exampleOrder is the dict of bench_queue.py.
func exampleOrder() order {
	return order{
		ID: 4711, Customer: "Ada Lovelace", City: "London", Note: "leave it with the neighbours, please", Paid: true, Total: 1834.5,
		Amounts: map[string]int{"apples": 12, "pears": 7, "plums": 30, "quinces": 1},
	}
}

var moveOrders = multiproc.Register("bench.queue.order", onCue(func(ctx context.Context, e errand[order], begin func() error) error {
	work := getOrders
	if e.Put {
		work = putOrders
	}
	if err := work(ctx, e, e.Warm); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return work(ctx, e, e.N)
}))

func putOrders(ctx context.Context, e errand[order], n int) error {
	item := exampleOrder()
	for i := range n {
		item.ID = int64(i)
		if err := e.Queue.Put(ctx, item); err != nil {
			return err
		}
	}
	return nil
}

func getOrders(ctx context.Context, e errand[order], n int) error {
	var got order
	for i := range n {
		var err error
		if got, err = e.Queue.Get(ctx); err != nil {
			return err
		}
		if got.ID != int64(i) {
			return fmt.Errorf("order %d has the number %d", i, got.ID)
		}
	}
	want := exampleOrder()
	want.ID = int64(n - 1)
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("the last order is %+v, want %+v", got, want)
	}
	return nil
}
