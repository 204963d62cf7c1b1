//go:build linux

package queue_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/queue"
)

// TestQueueModel compares with a slice.
func TestQueueModel(t *testing.T) {
	census(t)
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		capacity := rapid.IntRange(1, 100).Draw(t, "capacity")
		q, err := queue.New[string](capacity, queue.WithMemory(rapid.SampledFrom([]int{1, 1024, 100_000}).Draw(t, "memory")))
		if err != nil {
			t.Fatal(err)
		}
		defer q.Detach()
		var model []string
		closed := false
		serial := 0
		item := func() string {
			serial++
			return strconv.Itoa(serial) + strings.Repeat("x", rapid.SampledFrom([]int{0, 1, 5, 100, 300, 600, 2000}).Draw(t, "length"))
		}
		same := func(got ...string) {
			for _, v := range got {
				if len(model) == 0 || v != model[0] {
					t.Fatalf("got %.20q of %d", v, len(model))
				}
				model = model[1:]
			}
		}
		none := queue.ErrEmpty
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				v := item()
				switch err := q.TryPut(v); {
				case closed && err == queue.ErrClosed:
				case err == queue.ErrFull && len(model) > 0: // of items, or of bytes
				case err == nil && len(model) < capacity && !closed:
					model = append(model, v)
				default:
					t.Fatal(err)
				}
			},
			"get": func(t *rapid.T) {
				v, err := q.TryGet()
				if len(model) == 0 {
					if err != none {
						t.Fatal(err)
					}
				} else if same(v); err != nil {
					t.Fatal(err)
				}
			},
			"put batch": func(t *rapid.T) {
				if closed {
					t.Skip()
				}
				vs := make([]string, rapid.IntRange(1, 5).Draw(t, "n"))
				for i := range vs {
					vs[i] = item()
				}
				soon, cancel := context.WithTimeout(ctx, time.Millisecond)
				defer cancel()
				n, err := q.PutBatch(soon, vs)
				if n < len(vs) != errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(n, err)
				}
				model = append(model, vs[:n]...)
			},
			"get batch": func(t *rapid.T) {
				if len(model) == 0 {
					t.Skip()
				}
				vs := make([]string, rapid.IntRange(1, 120).Draw(t, "n"))
				n, err := q.GetBatch(ctx, vs)
				if err != nil || n == 0 {
					t.Fatal(n, err)
				}
				same(vs[:n]...)
			},
			"close": func(t *rapid.T) {
				if rapid.IntRange(0, 20).Draw(t, "rarely") > 0 {
					t.Skip()
				}
				if err := q.Close(); closed != (err != nil) {
					t.Fatal(err)
				}
				closed, none = true, queue.ErrClosed
			},
			"": func(t *rapid.T) {
				if q.Len() != len(model) {
					t.Fatalf("%v, want %d items", q, len(model))
				}
			},
		})
	})
}
