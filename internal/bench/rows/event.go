package rows

import (
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
)

func eventRows(w workload) []bench.Row {
	return []bench.Row{alone{
		name: "event", title: "Event Set+Clear, nobody waits", op: "set+clear",
		targets: []bench.Target{bench.AtLeast(5, pythonCall)},
		make: func() (func(int) error, func() error, error) {
			e, err := psync.NewEvent()
			if err != nil {
				return nil, nil, err
			}
			return func(n int) error {
				for range n {
					if err := e.Set(); err != nil {
						return err
					}
					if err := e.Clear(); err != nil {
						return err
					}
				}
				return nil
			}, e.Close, nil
		},
		script: "event",
		forms:  []form{{pythonCall, "set+clear", nil}},
	}.row(w)}
}
