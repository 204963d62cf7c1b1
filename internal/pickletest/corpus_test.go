package pickletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
)

// A literal is one bytes literal of Python's own tests, or what these tests loaded when they ran.
type literal struct {
	Where string // the functions and variables that it stands in, or the test
	Line  int    // 0 if it was recorded
	Error string // what Python says to it; "" if it is a pickle that Python reads
	data  []byte
}

func (l literal) String() string { return fmt.Sprintf("%s (line %d) %.100q", l.Where, l.Line, l.data) }

// A reason excuses a difference between Python and Go: where it occurs, and what is said, both as parts of the text.
type reason struct{ where, says, reason string }

func excused(reasons []reason, where, says string) bool {
	for _, r := range reasons {
		if strings.Contains(where, r.where) && strings.Contains(says, r.says) {
			return true
		}
	}
	return false
}

// refused are pickles that Python reads and Go does not. Says is of Go's error.
var refused = []reason{}

// unwritten are values that Go has read and does not write. Says is of Go's error.
var unwritten = []reason{
	{"test_recursive_set", "deeper in one another", "a set in itself: protocols 2 and 3 have no way to write one, in Python either"},
}

// lenient are pickles that Python refuses and Go reads. Says is what Python says.
var lenient = []reason{
	{"", "ModuleNotFoundError", "a name is not looked up"},
	{"", "ImportError", "a name is not looked up"},
	{"", "AttributeError", "a name is not looked up"},
	{"", "TypeError", "nothing is called"},
	{"", "MyErr", "nothing is called"},
	{"test_bad_newobj", "", "nothing is called"},
	{"test_load_global", "truncated", "a name may be empty; nobody has registered that"},
	{"test_load_stack_global", "Empty module name", "a name may be empty; nobody has registered that"},
	{"", "unregistered extension code", "stays an Object of form Extension"},
	{"", "UnicodeDecodeError('ascii'", "a str of Python 2 stays a Str2"},
	{"", "unsupported pickle protocol", "this Python is too old"},
	{"", "MemoryError", "Python makes room for a memo of 2^31 entries, Go for those that there are"},
	{"", "denied here", "corpus.py does not load it"},
}

// others are pickles that Go reads and writes, and which are not equal for Python then. Says is of the comparison.
var others = []reason{
	{"test_dynamic_class", "", "each load makes a new class"},
	{"", "is not a subtype of", "2.7's str and int, as bases in protocols 0 and 1, have become unicode and long, as they do in Python 3"},
}

// TestCorpus: of the pickles in CPython's own tests each is read, and what is written again is equal, or it is refused by both.
func TestCorpus(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			c := p.Serve(t, modules("pickletest_corpus", corpusSource)...)
			corpus(t, c, literals(t, c))
		})
	}
}

// literals asks a child for the corpus of its Python.
func literals(t *testing.T, c *pythons.Child) []literal {
	reply, err := c.Call([]byte(`{"op": "literals", "lengths": []}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	line, rest, _ := bytes.Cut(reply, []byte("\n"))
	var a struct {
		Missing  string
		Literals []literal
		Lengths  []int
	}
	if err := json.Unmarshal(line, &a); err != nil {
		t.Fatal(err)
	}
	if a.Missing != "" {
		t.Skipf("%v has no test package: %s", c.Python, a.Missing)
	}
	for i, n := range a.Lengths {
		a.Literals[i].data = rest[:n:n]
		rest = rest[n:]
	}
	return a.Literals
}

func corpus(t *testing.T, c *pythons.Child, all []literal) {
	var read, both, kept, outputs int
	q := request{Op: "check"}
	var blobs [][]byte
	for i, l := range all {
		if testing.Short() && l.Line == 0 && i%8 != 0 {
			continue
		}
		value, err := decodeOnly(leading(l.data))
		switch {
		case l.Error == "" && err != nil:
			if !excused(refused, l.Where, err.Error()) {
				t.Errorf("%v: Python reads it, Go says: %v", l, err)
			}
		case l.Error == "":
			read++
			// Two of the protocols with each: there are thousands of these.
			for protocol := 2 + i%min(2, c.Python.Protocol()-1); protocol <= c.Python.Protocol(); protocol += 2 {
				cfg := pickle.Config{Protocol: protocol}
				out, err := encode(cfg, value)
				if err != nil && excused(unwritten, l.Where, err.Error()) {
					continue
				}
				if err != nil {
					t.Errorf("%v: read, but not written with protocol %d: %v", l, protocol, err)
					continue
				}
				if err := again(cfg, value, out, false); err != nil {
					t.Errorf("%v: protocol %d: %v", l, protocol, err)
				}
				q.Of = append(q.Of, i)
				q.Written = append(q.Written, protocol)
				blobs = append(blobs, out)
			}
		case err != nil:
			both++
		case excused(lenient, l.Where, l.Error):
			kept++
		default:
			t.Errorf("%v: Go reads it as %.200v, Python says: %s", l, value, l.Error)
		}
	}
	outputs = len(blobs)
	a, _, err := ask(c, q, blobs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, difference := range a.Answers {
		if difference != "" && !excused(others, all[q.Of[i]].Where, difference) {
			t.Errorf("%v, written with protocol %d as %.300q: %s", all[q.Of[i]], q.Written[i], blobs[i], difference)
		}
	}
	t.Logf("%v: %d literals and recorded pickles: %d read by both, and written again %d times; %d refused by both; %d that Python refuses and Go keeps as data, for the reasons of the table",
		c.Python, len(all), read, outputs, both, kept)
	if read < 15 || both < 50 {
		t.Errorf("only %d read and %d refused: the corpus was not found", read, both)
	}
}

func decodeOnly(data []byte) (v any, err error) {
	defer caught(&err)
	return pickle.Decode(data)
}

// leading is the pickle that data begins with: Python leaves what comes behind a STOP to the next reader, and package pickle's Decode does not.
func leading(data []byte) (one []byte) {
	defer func() {
		if recover() != nil {
			one = data
		}
	}()
	r := bytes.NewReader(data)
	d := pickle.NewDecoder(r)
	if _, err := d.Value(); err != nil {
		return data
	}
	return data[:d.InputOffset()]
}
