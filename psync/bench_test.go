package psync_test

import (
	"context"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/psync"
)

func BenchmarkLockUncontended(b *testing.B) {
	l, err := psync.NewLock()
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		l.Lock()
		l.Unlock() //nolint:staticcheck // the empty section is what is measured
	}
}

func BenchmarkMutexUncontended(b *testing.B) {
	var m sync.Mutex
	for b.Loop() {
		m.Lock()
		m.Unlock() //nolint:staticcheck // the empty section is what is measured
	}
}

func BenchmarkHolderUncontended(b *testing.B) {
	l, err := psync.NewRLock()
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	h := l.Holder()
	b.Run("outermost", func(b *testing.B) {
		for b.Loop() {
			h.Lock()
			h.Unlock() //nolint:staticcheck // the empty section is what is measured
		}
	})
	h.Lock()
	b.Run("inner", func(b *testing.B) {
		for b.Loop() {
			h.Lock()
			h.Unlock() //nolint:staticcheck // the empty section is what is measured
		}
	})
	h.Unlock()
}

func BenchmarkSemaphoreUncontended(b *testing.B) {
	s, err := psync.NewSemaphore(1)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	pair := func(ctx context.Context) func(*testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				_ = s.Acquire(ctx)
				_ = s.Release()
			}
		}
	}
	b.Run("background", pair(context.Background()))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("cancellable", pair(ctx))
	b.Run("try", func(b *testing.B) {
		for b.Loop() {
			s.TryAcquire()
			_ = s.Release()
		}
	})
}

// BenchmarkSemaphoreHandOver: two goroutines, each of which waits for the other's release.
func BenchmarkSemaphoreHandOver(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ping, err := psync.NewSemaphore(0)
	if err != nil {
		b.Fatal(err)
	}
	defer ping.Close()
	pong, err := psync.NewSemaphore(0)
	if err != nil {
		b.Fatal(err)
	}
	defer pong.Close()
	go func() {
		for ping.Acquire(ctx) == nil {
			_ = pong.Release()
		}
	}()
	for b.Loop() {
		_ = ping.Release()
		_ = pong.Acquire(ctx)
	}
}

func BenchmarkEvent(b *testing.B) {
	e, err := psync.NewEvent()
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	b.Run("SetClear", func(b *testing.B) {
		for b.Loop() {
			_ = e.Set()
			_ = e.Clear()
		}
	})
	if err := e.Set(); err != nil {
		b.Fatal(err)
	}
	b.Run("SetWhenSet", func(b *testing.B) {
		for b.Loop() {
			_ = e.Set()
		}
	})
	b.Run("IsSet", func(b *testing.B) {
		for b.Loop() {
			_ = e.IsSet()
		}
	})
	b.Run("WaitWhenSet", func(b *testing.B) {
		ctx := context.Background()
		for b.Loop() {
			_ = e.Wait(ctx)
		}
	})
}
