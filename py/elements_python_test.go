package py_test

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// strs are texts of Python 2 of which not all are ASCII, nor UTF-8, and what a loop over each gets.
const strs = `
import pickle

texts = ['', 'ab', '\xff\xfe', 'h\xc3\xa9', '\xe2\x82', ''.join(map(chr, range(256)))]

def handle(request):
    return pickle.dumps([(s, list(s)) for s in texts], 2)
`

// TestCharactersOfPython2: a str of Python 2 has its bytes for characters, each of which is such a str.
func TestCharactersOfPython2(t *testing.T) {
	ran := false
	for _, p := range pythons.Require(t) {
		if p.Major != 2 {
			continue
		}
		ran = true
		reply, err := p.Serve(t, pythons.Module{Name: "strs", Source: strs}).Call(nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := pickle.Decode(reply)
		if err != nil {
			t.Fatal(err)
		}
		for _, each := range answer.(*py.List).Items {
			pair := each.(py.Tuple)
			got, err := py.Elements(pair[0])
			if equal, _ := py.Equal(py.NewList(got...), pair[1]); !equal || err != nil {
				t.Errorf("%v: %v, %v; want %v", pair[0], got, err, pair[1])
			}
			for _, v := range got {
				if _, ok := v.(py.Str2); !ok {
					t.Errorf("%v has the character %v, a %T", pair[0], v, v)
				}
			}
		}
	}
	if !ran {
		t.Skip("no Python 2.7 was found")
	}
}
