package psync_test

import (
	"context"
	"testing"

	"github.com/multiproc-go/multiproc/psync"
)

func BenchmarkConditionNotifyNobody(b *testing.B) {
	c, err := psync.NewCondition(nil)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	c.Locker().Lock()
	defer c.Locker().Unlock()
	for b.Loop() {
		_ = c.Notify(1)
	}
}

// BenchmarkConditionHandOver: two goroutines, each of which waits for the other's notification.
func BenchmarkConditionHandOver(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	c, err := psync.NewCondition(nil)
	if err != nil {
		b.Fatal(err)
	}
	l := c.Locker()
	turn, done := 0, make(chan struct{})
	go func() {
		defer close(done)
		l.Lock()
		defer l.Unlock()
		for c.WaitFor(ctx, func() bool { return turn == 1 }) == nil {
			turn = 0
			_ = c.Notify(1)
		}
	}()
	l.Lock()
	for b.Loop() {
		turn = 1
		_ = c.Notify(1)
		_ = c.WaitFor(ctx, func() bool { return turn == 0 })
	}
	l.Unlock()
	cancel()
	<-done
	_ = c.Close()
}

func BenchmarkBarrierAlone(b *testing.B) {
	bar, err := psync.NewBarrier(1)
	if err != nil {
		b.Fatal(err)
	}
	defer bar.Close()
	for b.Loop() {
		_, _ = bar.Wait(context.Background())
	}
}

func BenchmarkBarrierTwo(b *testing.B) {
	bar, err := psync.NewBarrier(2)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, err := bar.Wait(context.Background()); err != nil {
				return
			}
		}
	}()
	for b.Loop() {
		_, _ = bar.Wait(context.Background())
	}
	_ = bar.Abort()
	<-done
	_ = bar.Close()
}
