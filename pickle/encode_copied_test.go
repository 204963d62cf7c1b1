package pickle

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

type (
	oneField struct{ A int }
	noFields struct{}
)

// copiedValues are Go values without an identity that lie at one address each.
func copiedValues() *py.List {
	l := py.NewList()
	for range 3 {
		l.Items = append(l.Items, oneField{1}, oneField{}, [2]int{1, 2}, []int(nil), map[string]int(nil), &noFields{})
	}
	return l
}

// What has no identity in Go is another object each time in Python, though Go keeps one copy of constants and of what is zero. What a pointer in it leads to is one object.
func TestGoValuesWithoutIdentity(t *testing.T) {
	data, err := Marshal(copiedValues())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[py.Value]bool{}
	for i, item := range v.(*py.List).Items {
		if seen[item] {
			t.Errorf("item %d is the same as one before", i)
		}
		seen[item] = true
	}
	shared := &oneField{7}
	holder := struct{ P *oneField }{shared}
	var boxed any = holder
	checkDump(t, py.NewList(boxed, boxed, shared), `[{"P": {"A": 7}}, {"P": #2}, #2]`)
	// In a tuple that contains itself all is noted twice, and written in parts twice.
	inside := py.NewList()
	circle := py.Tuple{inside, oneField{1}, oneField{1}}
	inside.Items = []py.Value{circle}
	checkDump(t, circle, `t[[t[#0, {"A": 1}, {"A": 1}]], #1, #2]`)
}

func TestPythonReadsCopiedGoValues(t *testing.T) {
	data, err := Config{Protocol: 2}.Marshal(copiedValues())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pythons.Require(t) {
		answer, err := p.Serve(t, classes, reads).Call(append([]byte("len(v) == 18 and len(set(map(id, v))) == 18\n"), data...))
		if err != nil || len(answer) > 0 {
			t.Errorf("%v: %v %s", p, err, answer)
		}
	}
}

func checkDump(t *testing.T, v any, want string) {
	t.Helper()
	data, err := Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if s := dump(got); s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

// A pointer to an array leads to a tuple where it is a key, and to a list elsewhere, in whichever order the two come.
func TestPointerToArrayAsKeyAndValue(t *testing.T) {
	a := &[2]int{1, 2}
	checkDump(t, struct {
		A *[2]int
		M map[*[2]int]*[2]int
	}{a, map[*[2]int]*[2]int{a: a}}, `{"A": [1, 2], "M": {t[1, 2]: #1}}`)
	checkDump(t, map[*[2]int]*[2]int{a: a}, `{t[1, 2]: [1, 2]}`)
}
