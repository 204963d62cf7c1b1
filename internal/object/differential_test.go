package object

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

//go:embed builtin.py
var builtinSource string

// TestBuiltinsDoAsInPython makes random calls here and of a real object in Python, and compares results, exceptions and what the object is then. The texts of exceptions are compared with the
// newest Pythons, for that is what they are.
func TestBuiltinsDoAsInPython(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			objects := serveReal(t, p)
			for typeid := range callMakers {
				if typeid == "set" && !p.AtLeast(3, 8) {
					continue // whose empty sets don't look at all arguments, and whose managers have no sets
				}
				t.Run(typeid, func(t *testing.T) { objects.compare(t, typeid) })
			}
		})
	}
}

// realPython has real objects.
type realPython struct {
	pythons.Python
	child  *pythons.Child
	config pickle.Config
	names  map[string][]string // the methods that its types have
}

func serveReal(t *testing.T, p pythons.Python) *realPython {
	r := &realPython{Python: p, child: p.Serve(t, pythons.Module{Name: "builtin", Source: builtinSource})}
	r.config.Protocol = max(2, min(p.Protocol(), 4))
	if err := r.config.Assign(r.ask(t, nil), &r.names); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *realPython) ask(t *testing.T, v py.Value) py.Value {
	t.Helper()
	request, err := r.config.Append(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := r.child.Call(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := pickle.Decode(reply)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// An episode is the calls of one object and what they gave here.
type episode struct {
	args  py.Tuple
	calls []py.Value // (method, args)
	got   []moment
}

// A moment is one call's outcome, and the object behind it.
type moment struct {
	result  py.Value
	err     *py.Exception
	value   py.Value
	repr    string
	skipped bool // in another order than Python's
}

func (r *realPython) compare(t *testing.T, typeid string) {
	episodes := 100
	if testing.Short() {
		episodes = 15
	}
	var all []episode
	var request []py.Value
	for seed := range uint64(episodes) {
		m := &maker{Rand: rand.New(rand.NewPCG(seed, 7)), python: r.Python, typeid: typeid, names: r.names[typeid]}
		e := m.episode(t)
		all = append(all, e)
		request = append(request, py.Tuple{typeid, e.args, py.NewList(e.calls...)})
	}
	answers := r.ask(t, py.NewList(request...)).(*py.List).Items
	for i, e := range all {
		for j, pickled := range answers[i].(*py.List).Items {
			text, ok := pickled.(py.Bytes)
			if s, is2 := pickled.(py.Str2); is2 {
				text, ok = py.Bytes(s), true
			}
			if !ok {
				t.Fatalf("%s%v: %v", typeid, e.args, pickled)
			}
			want, err := pickle.Decode([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if problem := r.differs(e.got[j], want.(py.Tuple)); problem != "" {
				t.Fatalf("%s%v: after %v, the call %v: %s", typeid, e.args, e.calls[:j], e.calls[j], problem)
			}
		}
	}
}

// differs says how what was got differs from Python's answer.
func (r *realPython) differs(got moment, want py.Tuple) string {
	exact := r.AtLeast(3, 12)
	if kind, _ := py.Text(want[0]); kind == "error" {
		class, _ := py.Text(want[1])
		message, _ := py.Text(want[2])
		switch {
		case got.err == nil:
			return fmt.Sprintf("gave %v; Python raises %s: %s", got.result, class, message)
		case !got.err.IsA(class) && (r.Major > 2 || class != "OverflowError"):
			return fmt.Sprintf("gave %v; Python raises %s: %s", got.err, class, message)
		}
		if mine, _ := py.Str(got.err); exact && plainText(mine) != plainText(message) {
			return fmt.Sprintf("says %q; Python says %q", mine, message)
		}
	} else if got.err != nil {
		return fmt.Sprintf("raised %v; Python gives %v", got.err, want[1])
	} else if !got.skipped && !r.same(got.result, want[1]) {
		return fmt.Sprintf("gave %v; Python gives %v", got.result, want[1])
	}
	if !r.same(got.value, want[3]) {
		return fmt.Sprintf("left %v; Python %v", got.value, want[3])
	}
	text, _ := py.Text(want[4])
	if _, isSet := want[3].(*py.Set); exact && !isSet && !strings.Contains(text, "{") && got.repr != text {
		return fmt.Sprintf("left %s; Python %s", got.repr, text)
	}
	return ""
}

// plainText makes one of texts that differ: by which two items a sort looks at first, by the order of a set that is no key, and between 3.12 and 3.13.
func plainText(s string) string {
	if before, _, found := strings.Cut(s, "not supported between instances of"); found {
		return before
	}
	if strings.HasPrefix(s, "{") || strings.HasPrefix(s, "frozenset({") {
		return "a set"
	}
	return strings.Replace(s, "must assign iterable to extended slice", "can only assign an iterable", 1)
}

// same compares two values with their types, which Python 2 has others of.
func (r *realPython) same(got, want py.Value) bool {
	if r.Major == 2 {
		equal, err := py.Equal(got, want)
		return err == nil && equal
	}
	if py.TypeName(got) != py.TypeName(want) {
		return false
	}
	switch got := got.(type) {
	case *py.List:
		return slices.EqualFunc(got.Items, want.(*py.List).Items, r.same)
	case py.Tuple:
		return slices.EqualFunc(got, want.(py.Tuple), r.same)
	case *py.Dict:
		return slices.EqualFunc(flat(got), flat(want.(*py.Dict)), r.same)
	case py.AnySet:
		return slices.Equal(sortedTexts(got), sortedTexts(want.(py.AnySet)))
	}
	return outcomeOf(got, nil) == outcomeOf(want, nil)
}

func flat(d *py.Dict) (out []py.Value) {
	for key, v := range d.All() {
		out = append(out, key, v)
	}
	return out
}

func sortedTexts(s py.AnySet) (out []string) {
	for v := range s.All() {
		text := outcomeOf(v, nil)
		if inner, ok := v.(py.AnySet); ok {
			text = fmt.Sprint(sortedTexts(inner))
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}
