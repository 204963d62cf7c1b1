package psync_test

import (
	"context"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/psync"
)

func ExampleEvent() {
	ready, err := psync.NewEvent()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ready.Close()
	go func() { // or a worker to which the event was given
		if err := ready.Set(); err != nil {
			fmt.Println(err)
		}
	}()
	if err := ready.Wait(context.Background()); err != nil {
		fmt.Println("not set:", err)
		return
	}
	fmt.Println(ready)
	// Output: psync.Event(set)
}

func ExampleEvent_Chan() {
	stop, err := psync.NewEvent()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // ends the goroutine behind the channel
	stopped := stop.Chan(ctx)
	ticks := time.NewTicker(time.Millisecond)
	defer ticks.Stop()
	for n := 0; ; {
		select {
		case <-stopped:
			fmt.Println("stopped")
			return
		case <-ticks.C:
			if n++; n == 3 { // any process may set it
				if err := stop.Set(); err != nil {
					fmt.Println(err)
				}
			}
		}
	}
	// Output: stopped
}
