package py

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// comparer compares all pairs of a list of expressions, if it is asked to. Its answer has a text for each pair: what ==, <, <=, > and >= give, T, F or the number of an error's
// text; and, for each value, its truth and its hash.
const comparer = `
import collections, datetime, decimal, fractions, json, queue, uuid, warnings
from array import array
from collections import OrderedDict, deque
from datetime import date, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from operator import eq, lt, le, gt, ge
from uuid import UUID
datetime = datetime.datetime
warnings.simplefilter('ignore')
inf, nan = float('inf'), float('nan')

def tz(**k): return timezone(timedelta(**k))

errors = {}
def outcome(f, *args):
    try:
        r = f(*args)
    except Exception as e:
        text = '%s: %s' % (type(e).__name__, e)
        return 'E%d;' % errors.setdefault(text, len(errors))
    return 'T' if r is True else 'F' if r is False else str(r) + ';'

def handle(request):
    errors.clear()
    request = json.loads(request.decode('utf-8'))
    values = [eval(e) for e in request['Exprs']]
    pairs = request['Pairs'] and [[''.join([outcome(op, a, b) for op in (eq, lt, le, gt, ge)]) for b in values] for a in values]
    truths = ''.join([outcome(bool, v) for v in values])
    hashes = [outcome(hash, v) for v in values]
    return json.dumps({'Pairs': pairs or None, 'Truths': truths, 'Hashes': hashes, 'Errors': sorted(errors, key=errors.get)}).encode('ascii')
`

type comparison struct {
	Pairs  [][]string // null if nobody asked
	Truths string
	Hashes []string
	Errors []string

	numbers map[string]int
}

// written is a value and how Python writes it.
type written struct {
	expr  string
	value Value
}

func compareInPython(t *testing.T, c *pythons.Child, values []written, pairs bool) (answer comparison) {
	t.Helper()
	var ask struct {
		Exprs []string
		Pairs bool
	}
	ask.Pairs = pairs
	for _, v := range values {
		ask.Exprs = append(ask.Exprs, v.expr)
	}
	request, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := c.Call(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// outcome is what a comparison gives, as the script has it.
func (c *comparison) outcome(ok bool, err error) string {
	if err == nil {
		return map[bool]string{true: "T", false: "F"}[ok]
	}
	if c.numbers == nil {
		c.numbers = map[string]int{}
		for i, e := range c.Errors {
			c.numbers[e] = i
		}
	}
	text := shortError(err)
	if i, ok := c.numbers[text]; ok {
		return fmt.Sprintf("E%d;", i)
	}
	return text + ";"
}

// shortError is the error with the name of its class only.
func shortError(err error) string {
	e := err.(*Exception)
	text, strErr := Str(e)
	if strErr != nil {
		text = strErr.Error()
	}
	return lastName(e.Class.Name) + ": " + text
}

var errorNumber = regexp.MustCompile(`E(\d+);`)

// explain replaces the numbers of errors by their texts.
func (c *comparison) explain(outcome string) string {
	return errorNumber.ReplaceAllStringFunc(outcome, func(number string) string {
		i, err := strconv.Atoi(number[1 : len(number)-1])
		if err != nil || i >= len(c.Errors) {
			return number
		}
		return "[" + c.Errors[i] + "]"
	})
}

// checkPairs compares what Python says of all pairs with what this package does.
func checkPairs(t *testing.T, p pythons.Python, c *pythons.Child, values []written) {
	t.Helper()
	answer := compareInPython(t, c, values, true)
	hashes := make([]uint64, len(values))
	hashable := make([]bool, len(values))
	for i, v := range values {
		hash, err := Hash(v.value)
		hashes[i], hashable[i] = hash, err == nil
		inPython := answer.explain(answer.Hashes[i])
		switch {
		case strings.HasPrefix(v.expr, "slice") && !p.AtLeast(3, 12):
		case err == nil && strings.HasPrefix(inPython, "["):
			t.Errorf("Python can't hash %s: %s", v.expr, inPython)
		case err != nil && inPython != "["+shortError(err)+"]":
			t.Errorf("Hash(%s): %v; Python has %s", v.expr, err, inPython)
		}
		if truth := map[bool]byte{true: 'T', false: 'F'}[Truth(v.value)]; answer.Truths[i] != truth {
			t.Errorf("Truth(%s): %c", v.expr, truth)
		}
	}
	failed := 0
	for i, a := range values {
		for j, b := range values {
			equal, err := Equal(a.value, b.value)
			got := answer.outcome(equal, err)
			if equal && hashable[i] && hashable[j] && hashes[i] != hashes[j] && !strings.Contains(a.expr, "nan") {
				t.Errorf("%s == %s, and their hashes differ", a.expr, b.expr)
			}
			for op := range Ge + 1 {
				got += answer.outcome(Compare(op, a.value, b.value))
			}
			if got != answer.Pairs[i][j] {
				if failed++; failed < 50 {
					t.Errorf("%s and %s: ==, <, <=, >, >= are %s; want %s", a.expr, b.expr, answer.explain(got), answer.explain(answer.Pairs[i][j]))
				}
			}
		}
	}
	if failed >= 50 {
		t.Errorf("%d pairs differ", failed)
	}
}

func serveComparer(t *testing.T, p pythons.Python) *pythons.Child {
	t.Helper()
	return p.Serve(t, pythons.Module{Name: "comparer", Source: comparer})
}

// TestCompareLikePython compares some 40,000 pairs of values of all types.
func TestCompareLikePython(t *testing.T) {
	for _, p := range python3(t, 6) {
		t.Run(p.String(), func(t *testing.T) {
			values := literals(t)
			if p.AtLeast(3, 13) {
				// Their messages are newer.
				values = append(values, moments(t)...)
			}
			checkPairs(t, p, serveComparer(t, p), values)
			times := moments(t)[1:]
			if !p.AtLeast(3, 7) {
				times = times[:len(times)-4]
			}
			checkPairs(t, p, serveComparer(t, p), times)
		})
	}
}
