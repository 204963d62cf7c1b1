package pickle

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// custom is what the tests' constructors make: it takes all that a pickle can do with an object.
type custom struct {
	did []string
}

func (c *custom) note(what string, values ...py.Value) {
	for _, v := range values {
		what += " " + dump(v)
	}
	c.did = append(c.did, what)
}

func (c *custom) SetState(state py.Value) error {
	if state == "bad" {
		return py.ValueError("bad state")
	}
	c.note("state", state)
	return nil
}

func (c *custom) AppendItems(items []py.Value) error {
	c.note("append", py.Tuple(items))
	return nil
}

func (c *custom) SetItem(key, value py.Value) error {
	c.note("item", key, value)
	return nil
}

func TestConstruct(t *testing.T) {
	r := NewRegistry()
	r.Construct(py.Global{Module: "m", Name: "C"}, func(args py.Tuple, kwargs *py.Dict) (py.Value, error) {
		c := &custom{}
		c.note("made with", args)
		if kwargs != nil {
			c.note("and", kwargs)
		}
		if len(args) == 1 && args[0] == "bad" {
			return nil, errBad
		}
		return c, nil
	})
	r.Construct(py.Global{Module: "builtins", Name: "set"}, func(py.Tuple, *py.Dict) (py.Value, error) { return "no set", nil })
	c := Config{Registry: r}

	for _, test := range []struct{ pickle, want string }{
		{"cm\nC\nI1\n\x85R.", "made with t[1]"},
		{"cm\nC\nI1\n\x85\x81.", "made with t[1]"},
		{"cm\nC\n)}\x8c\x01aI1\ns\x92.", `made with t[]; and {"a": 1}`},
		{"(I1\nim\nC\n.", "made with t[1]"},
		{"(cm\nC\nI1\no.", "made with t[1]"},
		{"ccopyreg\n_reconstructor\n(cm\nC\ncbuiltins\nobject\nNtR.", "made with t[]"},
		{"cm\nC\n)R}b.", "made with t[]; state {}"},
		{"cm\nC\n)RI1\na(I2\nI3\ne(I4\n\x90.", "made with t[]; append t[1]; append t[2, 3]; append t[4]"},
		{"cm\nC\n)RI1\nI2\ns(I3\nI4\nI5\nI6\nu.", "made with t[]; item 1 2; item 3 4; item 5 6"},
	} {
		v, err := c.Decode([]byte(test.pickle))
		if err != nil {
			t.Errorf("%q: %v", test.pickle, err)
			continue
		}
		if got := strings.Join(v.(*custom).did, "; "); got != test.want {
			t.Errorf("%q: %s, not %s", test.pickle, got, test.want)
		}
	}

	if v, err := c.Decode([]byte("cbuiltins\nset\n)R.")); v != "no set" || err != nil {
		t.Errorf("a constructor that takes the place of a known one: %v, %v", v, err)
	}
	if _, err := c.Decode([]byte("cm\nC\nVbad\n\x85R.")); !errors.Is(err, errBad) {
		t.Errorf("the error of a constructor is not found in %v", err)
	}
	if _, err := c.Decode([]byte("cm\nC\n)RVbad\nb.")); !py.IsException(err, "ValueError") {
		t.Errorf("the error of SetState is not found in %v", err)
	}
	if v, err := Decode([]byte("cm\nC\n)R.")); dump(v) != "Called <m.C>t[]" || err != nil {
		t.Errorf("another registry: %s, %v", dump(v), err)
	}
}

var errBad = errors.New("bad")

