package pickle

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

type (
	account struct {
		Owner   string     `pickle:"owner"`
		Balance int        `pickle:"balance"`
		Parent  *account   `pickle:"parent"`
		Subs    []*account `pickle:"subs,omitempty"`
	}
	point struct {
		X     int    `pickle:"x"`
		Y     int    `pickle:"y"`
		Label string `pickle:"label,omitempty"`
	}
	stretch struct {
		A    point   `pickle:"a"`
		B    *point  `pickle:"b"`
		More []point `pickle:"more,omitempty"`
	}
	// A contains a B by value, which refers to the A.
	ownerA struct {
		B ownedB `pickle:"b"`
	}
	ownedB struct {
		A *ownerA `pickle:"a"`
		N int     `pickle:"n"`
	}
	wares struct{ items []py.Value }
)

func (c *wares) MarshalPickle() (py.Value, error) {
	return &py.Object{Form: py.Made, Class: py.Global{Module: "shop", Name: "Custom"}, Args: py.Tuple{}, Items: c.items}, nil
}

func (c *wares) UnmarshalPickle(v py.Value) error {
	o, ok := v.(*py.Object)
	if !ok {
		return errors.New("want an instance")
	}
	c.items = o.Items
	return nil
}

func shop() *Registry {
	r := NewRegistry()
	RegisterClass[account](r, "shop", "Account")
	RegisterClass[account](r, "shop.old", "Konto")
	RegisterClass[point](r, "shop", "Point", "x", "y")
	RegisterClass[stretch](r, "shop", "Stretch")
	RegisterClass[ownerA](r, "shop", "OwnerA")
	RegisterClass[ownedB](r, "shop", "OwnedB")
	RegisterClass[wares](r, "shop", "Custom")
	return r
}

func TestRegisteredClassOf(t *testing.T) {
	c := Config{Registry: shop()}
	a := &account{Owner: "ann", Balance: 1}
	a.Parent = a
	v, err := c.Of([]any{a, a, *a, point{X: 1, Y: 2}, &point{Label: "p"}, map[point]int{{X: 3}: 4}})
	if err != nil {
		t.Fatal(err)
	}
	items := v.(*py.List).Items
	if items[0] != items[1] || items[0] == items[2] {
		t.Error("one pointer is one instance, a copy another one")
	}
	o := items[0].(*py.Object)
	if o.Form != py.Made || o.Class != (py.Global{Module: "shop", Name: "Account"}) || !o.Built {
		t.Errorf("the instance is %+v", o)
	}
	if parent, _ := o.Attr("parent"); parent != any(o) {
		t.Errorf("the parent is %v", parent)
	}
	p := items[3].(*py.Object)
	if p.Form != py.Called || !reflect.DeepEqual(p.Args, py.Tuple{int64(1), int64(2)}) || p.Built {
		t.Errorf("the point is %+v", p)
	}
	if label, _ := items[4].(*py.Object).Attr("label"); label != "p" {
		t.Errorf("the label is %v", label)
	}
	if got, want := reprOf(t, items[5]), "{shop.Point(3, 0): 4}"; got != want {
		t.Errorf("a struct as a key is %s, want %s", got, want)
	}
	if d, ok := mustOf(t, a).(*py.Dict); !ok {
		t.Errorf("without the registry it is %v", d)
	}
}

