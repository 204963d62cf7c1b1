package py

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestElements(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{NewList(int64(1), "a"), "[1, 'a']"},
		{Tuple{int64(1)}, "[1]"},
		{dictOf("a", int64(1), int64(2), nil), "['a', 2]"},
		{orderedOf("b", int64(1)), "['b']"},
		{setOf("x", int64(3)), "['x', 3]"},
		{frozenOf("x"), "['x']"},
		{"aé€😀\xed\xa0\x80\xff", `['a', 'é', '€', '😀', '\ud800', '\udcff']`},
		{"", "[]"},
		{Bytes("a\xff"), "[97, 255]"},
		{&ByteArray{[]byte("a")}, "[97]"},
		{Str2("ab"), "['a', 'b']"},
		{Str2("h\xc3\xa9"), `['h', '\xc3', '\xa9']`},
		{Range{int64(3), int64(-3), int64(-2)}, "[3, 1, -1]"},
		{arrayOf('d', int64(1)), "[1.0]"},
	} {
		items, err := Elements(c.v)
		if got := mustText(NewList(items...)); got != c.want || err != nil {
			t.Errorf("%s has %s, %v; want %s", mustText(c.v), got, err, c.want)
		}
	}
	for _, v := range []Value{nil, int64(1), 1.5, true, Slice{}, exc("ValueError"), &Object{Class: Global{"m", "C"}}, Global{"builtins", "list"}} {
		if items, err := Elements(v); !IsException(err, "TypeError") {
			t.Errorf("%s has %v, %v", mustText(v), items, err)
		}
	}
}

// TestListsThatAreTooLong: what could take all memory for a few bytes is an error at once.
func TestListsThatAreTooLong(t *testing.T) {
	long := Range{int64(0), int64(math.MaxInt64), int64(1)}
	longer := Range{int64(math.MinInt64), bigOfText("0x80000000000000000000"), int64(1)}
	l := NewList(int64(1), int64(2))
	for name, f := range map[string]func() error{
		"extend":         func() error { return l.Extend(long) },
		"extend by more": func() error { return l.Extend(longer) },
		"a slice":        func() error { return l.SetItem(Slice{}, long) },
		"*=":             func() error { return l.IMul(int64(1 << 40)) },
		"*= the most":    func() error { return l.IMul(int64(math.MaxInt64)) },
		"*":              func() error { _, err := l.Mul(int64(MaxItems/2 + 1)); return err },
		"an array":       func() error { _, err := NewArray('b', long); return err },
	} {
		if err := f(); !IsException(err, "MemoryError") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := mustText(l); got != "[1, 2]" {
		t.Errorf("the list is %s", got)
	}
	if n, err := longer.Len(); !IsException(err, "OverflowError") {
		t.Errorf("len is %d, %v", n, err)
	}
	// Long ranges are looked into without a walk.
	for v, want := range map[Value]bool{int64(-7): true, 1e15: true, 0.5: false, 1e300: false, "x": false} {
		if got, err := longer.Contains(v); got != want || err != nil {
			t.Errorf("%v in the range: %v, %v", v, got, err)
		}
	}
	empty := NewList()
	if err := empty.IMul(int64(math.MaxInt64)); err != nil || len(empty.Items) != 0 {
		t.Errorf("[] *= 2**63-1 is %s, %v", mustText(empty), err)
	}
}

// TestRemovedItemsAreFreed: a list that has become shorter does not hold on to what was in it.
func TestRemovedItemsAreFreed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "n")
		l := NewList()
		for i := range n {
			l.Append(i)
		}
		switch at := int64(rapid.IntRange(-n, n-1).Draw(t, "at")); rapid.IntRange(0, 4).Draw(t, "how") {
		case 0:
			_, _ = l.Pop(at)
		case 1:
			_ = l.Remove(max(at, 0))
		case 2:
			_ = l.DelItem(at)
		case 3:
			_ = l.DelItem(Slice{at, nil, int64(rapid.SampledFrom([]int{-2, -1, 1, 2}).Draw(t, "step"))})
		case 4:
			_ = l.IMul(int64(0))
		}
		if len(l.Items) == n && n > 0 {
			t.Fatalf("nothing was removed from %s", mustText(l))
		}
		for _, v := range l.Items[len(l.Items):cap(l.Items)] {
			if v != nil {
				t.Fatalf("%v is still held by %s", v, mustText(l))
			}
		}
	})
}

