package pickle

import (
	"reflect"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// TestAssignShared: what is one object in Python is one in Go, where the types allow it.
func TestAssignShared(t *testing.T) {
	list := py.NewList(int64(1))
	tuple := py.Tuple{int64(1)}
	m := pyDict("x", int64(1))
	d := pyDict("A", m, "B", m, "C", list, "D", list, "E", list, "F", tuple, "G", tuple, "M", m, "N", m, "V", m, "W", m)
	type point struct {
		X int `pickle:"x"`
	}
	var got struct {
		A, B *point
		C, D []int
		E    []int64
		F, G []int
		M, N map[string]int
		V, W point
	}
	if err := Assign(d, &got); err != nil {
		t.Fatal(err)
	}
	got.A.X, got.C[0], got.F[0], got.M["x"], got.V.X = 2, 3, 4, 5, 6
	if got.B.X != 2 || got.D[0] != 3 || got.G[0] != 4 || got.N["x"] != 5 {
		t.Errorf("what was shared is not: %+v %+v", got, got.B)
	}
	if got.E[0] != 1 || got.W.X != 1 {
		t.Errorf("what has another type, or is a value, is shared: %+v", got)
	}
	if v, _ := m.GetStr("x"); v != any(int64(1)) || list.Items[0] != any(int64(1)) {
		t.Error("the Python value has changed")
	}
}

func TestAssignCycles(t *testing.T) {
	d := pyDict("Name", "a")
	for _, kv := range [][2]py.Value{{"Next", d}, {"Children", py.NewList(d)}, {"Index", pyDict("n", d)}} {
		if err := d.Set(kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	var n treeNode
	if err := Assign(d, &n); err != nil {
		t.Fatal(err)
	}
	if n.Next != &n || n.Children[0] != &n || n.Index["n"] != &n {
		t.Errorf("the struct should refer to itself: %p %+v", &n, n)
	}
	var p *treeNode
	if err := Assign(d, &p); err != nil {
		t.Fatal(err)
	}
	if p.Next != p || p.Children[0] != p {
		t.Errorf("the new struct should refer to itself: %p %+v", p, p)
	}
	// A cycle in the variable, and one in the value.
	old := &treeNode{Name: "old"}
	old.Next = old
	if err := Assign(d, old); err != nil {
		t.Fatal(err)
	}
	if old.Next != old || old.Name != "a" {
		t.Errorf("the old struct should refer to itself: %p %+v", old, old)
	}

	type list []list
	l := py.NewList(nil)
	l.Items[0] = l
	var gl list
	if err := Assign(l, &gl); err != nil {
		t.Fatal(err)
	}
	if len(gl) != 1 || len(gl[0]) != 1 || &gl[0] != &gl[0][0] {
		t.Errorf("the slice should contain itself: %v", len(gl))
	}
	type dict map[string]dict
	pd := pyDict()
	if err := pd.Set("d", pd); err != nil {
		t.Fatal(err)
	}
	var gd dict
	if err := Assign(pd, &gd); err != nil {
		t.Fatal(err)
	}
	if reflect.ValueOf(gd).Pointer() != reflect.ValueOf(gd["d"]).Pointer() {
		t.Error("the map should contain itself")
	}
	type ptr *ptr
	var gp ptr
	_ = Assign(l, &gp) // a pointer that leads to nothing but pointers; it ends
}

// TestAssignBomb: lists of twice the same list, which would be 2^60 elements without sharing.
func TestAssignBomb(t *testing.T) {
	type list []list
	l := py.NewList()
	for range 60 {
		l = py.NewList(l, l)
	}
	var to list
	if err := Assign(l, &to); err != nil {
		t.Fatal(err)
	}
	if &to[0][0] != &to[1][0] {
		t.Error("the two lists are one in Python")
	}
}

func TestAssignDepth(t *testing.T) {
	type list []list
	l := py.NewList()
	for range 1_000 {
		l = py.NewList(l)
	}
	var to list
	if err := Assign(l, &to); err != nil {
		t.Fatal(err)
	}
	err := Config{Limits: Limits{Depth: 100}}.Assign(l, &to)
	if err == nil || !strings.HasSuffix(err.Error(), errTooDeep(100).Error()) || len(err.Error()) > 1000 {
		t.Errorf("a thousand lists in one another: %v", err)
	}
	for range 20_000 {
		l = py.NewList(l)
	}
	if err := Assign(l, &to); err == nil {
		t.Error("21,000 lists in one another are no error")
	}
	var n, long *treeNode
	for range 9_000 {
		long = &treeNode{Next: long}
	}
	if err := Assign(mustOf(t, long), &n); err != nil {
		t.Error(err)
	}
	d := pyDict("Name", "last")
	for range 20_000 {
		d = pyDict("Next", d)
	}
	if err := Assign(d, &n); err == nil {
		t.Error("20,000 dicts in one another are no error")
	}
}

// TestAssignExisting: what the variable had before, as encoding/json has it.
func TestAssignExisting(t *testing.T) {
	m := map[string]int{"old": 1, "a": 1}
	if err := Assign(pyDict("a", int64(2)), &m); err != nil || !reflect.DeepEqual(m, map[string]int{"old": 1, "a": 2}) {
		t.Errorf("a dict into a map: %v, %v", m, err)
	}
	p := person{Name: "old", Age: 3}
	if err := Assign(pyDict("name", "new"), &p); err != nil || p.Name != "new" || p.Age != 3 {
		t.Errorf("a dict into a struct: %+v, %v", p, err)
	}
	if err := Assign(pyDict("age", nil), &p); err != nil || p.Age != 0 {
		t.Errorf("None into a field: %+v, %v", p, err)
	}
	inner := &person{Name: "old", Age: 3}
	outer := struct{ P *person }{inner}
	if err := Assign(pyDict("P", pyDict("name", "new")), &outer); err != nil || outer.P != inner || inner.Name != "new" || inner.Age != 3 {
		t.Errorf("a dict into a pointer: %+v, %v", inner, err)
	}
	s := make([]person, 3, 10)
	s[0].Age = 7
	first := &s[0]
	if err := Assign(py.NewList(pyDict("name", "x")), &s); err != nil || len(s) != 1 || &s[0] != first || s[0].Age != 0 || s[0].Name != "x" {
		t.Errorf("a list into a slice: %+v, %v", s, err)
	}
	b := make([]byte, 0, 10)
	at := &b[:1][0]
	if err := Assign(py.Bytes("abc"), &b); err != nil || string(b) != "abc" || &b[0] != at {
		t.Errorf("bytes into a slice: %q, %v", b, err)
	}
	ba := &py.ByteArray{B: []byte("xyz")}
	if err := Assign(ba, &b); err != nil || string(b) != "xyz" || &b[0] == &ba.B[0] {
		t.Errorf("a bytearray into a slice: %q, %v", b, err)
	}
}

func TestAssignValue(t *testing.T) {
	f := reflect.TypeFor[func(name string, n uint8)]()
	args := []py.Value{"x", int64(300)}
	for i, arg := range args {
		err := Config{}.AssignValue(arg, reflect.New(f.In(i)).Elem())
		if (err == nil) != (i == 0) {
			t.Errorf("argument %d: %v", i, err)
		}
	}
	if err := (Config{}).AssignValue("x", reflect.ValueOf("y")); err == nil {
		t.Error("a value that can't be set is no error")
	}
}

func TestAs(t *testing.T) {
	if n, err := As[int](int64(3)); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := As[int]("x"); err == nil {
		t.Error("a str as an int is no error")
	}
}
