package rows

import (
	"context"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
)

func semaphoreRows(w workload) []bench.Row {
	return []bench.Row{alone{
		name: "semaphore", title: "Semaphore Acquire+Release, uncontended", op: "acquire+release",
		targets: []bench.Target{bench.AtLeast(5, pythonCall), bench.AtLeast(5, pythonWith)},
		make: func() (func(int) error, func() error, error) {
			s, err := psync.NewSemaphore(1)
			if err != nil {
				return nil, nil, err
			}
			return func(n int) error {
				ctx := context.Background() // as Python's, which wait for ever
				for range n {
					if err := s.Acquire(ctx); err != nil {
						return err
					}
					if err := s.Release(); err != nil {
						return err
					}
				}
				return nil
			}, s.Close, nil
		},
		script: "semaphore",
		forms: []form{
			{pythonCall, "acquire+release", map[string]any{"kind": "semaphore", "form": "call"}},
			{pythonWith, "with semaphore", map[string]any{"kind": "semaphore", "form": "with"}},
		},
	}.row(w)}
}