// TestSortIsStable sorts items that are equal, and told apart by their types, in both directions.
func TestSortIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := NewList()
		kinds := rapid.IntRange(1, 3).Draw(t, "kinds")
		for _, n := range rapid.SliceOfN(rapid.IntRange(-3, 3), 0, 40).Draw(t, "numbers") {
			l.Append([]Value{int64(n), float64(n), &Fraction{bigOfText("0"), bigOfText("1")}}[len(l.Items)%kinds])
		}
		type place struct {
			v  Value
			at int
		}
		want := make([]place, len(l.Items))
		for i, v := range l.Items {
			want[i] = place{v, i}
		}
		reverse := rapid.Bool().Draw(t, "reverse")
		slices.SortFunc(want, func(a, b place) int {
			order := 0
			if less, _ := Less(a.v, b.v); less {
				order = -1
			} else if more, _ := Less(b.v, a.v); more {
				order = 1
			}
			if reverse {
				order = -order
			}
			return cmp.Or(order, cmp.Compare(a.at, b.at))
		})
		if err := l.Sort(reverse); err != nil {
			t.Fatal(err)
		}
		for i, v := range l.Items {
			if v != want[i].v {
				t.Fatalf("item %d of %s is not %v", i, mustText(l), want[i].v)
			}
		}
	})
}

func TestSortOfSimpleTypes(t *testing.T) {
	for want, items := range map[string][]Value{
		"[-1, 2, 10]":        {int64(10), int64(-1), int64(2)},
		"[-1.5, 2.0, 10.25]": {10.25, -1.5, 2.0},
		"['A', 'a', 'é']":    {"é", "a", "A"},
		"[]":                 {},
		"[-1, 0.5, True]":    {true, 0.5, int64(-1)},
	} {
		l := NewList(items...)
		if err := l.Sort(false); err != nil || mustText(l) != want {
			t.Errorf("%s, %v; want %s", mustText(l), err, want)
		}
	}
	for want, items := range map[string][]Value{
		"'<' not supported between instances of 'str' and 'int'":      {int64(1), "a"},
		"'<' not supported between instances of 'int' and 'NoneType'": {nil, int64(1)},
	} {
		if err := NewList(items...).Sort(false); !IsException(err, "TypeError") || err.(*Exception).Args[0] != want {
			t.Errorf("%v: %v", items, err)
		}
	}
	if err := NewList(math.NaN(), 1.0, math.NaN()).Sort(true); err != nil {
		t.Error(err)
	}
}

// An item that is the very same is found though it does not equal itself, and one that can't be compared is an error and nothing else.
func TestListsFindADecimalThatIsNaN(t *testing.T) {
	for _, text := range []string{"nan", "snan"} {
		d, err := ParseDecimal(text)
		if err != nil {
			t.Fatal(err)
		}
		l := NewList(int64(1), "x", d)
		i, err1 := l.Index(d)
		n, err2 := l.Count(d)
		found, err3 := Tuple(l.Items).Contains(d)
		if text == "snan" { // 1 == Decimal('sNaN') raises
			if found || !IsException(err3, "decimal.InvalidOperation") {
				t.Errorf("%s: %v, %v", text, found, err3)
			}
			i, err1 = NewList("x", "y", d).Index(d)
			n, err2 = NewList(d).Count(d)
			found, err3 = Tuple{d}.Contains(d)
		}
		if i != 2 || n != 1 || !found || err1 != nil || err2 != nil || err3 != nil {
			t.Errorf("%s: %d, %d, %v, %v, %v, %v", text, i, n, found, err1, err2, err3)
		}
		if err := NewList(d).Remove(d); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}