// TestPlainResults: what a constructor returns may be no more than a value. A state or items of it are an error then, and not lost.
func TestPlainResults(t *testing.T) {
	r := NewRegistry()
	r.Construct(py.Global{Module: "m", Name: "f"}, func(args py.Tuple, _ *py.Dict) (py.Value, error) { return args, nil })
	r.Construct(py.Global{Module: "m", Name: "list"}, func(args py.Tuple, _ *py.Dict) (py.Value, error) { return py.NewList(args...), nil })
	c := Config{Registry: r}
	for pickle, want := range map[string]string{
		"cm\nf\nI1\n\x85R.":            "t[1]",
		"cm\nf\n)R}b.":                 "!corrupt",
		"cm\nf\n)RNb.":                 "t[]",
		"cm\nf\n)RI1\na.":              "!corrupt",
		"cm\nf\n)R(I1\n\x90.":          "!corrupt",
		"cm\nf\n)RI1\nI1\ns.":          "!corrupt",
		"cm\nlist\nI1\n\x85RI2\na.":    "[1, 2]",
		"cm\nlist\nI1\n\x85R2\x86.":    "t[[1], #0]",
		"cm\nlist\nI1\n\x85R\x85\x85.": "t[t[[1]]]",
	} {
		if got := result(t, c, pickle); got != want {
			t.Errorf("%q: %s, not %s", pickle, got, want)
		}
	}
}

func TestRegisteredNames(t *testing.T) {
	r := NewRegistry()
	r.Exception(py.Global{Module: "m", Name: "Error"})
	r.Extension(5, py.Global{Module: "m", Name: "C"})
	r.Extension(1<<20, py.Global{Module: "builtins", Name: "Ellipsis"})
	c := Config{Registry: r}
	for pickle, want := range map[string]string{
		"cm\nError\nI1\n\x85R}b.":   "!m.Errort[1]+{}",
		"cm\nError\n)\x81.":         "!m.Errort[]",
		"cm\nOther\n)R.":            "Called <m.Other>t[]",
		"\x82\x05)\x81.":            "Made <m.C>t[]",
		"\x83\x05\x00.":             "<m.C>",
		"\x84\x00\x00\x10\x00.":     "py.Singleton Ellipsis",
		"\x82\x06.":                 "Extension Nonet[6]",
		"cqueue\nEmpty\nI1\n\x85R.": "!queue.Emptyt[1]",
	} {
		if got := result(t, c, pickle); got != want {
			t.Errorf("%q: %s, not %s", pickle, got, want)
		}
	}
}

// TestRegistryIsShared: registrations come while pickles are read.
func TestRegistryIsShared(t *testing.T) {
	r := NewRegistry()
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 100 {
				g := py.Global{Module: "m", Name: fmt.Sprintf("f%d_%d", i, j)}
				r.Construct(g, func(py.Tuple, *py.Dict) (py.Value, error) { return g.Name, nil })
				v, err := (Config{Registry: r}).Decode([]byte("cm\n" + g.Name + "\n)R."))
				if v != g.Name || err != nil {
					t.Errorf("%v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestClone: what either registry gets later the other does not have.
func TestClone(t *testing.T) {
	r := NewRegistry()
	made := func(text string) func(py.Tuple, *py.Dict) (py.Value, error) {
		return func(py.Tuple, *py.Dict) (py.Value, error) { return text, nil }
	}
	a, b := py.Global{Module: "m", Name: "A"}, py.Global{Module: "m", Name: "B"}
	r.Construct(a, made("first"))
	r.Extension(1, a)
	c := r.Clone()
	c.Construct(b, made("second"))
	r.Construct(a, made("third"))
	for _, test := range []struct {
		r            *Registry
		pickle, want string
	}{
		{c, "cm\nA\n)R.", `"first"`}, {c, "cm\nB\n)R.", `"second"`}, {c, "\x80\x02\x82\x01)R.", `"first"`},
		{r, "cm\nA\n)R.", `"third"`}, {r, "cm\nB\n)R.", ""},
		{(*Registry)(nil).Clone(), "cm\nA\n)R.", ""},
	} {
		v, err := Config{Registry: test.r}.Decode([]byte(test.pickle))
		_, opaque := v.(*py.Object)
		if err != nil || test.want != "" && fmt.Sprintf("%q", v) != test.want || test.want == "" && !opaque {
			t.Errorf("%q is %v, %v; want %s", test.pickle, v, err, test.want)
		}
	}
}