func TestRegisteredClassAssign(t *testing.T) {
	c := Config{Registry: shop()}
	o := instanceOf("shop.Account", "owner", "ann", "balance", int64(3))
	for _, kv := range [][2]py.Value{{"parent", o}, {"subs", py.NewList(o)}} {
		if err := o.State.(*py.Dict).Set(kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	var v any
	if err := c.Assign(py.NewList(o), &v); err != nil {
		t.Fatal(err)
	}
	var list []any
	if err := c.Assign(py.NewList(o, o, instanceOf("shop.Other")), &list); err != nil {
		t.Fatal(err)
	}
	a, ok := list[0].(*account)
	if !ok || list[1] != any(a) || a.Owner != "ann" || a.Parent != a || a.Subs[0] != a {
		t.Errorf("the account is %+v", list[0])
	}
	if _, ok := list[2].(*py.Object); !ok {
		t.Errorf("an instance of another class is %T", list[2])
	}
	call := func(args ...py.Value) *py.Object {
		return &py.Object{Class: py.Global{Module: "shop", Name: "Point"}, Args: args}
	}
	made := &py.Object{Form: py.Made, Class: py.Global{Module: "shop", Name: "Point"}, Args: py.Tuple{int64(1), int64(2)}, Built: true, State: pyDict("label", "p")}
	named := &py.Object{Form: py.MadeWith, Class: py.Global{Module: "shop", Name: "Point"}, Args: py.Tuple{int64(1)}, Kwargs: pyDict("y", int64(2))}
	old := &py.Object{Class: py.Global{Module: "copyreg", Name: "_reconstructor"},
		Args: py.Tuple{py.Global{Module: "shop", Name: "Point"}, py.Global{Module: "builtins", Name: "object"}, nil}, Built: true, State: pyDict("x", int64(1), "y", int64(2))}
	for _, c2 := range []struct {
		in   py.Value
		want point
	}{{call(int64(1), int64(2)), point{X: 1, Y: 2}}, {call(), point{}}, {made, point{1, 2, "p"}}, {named, point{X: 1, Y: 2}}, {old, point{X: 1, Y: 2}}} {
		var p point
		var pp *point
		var v any
		if err := errors.Join(c.Assign(c2.in, &p), c.Assign(c2.in, &pp), c.Assign(c2.in, &v)); err != nil {
			t.Errorf("%s: %v", reprOf(t, c2.in), err)
		} else if p != c2.want || *pp != c2.want || *v.(*point) != c2.want {
			t.Errorf("%s is %+v, %+v and %+v", reprOf(t, c2.in), p, pp, v)
		}
	}
	for _, c2 := range []struct {
		in   py.Value
		want string
	}{
		{call(int64(1), int64(2), int64(3)), "pickle: Python's Point into Go's pickle.point: it is made of 3 arguments, and the class was registered with 2"},
		{call("x"), "pickle: .x: Python's str into Go's int"},
		{&py.Object{Class: py.Global{Module: "shop", Name: "Point"}, Built: true, State: py.NewList()}, "pickle: Python's Point into Go's pickle.point: its state has 0 parts, and the class was registered with 2 arguments"},
		{&py.Object{Class: py.Global{Module: "shop", Name: "Point"}, Items: []py.Value{nil}}, "pickle: Python's Point into Go's pickle.point: it has items, which only a method UnmarshalPickle can take"},
	} {
		var v any
		if err := c.Assign(c2.in, &v); err == nil || err.Error() != c2.want {
			t.Errorf("%v\nwant %s", err, c2.want)
		}
	}
	var cu wares
	if err := c.Assign(&py.Object{Class: py.Global{Module: "shop", Name: "Custom"}, Items: []py.Value{"x"}}, &cu); err != nil || len(cu.items) != 1 {
		t.Errorf("a class with a method of its own: %v, %v", cu, err)
	}
}

// TestRegisteredClassPickled goes through a pickle, in which the instances are filled only when all is there.
func TestRegisteredClassPickled(t *testing.T) {
	for protocol := 2; protocol <= HighestProtocol; protocol++ {
		c := Config{Registry: shop(), Protocol: protocol}
		roundTrip := func(v any) py.Value {
			t.Helper()
			data, err := c.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			out, err := c.Decode(data)
			if err != nil {
				t.Fatalf("%v: %q", err, data)
			}
			return out
		}
		// A list that contains an instance whose attribute is the list, which is not complete at its BUILD.
		a := &account{Owner: "ann"}
		a.Subs = []*account{a, {Owner: "bob", Parent: a}}
		list := roundTrip(a.Subs).(*py.List)
		got := list.Items[0].(*account)
		if got.Owner != "ann" || len(got.Subs) != 2 || got.Subs[0] != got || got.Subs[1] != list.Items[1] || got.Subs[1].Parent != got {
			t.Errorf("protocol %d: %+v", protocol, got)
		}
		p := &point{1, 2, "p"}
		s := roundTrip(&stretch{*p, p, []point{*p, {X: 5}}}).(*stretch)
		if s.A != *p || *s.B != *p || !reflect.DeepEqual(s.More, []point{*p, {X: 5}}) {
			t.Errorf("protocol %d: %+v", protocol, s)
		}
		// The A that b refers to has a copy of b, whose state comes later in the pickle.
		b := &ownedB{N: 3}
		b.A = &ownerA{B: *b}
		object := mustInstance(t, c, b)
		gb := roundTrip(object).(*ownedB)
		if gb.N != 3 || gb.A == nil || gb.A.B.N != 3 || gb.A.B.A != gb.A {
			t.Errorf("protocol %d: %+v", protocol, gb)
		}
		cu := roundTrip(&wares{[]py.Value{"x", int64(1)}}).(*wares)
		if !reflect.DeepEqual(cu.items, []py.Value{"x", int64(1)}) {
			t.Errorf("protocol %d: %+v", protocol, cu)
		}
		var into account
		data, err := c.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Unmarshal(data, &into); err != nil || into.Owner != "ann" || into.Subs[1].Owner != "bob" {
			t.Errorf("protocol %d: %+v, %v", protocol, into, err)
		}
		// Another registry sees an instance, and fields all the same.
		into = account{}
		if err := Unmarshal(data, &into); err != nil || into.Owner != "ann" || into.Subs[0] != &into {
			t.Errorf("protocol %d, without the registry: %+v, %v", protocol, into, err)
		}
	}
}

// mustInstance is an instance of OwnedB whose OwnerA has the same instance as its b, as Python would have it.
func mustInstance(t *testing.T, c Config, b *ownedB) py.Value {
	t.Helper()
	v, err := c.Of(b)
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*py.Object)
	a, _ := o.Attr("a")
	if err := a.(*py.Object).State.(*py.Dict).Set("b", o); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRegisteredClassWithoutAnEnd(t *testing.T) {
	r := NewRegistry()
	RegisterClass[recursive2](r, "m", "R2")
	o := instanceOf("m.R2", "x", int64(1))
	if err := o.State.(*py.Dict).Set("copies", py.NewList(o)); err != nil {
		t.Fatal(err)
	}
	c := Config{Registry: r}
	data, err := c.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Decode(data); err == nil {
		t.Errorf("an instance that contains a copy of itself is %+v", v)
	} else if e := (*UnmarshalTypeError)(nil); !errors.As(err, &e) {
		t.Errorf("%v is no UnmarshalTypeError", err)
	}
}

type recursive2 struct {
	X      int          `pickle:"x"`
	Copies []recursive2 `pickle:"copies"`
}

func TestRegisterClassPanics(t *testing.T) {
	for name, register := range map[string]func(r *Registry){
		"int":        func(r *Registry) { RegisterClass[int](r, "m", "C") },
		"pointer":    func(r *Registry) { RegisterClass[*point](r, "m", "C") },
		"py.List":    func(r *Registry) { RegisterClass[py.List](r, "m", "C") },
		"no field":   func(r *Registry) { RegisterClass[point](r, "m", "C", "z") },
		"a bad tag":  func(r *Registry) { RegisterClass[badTag](r, "m", "C") },
		"an unnamed": func(r *Registry) { RegisterClass[struct{ X int }](r, "m", "C") },
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok {
					t.Errorf("%s: no panic with an error", name)
				} else {
					t.Log(err)
				}
			}()
			register(NewRegistry())
		}()
	}
}

