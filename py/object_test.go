package py

import (
	"maps"
	"slices"
	"testing"
)

func TestAttributes(t *testing.T) {
	class := Global{"m", "C"}
	for name, c := range map[string]struct {
		state Value
		names []string
		x     Value // of attribute x
	}{
		"a dict":             {dictOf("x", int64(1), "y", int64(2)), []string{"x", "y"}, int64(1)},
		"slots only":         {Tuple{nil, dictOf("x", int64(1))}, []string{"x"}, int64(1)},
		"a dict and slots":   {Tuple{dictOf("y", nil, "z", nil), dictOf("x", int64(1))}, []string{"y", "z", "x"}, int64(1)},
		"a slot hides":       {Tuple{dictOf("x", int64(2), "z", nil), dictOf("x", int64(1))}, []string{"z", "x"}, int64(1)},
		"none":               {nil, nil, nil},
		"an empty dict":      {dictOf(), nil, nil},
		"a value of its own": {int64(1), nil, nil},
		"a pair of its own":  {Tuple{int64(1), dictOf("x", int64(1))}, nil, nil},
		"a dict and None":    {Tuple{dictOf("x", int64(1)), nil}, nil, nil},
		"a triple":           {Tuple{nil, nil, dictOf("x", int64(1))}, nil, nil},
		"keys are no names":  {dictOf("x", int64(1), int64(2), int64(3)), nil, nil},
	} {
		o := &Object{Class: class, Built: true, State: c.state}
		if got := slices.Collect(maps.Keys(maps.Collect(o.Attrs()))); len(got) != len(c.names) {
			t.Errorf("%s: attributes %v, want %v", name, got, c.names)
		}
		i := 0
		for n, v := range o.Attrs() {
			if n != c.names[i] {
				t.Errorf("%s: attribute %d is %s, want %s", name, i, n, c.names[i])
			}
			if got, ok := o.Attr(n); !ok || got != v {
				t.Errorf("%s: %s is %v, %v; want %v", name, n, got, ok, v)
			}
			i++
		}
		if got, ok := o.Attr("x"); got != c.x || ok != (c.x != nil) {
			t.Errorf("%s: x is %v, %v; want %v", name, got, ok, c.x)
		}
		if _, ok := o.Attr("no"); ok {
			t.Errorf("%s has an attribute that it has not", name)
		}
		for range o.Attrs() {
			break // it can be left
		}
	}
}

func TestClassNames(t *testing.T) {
	class := Global{"m", "C.D"}
	for want, o := range map[string]*Object{
		"m.C.D":                  {Class: class},
		"builtins.getattr":       {Class: Global{"builtins", "getattr"}, Args: Tuple{class, "x"}},
		"":                       {Class: &Object{Class: class}},
		"m.new":                  {Class: Global{"copyreg", "_reconstructor"}, Args: Tuple{Global{"m", "new"}, Global{"builtins", "object"}, nil}},
		"m.newer":                {Class: Global{"copyreg", "__newobj__"}, Args: Tuple{Global{"m", "newer"}, int64(1)}},
		"copyreg._reconstructor": {Class: Global{"copyreg", "_reconstructor"}, Args: Tuple{class}},
		"copyreg.__newobj__":     {Class: Global{"copyreg", "__newobj__"}},
	} {
		if got := o.ClassName(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestEnumValue(t *testing.T) {
	color := Global{"m", "Color"}
	for _, c := range []struct {
		o    *Object
		want Value
	}{
		{&Object{Class: color, Args: Tuple{int64(2)}}, int64(2)},
		{&Object{Class: color, Args: Tuple{int64(2), int64(3)}}, nil},
		{&Object{Class: color, Args: Tuple{int64(2)}, Built: true, State: dictOf()}, nil},
		{&Object{Class: color, Args: Tuple{int64(2)}, Items: []Value{nil}}, nil},
		{&Object{Class: &Object{Class: color}, Args: Tuple{int64(2)}}, nil},
		{&Object{Class: color}, nil},
	} {
		if got, ok := c.o.EnumValue(); got != c.want || ok != (c.want != nil) {
			t.Errorf("%v, %v; want %v", got, ok, c.want)
		}
	}
}
