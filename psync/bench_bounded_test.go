//go:build linux

package psync_test

import (
	"context"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func init() {
	handleWith("bounded.hammer", func(s *psync.BoundedSemaphore, _ []string) (string, error) {
		go func() {
			for s.Acquire(context.Background()) == nil && s.Release() == nil {
			}
		}()
		return "", nil
	})
}

func benchBounded(b *testing.B, max int) *psync.BoundedSemaphore {
	b.Helper()
	s, err := psync.NewBoundedSemaphore(max)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

func BenchmarkBoundedUncontended(b *testing.B) {
	s := benchBounded(b, 4)
	live, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
	}{{"background", context.Background()}, {"cancellable", live}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				if s.Acquire(c.ctx) != nil || s.Release() != nil {
					b.Fatal("refused")
				}
			}
		})
	}
	b.Run("try", func(b *testing.B) {
		for b.Loop() {
			if !s.TryAcquire() || s.Release() != nil {
				b.Fatal("refused")
			}
		}
	})
}

// BenchmarkBoundedParallel: goroutines of one process, and fewer permits than they want.
func BenchmarkBoundedParallel(b *testing.B) {
	s := benchBounded(b, 1)
	ctx := context.Background()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if s.Acquire(ctx) != nil || s.Release() != nil {
				b.Error("refused")
				return
			}
		}
	})
}

// BenchmarkBoundedContended: another process does the same all the time, with enough permits for both (each has its own at hand), and with one.
func BenchmarkBoundedContended(b *testing.B) {
	for _, c := range []struct {
		name string
		max  int
	}{{"two permits", 2}, {"one permit", 1}} {
		b.Run(c.name, func(b *testing.B) {
			s := benchBounded(b, c.max)
			testproc.Start(b).Must("bounded.hammer", sent(b, s))
			ctx := context.Background()
			for b.Loop() {
				if s.Acquire(ctx) != nil || s.Release() != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkBoundedSteal: each acquisition takes the permit that another participant has at hand.
func BenchmarkBoundedSteal(b *testing.B) {
	s := benchBounded(b, 1)
	p := joinBounded(b, s)
	defer p.die()
	ctx := context.Background()
	for b.Loop() {
		for _, s := range []*psync.BoundedSemaphore{s, p.BoundedSemaphore} {
			if s.Acquire(ctx) != nil || s.Release() != nil {
				b.Fatal("refused")
			}
		}
	}
}