// TestRegisteredClassBeforeText: who registers a type means more than the methods say that it has for messages and other codecs.
func TestRegisteredClassBeforeText(t *testing.T) {
	c := Config{Registry: stockRegistry()}
	text, refused := &stockText{"x"}, &stockRefused{5, "m"}
	list := []any{stockRefused{5, "m"}, refused, refused, stockText{"x"}, text, []stockText{{"y"}}, map[string]error{"e": refused}, (*stockText)(nil), []error{nil, text}}
	v, err := c.Of(list)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reprOf(t, v), "[stock.Refused(5, 'm'), stock.Refused(5, 'm'), stock.Refused(5, 'm'), stock.Text(text='x'), stock.Text(text='x'), [stock.Text(text='y')], "+
		"{'e': stock.Refused(5, 'm')}, None, [None, stock.Text(text='x')]]"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	items := v.(*py.List).Items
	if items[1] != items[2] || items[0] == items[1] || items[4] != items[8].(*py.List).Items[1] {
		t.Error("one pointer is one instance, a copy another one")
	}
	v, err = Of([]any{stockRefused{5, "m"}, refused, stockText{"x"}, text})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reprOf(t, v), "[RuntimeError('refused'), RuntimeError('refused'), 'txt', 'txt']"; got != want {
		t.Errorf("without the registry: %s\nwant %s", got, want)
	}
}

