package pickle

import (
	"errors"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func memberOf(class string, args ...py.Value) *py.Object {
	return &py.Object{Class: py.Global{Module: "stock", Name: class}, Args: args}
}

func TestEnumAssign(t *testing.T) {
	c := Config{Registry: stockRegistry()}
	built := memberOf("Color", int64(2))
	built.Built, built.State = true, py.NewDict() // as older Pythons write a subclass of int
	for _, o := range []*py.Object{memberOf("Color", int64(2)), built, {Form: py.Made, Class: py.Global{Module: "stock", Name: "Color"}, Args: py.Tuple{int64(2)}}} {
		var color stockColor
		var pointer *stockColor
		var list []stockColor
		var v any
		if err := errors.Join(c.Assign(o, &color), c.Assign(o, &pointer), c.Assign(py.NewList(o), &list), c.Assign(o, &v)); err != nil {
			t.Fatal(err)
		}
		if color != 2 || *pointer != 2 || list[0] != 2 || v != any(o) {
			t.Errorf("%v is %v, %v, %v, %v", o, color, *pointer, list, v)
		}
	}
	var color stockColor
	if err := c.Assign(int64(7), &color); err != nil || color != 7 {
		t.Errorf("a number is %v, %v", color, err)
	}
	for _, test := range []struct {
		in   py.Value
		to   any
		want string
	}{
		{memberOf("Color", "x"), new(stockColor), "pickle: .value: Python's str into Go's pickle.stockColor"},
		{memberOf("Perm", int64(1<<16)), new(stockPerm), "pickle: .value: Python's int into Go's pickle.stockPerm: 65536 does not fit"},
		{memberOf("Color", int64(1), int64(2)), new(stockColor), "pickle: Python's Color into Go's pickle.stockColor: it has more than a value, or none, and its class was registered as an Enum"},
		{memberOf("Other", int64(1), int64(2)), new(stockColor), "pickle: Python's Other into Go's pickle.stockColor: it is an instance of stock.Other; a method UnmarshalPickle or Registry.Construct makes it something else"},
	} {
		if err := c.Assign(test.in, test.to); err == nil || err.Error() != test.want {
			t.Errorf("%v\nwant %s", err, test.want)
		}
	}
}

func TestEnumOf(t *testing.T) {
	r := stockRegistry()
	RegisterEnum[stockColor](r, "old", "Colour") // read as well; the first name is written
	c := Config{Registry: r}
	v, err := c.Of([]any{stockColor(1), stockPerm(4), stockSize("s"), map[stockColor]int{2: 3}, new(stockColor)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reprOf(t, v), "[stock.Color(1), stock.Perm(4), stock.Size('s'), {stock.Color(2): 3}, stock.Color(0)]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := c.Of(stockSize("\xff")); err == nil {
		t.Error("text that is not UTF-8 is written")
	}
	if v := mustOf(t, stockSize("s")); v != "s" {
		t.Errorf("without the registry it is %v", v)
	}
	for _, name := range []string{"stock.Color", "old.Colour"} {
		var color stockColor
		if err := c.Assign(&py.Object{Form: py.Made, Class: instanceOf(name).Class, Args: py.Tuple{int64(2)}}, &color); err != nil || color != 2 {
			t.Errorf("%s: %v, %v", name, color, err)
		}
	}
	defer func() {
		if got, want := recover(), "pickle: RegisterEnum of m.C: int is not a type of your own"; got != want {
			t.Errorf("the panic is %v, want %s", got, want)
		}
	}()
	RegisterEnum[int](r, "m", "C")
}

// TestNilRegistry: nil stands for a registry in a Config, so one is easily taken for the other.
func TestNilRegistry(t *testing.T) {
	g := py.Global{Module: "m", Name: "C"}
	for name, register := range map[string]func(r *Registry){
		"RegisterClass":   func(r *Registry) { RegisterClass[point](r, "m", "C") },
		"RegisterReducer": func(r *Registry) { RegisterReducer(r, func(point) (py.Value, error) { return nil, nil }) },
		"RegisterEnum":    func(r *Registry) { RegisterEnum[stockColor](r, "m", "C") },
		"Construct":       func(r *Registry) { r.Construct(g, nil) },
		"Exception":       func(r *Registry) { r.Exception(g) },
		"Extension":       func(r *Registry) { r.Extension(1, g) },
	} {
		func() {
			defer func() {
				if got, want := recover(), "pickle: the registry is nil; make one with NewRegistry"; got != want {
					t.Errorf("%s: the panic is %v, want %s", name, got, want)
				}
			}()
			register(nil)
		}()
	}
}
