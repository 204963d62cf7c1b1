package py

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// answer is what Python says of an expression: the texts of its value, or the last line of the traceback.
type answer struct {
	Repr, Str, Err string
}

// evaluator answers a list of expressions. Texts travel as the hexadecimal digits of UTF-8, because JSON readers don't agree on lone surrogates.
const evaluator = `
import json, sys
from array import array
from binascii import hexlify
from collections import OrderedDict
import collections, datetime, decimal, fractions, queue, uuid, warnings
warnings.simplefilter('ignore')

def hexed(text):
    return hexlify(text.encode('utf-8', 'surrogatepass')).decode('ascii')

class Pick(object):
    "What it is indexed with."
    def __getitem__(self, at): return at

def apply(seq, *steps):
    "Runs statements that see the sequence as s, and lists what they leave and raise."
    out = []
    for step in steps:
        names = {'s': seq, 'array': array, 'r': None}
        try:
            exec(step, globals(), names)
        except Exception as e:
            out.append('%s: %s' % (type(e).__name__, e))
        seq = names['s']
        out.append('%r %r' % (seq, names['r']))
    return '\n'.join(out)

def handle(request):
    out = []
    for expr in json.loads(request.decode('utf-8')):
        try:
            v = eval(expr)
            out.append({'Repr': hexed(repr(v)), 'Str': hexed(str(v))})
        except Exception as e:
            out.append({'Err': hexed('%s: %s' % (type(e).__name__, e))})
    return json.dumps(out).encode('ascii')
`

// serveEvaluator starts an interpreter that answers any number of lists of expressions.
func serveEvaluator(t *testing.T, p pythons.Python) func(exprs []string) []answer {
	t.Helper()
	child := p.Serve(t, pythons.Module{Name: "evaluator", Source: evaluator})
	return func(exprs []string) []answer {
		t.Helper()
		request, err := json.Marshal(exprs)
		if err != nil {
			t.Fatal(err)
		}
		reply, err := child.Call(request)
		if err != nil {
			t.Fatal(err)
		}
		var answers []answer
		if err := json.Unmarshal(reply, &answers); err != nil {
			t.Fatal(err)
		}
		for i := range answers {
			a := &answers[i]
			for _, text := range []*string{&a.Repr, &a.Str, &a.Err} {
				b, err := hex.DecodeString(*text)
				if err != nil {
					t.Fatal(err)
				}
				*text = string(b)
			}
		}
		if len(answers) != len(exprs) {
			t.Fatalf("%d answers for %d expressions", len(answers), len(exprs))
		}
		return answers
	}
}

// python3 is the versions of Python 3 on this machine that have a feature.
func python3(t *testing.T, minor int) []pythons.Python {
	t.Helper()
	var out []pythons.Python
	for _, p := range pythons.Require(t) {
		if p.AtLeast(3, minor) {
			out = append(out, p)
		}
	}
	if len(out) == 0 {
		t.Skipf("no Python 3.%d or newer was found; MULTIPROC_PYTHONS can name one", minor)
	}
	return out
}

// check compares the texts of a value.
func (a answer) check(t *testing.T, expr string, v Value) {
	t.Helper()
	if a.Err != "" {
		t.Errorf("Python refuses %.200s: %s", expr, a.Err)
		return
	}
	if got, err := Repr(v); err != nil || got != a.Repr {
		t.Errorf("Repr of %.200s is %.300s, %v; want %.300s", expr, got, err, a.Repr)
	}
	if got, err := Str(v); err != nil || got != a.Str {
		t.Errorf("Str of %.200s is %.300s, %v; want %.300s", expr, got, err, a.Str)
	}
}