// TestRegisteredClassMisfit: one instance that does not fit fails the pickle, with an error that says whose it is.
func TestRegisteredClassMisfit(t *testing.T) {
	c := Config{Registry: shop()}
	bad := instanceOf("shop.Account", "owner", "ann", "subs", py.NewList(instanceOf("shop.Account", "balance", "much")))
	data, err := c.Marshal(py.NewList(int64(1), bad))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Decode(data)
	var misfit *UnmarshalTypeError
	if d := (*DecodeError)(nil); !errors.As(err, &d) || !errors.As(err, &misfit) {
		t.Fatalf("%v is no DecodeError of an UnmarshalTypeError", err)
	}
	if misfit.Path != "<shop.Account>.balance" {
		t.Errorf("the path is %q", misfit.Path)
	}
	if strings.Count(err.Error(), "pickle: ") != 1 || !strings.Contains(err.Error(), ": <shop.Account>.balance: Python's str into Go's int") {
		t.Errorf("the text is %q", err)
	}
}

// A pointer type with a name of its own has none of the methods of what it leads to, which is text all the same.
func TestNamedPointerToText(t *testing.T) {
	text, failed := &spoken{1}, &failure{1}
	for want, v := range map[string]any{
		"['spoken', 'spoken']":      []spokenPointer{text, text},
		"[RuntimeError('failure')]": []failurePointer{failed},
	} {
		if got := reprOf(t, mustOf(t, v)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	r := NewRegistry()
	RegisterClass[spoken](r, "m", "Spoken")
	v, err := Config{Registry: r}.Of([]spokenPointer{text, text})
	if err != nil {
		t.Fatal(err)
	}
	items := v.(*py.List).Items
	if o, ok := items[0].(*py.Object); !ok || items[1] != py.Value(o) || o.ClassName() != "m.Spoken" {
		t.Errorf("registered it is %v", v)
	}
}

type (
	spoken         struct{ N int }
	spokenPointer  *spoken
	failure        struct{ N int }
	failurePointer *failure
)

func (spoken) MarshalText() ([]byte, error) { return []byte("spoken"), nil }
func (failure) Error() string               { return "failure" }

// A class's name may be a stranger's, and of any length.
func TestNameOfClassInError(t *testing.T) {
	o := &py.Object{Class: py.Global{Module: "m", Name: "\x1b[31m" + strings.Repeat("x", 10_000)}}
	err := Assign(o, new(int))
	if err == nil || strings.Contains(err.Error(), "\x1b") || len(err.Error()) > 700 {
		t.Errorf("%.1000q", err)
	}
}
