package rows

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"time"

	ogrek "github.com/kisielk/og-rek"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

func pickleRows(w workload) []bench.Row {
	var rows []bench.Row
	for _, subject := range []struct {
		name, title string
		n           int
		make        func() pickled
	}{
		{"dict", fmt.Sprintf("a dict of %d ints by name", w.entries), w.large, func() pickled { return pickledDict(w.entries) }},
		{"floats", fmt.Sprintf("a list of %d floats", w.floats), w.large, func() pickled { return pickledFloats(w.floats) }},
		{"request", "a manager's request", w.requests, pickledRequest},
	} {
		for _, kind := range []struct {
			work, title string
			cases       func(pickled, int) []bench.Case
		}{{"encode", "pickle", encoding}, {"decode", "unpickle", decoding}} {
			rows = append(rows, bench.Row{
				Name:    "pickle-" + kind.work + "-" + subject.name,
				Title:   kind.title + " " + subject.title,
				Op:      "object",
				Targets: []bench.Target{bench.AtMost(1.5, python), bench.AtLeast(1, ogRek)},
				Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) {
					return setUpPickle(ctx, env, subject.make(), kind.work, subject.n, kind.cases)
				},
			})
		}
	}
	return rows
}

func setUpPickle(ctx context.Context, env *bench.Env, p pickled, work string, n int, cases func(pickled, int) []bench.Case) (*bench.Work, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "pickle")
	if err != nil {
		return nil, err
	}
	ask := map[string]any{"what": p.name, "size": p.size, "work": work, "n": n}
	return &bench.Work{
		Cases: append(cases(p, n), env.PythonCases(scripts, python, "pickle", ask)...),
		Notes: []string{p.note(work)},
		Close: scripts.Close,
	}, nil
}

// note says what a reader must know of the work.
func (p pickled) note(work string) string {
	switch {
	case work == "encode":
		return "protocol 4, here and by og-rek into a buffer that is used again, as a connection does; " +
			"og-rek gets what it encodes fastest (a map[string]int64, a []float64), and does not look for what is referred to twice"
	case p.name == "request":
		return fmt.Sprintf("the %d bytes that CPython writes with protocol 4; this library allocates %.1f times for one", len(p.pickle), allocations(p.pickle))
	default:
		return fmt.Sprintf("the %d bytes that CPython writes with protocol 4", len(p.pickle))
	}
}

// allocations is how often memory is allocated to decode a pickle.
func allocations(data []byte) float64 {
	const n = 1000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		_, _ = pickle.Decode(data) // was checked
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / n
}

// check makes sure that all sides are asked for the same.
func (p pickled) check() error {
	ours, err := pickle.Marshal(p.value)
	if err != nil {
		return err
	}
	var others bytes.Buffer
	if err := newOgRek(&others).Encode(p.typed); err != nil {
		return err
	}
	for what, data := range map[string][]byte{"this library": ours, "og-rek": others.Bytes(), "CPython": p.pickle} {
		got, err := pickle.Decode(data)
		if err != nil {
			return fmt.Errorf("decoding what %s writes: %w", what, err)
		}
		if err := p.equals(got); err != nil {
			return fmt.Errorf("what %s writes: %w", what, err)
		}
	}
	got, err := ogrek.NewDecoder(bytes.NewReader(p.pickle)).Decode()
	if err == nil && !reflect.DeepEqual(got, p.other) {
		err = errors.New("og-rek decodes something else")
	}
	return err
}

func (p pickled) equals(got py.Value) error {
	switch same, err := py.Equal(got, p.value); {
	case err != nil:
		return err
	case !same:
		return errors.New("not the value that was encoded")
	}
	return nil
}

func newOgRek(w *bytes.Buffer) *ogrek.Encoder {
	return ogrek.NewEncoderWithConfig(w, &ogrek.EncoderConfig{Protocol: pickle.DefaultProtocol})
}

func encoding(p pickled, n int) []bench.Case {
	var data []byte
	var buf bytes.Buffer
	return []bench.Case{
		pickleCase(ours, ours, n, func() (_ int, err error) {
			data, err = pickle.Config{}.Append(data[:0], p.value)
			return len(data), err
		}),
		pickleCase(ogRek, "og-rek", n, func() (int, error) {
			buf.Reset()
			err := newOgRek(&buf).Encode(p.typed)
			return buf.Len(), err
		}),
	}
}

func decoding(p pickled, n int) []bench.Case {
	var data bytes.Reader
	// og-rek reads through a bufio.Reader, and makes one unless it is given one.
	buf := bufio.NewReaderSize(&data, 64<<10)
	return []bench.Case{
		pickleCase(ours, ours, n, func() (int, error) {
			_, err := pickle.Decode(p.pickle)
			return len(p.pickle), err
		}),
		pickleCase(ogRek, "og-rek", n, func() (int, error) {
			data.Reset(p.pickle)
			buf.Reset(&data)
			// One decoder for all keeps the memo of the one before.
			_, err := ogrek.NewDecoder(buf).Decode()
			return len(p.pickle), err
		}),
	}
}

// pickleCase does work n times; it returns the size of a pickle, which is the same each time.
func pickleCase(key, label string, n int, work func() (int, error)) bench.Case {
	return bench.Case{Key: key, Label: label, Round: func(context.Context) (bench.Sample, error) {
		// As the scripts do: what others have left is not collected in this round.
		runtime.GC()
		size := 0
		start := time.Now()
		for i := range n {
			got, err := work()
			if err != nil {
				return bench.Sample{}, err
			}
			if i > 0 && got != size {
				return bench.Sample{}, fmt.Errorf("a pickle of %d bytes, and then one of %d", size, got)
			}
			size = got
		}
		return bench.Per(time.Since(start), n), nil
	}}
}
