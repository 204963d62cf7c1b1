package psync_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/multiproc-go/multiproc/psync"
)

func ExampleCondition() {
	c, err := psync.NewCondition(nil) // with a lock of its own
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	l := c.Locker()
	full := false // in a program of several processes: a shm.Value

	go func() { // or another process that c was sent to
		l.Lock()
		defer l.Unlock()
		full = true
		_ = c.NotifyAll()
	}()

	l.Lock()
	defer l.Unlock()
	if err := c.WaitFor(context.Background(), func() bool { return full }); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("full:", full)
	// Output: full: true
}

func ExampleBarrier() {
	b, err := psync.NewBarrier(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	var wg sync.WaitGroup
	for range 3 { // or three processes
		wg.Go(func() {
			index, err := b.Wait(context.Background())
			if err == nil && index == 0 {
				fmt.Println("all have come")
			}
		})
	}
	wg.Wait()

	// Two of three: one gives up, and the barrier breaks for both.
	ctx, giveUp := context.WithCancel(context.Background()) // or WithTimeout
	wg.Go(func() {
		_, err := b.Wait(context.Background())
		var broken *psync.BrokenError
		fmt.Println(errors.Is(err, psync.ErrBroken), errors.As(err, &broken) && broken.Reason == psync.BrokenByContext)
	})
	wg.Go(func() { _, _ = b.Wait(ctx) })
	for b.Waiting() < 2 {
		time.Sleep(time.Millisecond)
	}
	giveUp()
	wg.Wait()
	fmt.Println("usable again:", b.Reset() == nil && !b.Broken())
	// Output:
	// all have come
	// true true
	// usable again: true
}

var reportTurn = psync.RegisterAction("example/report", func(context.Context) error {
	fmt.Println("a turn is over")
	return nil
})

func ExampleWithAction() {
	b, err := psync.NewBarrier(1, psync.WithAction(reportTurn), psync.WithTimeout(time.Minute))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Close()
	for range 2 {
		if _, err := b.Wait(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// a turn is over
	// a turn is over
}
