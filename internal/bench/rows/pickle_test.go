package rows

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// sizes are those at which batches and frames begin and end.
var sizes = []int{0, 1, 2, 999, 1000, 1001, 2000, 2001, 30_000}

func pickleds() []pickled {
	all := []pickled{pickledRequest()}
	for _, size := range sizes {
		all = append(all, pickledDict(size), pickledFloats(size))
	}
	return all
}

// What is decoded is what CPython writes, byte for byte, and what is encoded is to CPython the same object.
func TestPickledIsWhatPythonWrites(t *testing.T) {
	pythons := bench.FindPythons(t.Context())
	if len(pythons) == 0 {
		t.Skip("no python3")
	}
	for _, p := range pythons {
		s, err := p.Start(t.Context(), "pickle")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, one := range pickleds() {
			ours, err := pickle.Marshal(one.value)
			if err != nil {
				t.Fatal(err)
			}
			// A failed answer ends the script, so this is the end of its test.
			if _, err := s.Ask(t.Context(), map[string]any{
				"what": one.name, "size": one.size, "work": "check", "theirs": one.pickle, "ours": ours,
			}); err != nil {
				t.Fatalf("%s of %d: %v", one.name, one.size, err)
			}
		}
	}
}

func TestPickledIsChecked(t *testing.T) {
	for _, one := range pickleds() {
		if err := one.check(); err != nil {
			t.Errorf("%s of %d: %v", one.name, one.size, err)
		}
	}
	p := pickledFloats(3)
	p.pickle = pickledFloats(4).pickle
	wants(t, p.check(), "not the value")
	p = pickledFloats(3)
	p.typed = []float64{1.5}
	wants(t, p.check(), "og-rek")
	p = pickledFloats(3)
	p.value = py.NewList()
	wants(t, p.check(), "not the value")
	p = pickledFloats(3)
	p.other = []any{1.5}
	wants(t, p.check(), "something else")
}

// A typical request of a manager's client costs at most this to decode.
const mostAllocs = 8

func TestRequestAllocations(t *testing.T) {
	request := pickledRequest().pickle
	got := testing.AllocsPerRun(1000, func() {
		if _, err := pickle.Decode(request); err != nil {
			t.Fatal(err)
		}
	})
	if got > mostAllocs {
		t.Errorf("decoding a request allocates %v times, want at most %d", got, mostAllocs)
	}
}
