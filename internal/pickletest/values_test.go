package pickletest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// perRequest is how many values a child gets at a time: starting a request costs more than a small value.
const perRequest = 40

// forEachPython runs f for growing seeds until the time is over, in a goroutine for each Python that takes part. f returns the number of things done, and an error to end with.
func forEachPython(t *testing.T, least int, handler, source string, f func(c *pythons.Child, seed uint64) (int, error)) {
	base := firstSeed(t)
	var done sync.WaitGroup
	end := time.Now().Add(*duration)
	for _, p := range pythons.Require(t) {
		if level(p) < least {
			continue
		}
		c := p.Serve(t, modules(handler, source)...)
		done.Go(func() {
			n := 0
			for seed := base; seed == base || time.Now().Before(end); seed++ {
				k, err := f(c, seed)
				n += k
				if err != nil {
					t.Errorf("%v: %v", p, err)
					break
				}
			}
			t.Logf("| %d.%d.%d | %d |", p.Major, p.Minor, p.Micro, n)
		})
	}
	done.Wait()
}

// TestValues: what Go writes is the value, in each Python and in Go.
func TestValues(t *testing.T) {
	forEachPython(t, 0, "pickletest_describe", describeSource, func(c *pythons.Child, seed uint64) (int, error) {
		r := rand.New(rand.NewPCG(seed, uint64(level(c.Python))))
		two := !c.Python.AtLeast(3, 0)
		var blobs [][]byte
		var wants []string
		var protocols []int
		for range perRequest {
			v := newSource(r, two, false).root()
			cfg := pickle.Config{Protocol: 2 + r.IntN(c.Python.Protocol()-1)}
			want := describe(v, two)
			data, err := cfg.Marshal(v)
			if err != nil {
				return 0, fmt.Errorf("-pickle.seed=%d: %s is not written: %w", seed, short(want), err)
			}
			back, err := pickle.Decode(data)
			if err != nil {
				return 0, fmt.Errorf("-pickle.seed=%d: %s was written as %s, which is not read: %w", seed, short(want), short(fmt.Sprintf("%q", data)), err)
			}
			if got := describe(back, two); got != want && cfg.Protocol >= 4 {
				return 0, fmt.Errorf("-pickle.seed=%d: with protocol %d, Go reads back\n%s", seed, cfg.Protocol, unlike(got, want))
			}
			blobs, wants, protocols = append(blobs, data), append(wants, want), append(protocols, cfg.Protocol)
		}
		a, _, err := ask(c, request{Op: "describe"}, blobs...)
		if err != nil {
			return 0, fmt.Errorf("-pickle.seed=%d: %w", seed, err)
		}
		for i, got := range a.Answers {
			if got != wants[i] && (protocols[i] >= 4 || got != withoutFold(wants[i])) {
				return 0, fmt.Errorf("-pickle.seed=%d: with protocol %d, Python has\n%s", seed, protocols[i], unlike(got, wants[i]))
			}
		}
		return len(blobs), nil
	})
}

// withoutFold is what protocols below 4 can say of a description: they have no place for fold.
func withoutFold(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexAny(text, "dt")
		if i < 0 || !strings.HasPrefix(text[i:], "dt(") && !strings.HasPrefix(text[i:], "ti(") {
			if i < 0 {
				b.WriteString(text)
				return b.String()
			}
			b.WriteString(text[:i+1])
			text = text[i+1:]
			continue
		}
		fields := 7
		if text[i] == 't' {
			fields = 4
		}
		at := i
		for range fields {
			at += strings.IndexByte(text[at:], ',') + 1
		}
		b.WriteString(text[:at])
		b.WriteByte('0')
		text = text[at+1:]
	}
}

func short(text string) string {
	if len(text) > 1000 {
		return text[:1000] + "..."
	}
	return text
}

// unlike shows where two descriptions part.
func unlike(got, want string) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	from := max(0, at-60)
	return fmt.Sprintf("%s\nnot\n%s\n(from byte %d of %d and %d)", short(got[from:]), short(want[from:]), at, len(got), len(want))
}

// The description of equal values is equal, and the fold is all that withoutFold takes away.
func TestWithoutFold(t *testing.T) {
	v := py.NewList(py.Time{Hour: 1, Fold: 1, TZ: py.TimeZone{Offset: py.TimeDelta{Seconds: 60}}}, py.Combine(py.Date{Year: 1, Month: 2, Day: 3}, py.Time{Fold: 1}), "dt(")
	w := py.NewList(py.Time{Hour: 1, TZ: py.TimeZone{Offset: py.TimeDelta{Seconds: 60}}}, py.Combine(py.Date{Year: 1, Month: 2, Day: 3}, py.Time{}), "dt(")
	if got, want := withoutFold(describe(v, false)), describe(w, false); got != want || describe(v, false) == want {
		t.Error(unlike(got, want))
	}
}
