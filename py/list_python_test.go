package py

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

// step is one thing that is done to a sequence: the statement of Python, in which s is the sequence and r the result, and the same in Go.
type step struct {
	stmt string
	do   func() (Value, error)
}

// steps makes random steps on a list.
type steps struct {
	*rand.Rand
	l *List
}

// value is one of a few, so that they are found again, with its text.
func (s steps) value() (string, Value) {
	v := []Value{int64(0), int64(1), true, 1.0, 2.5, "a", "b", nil, NewList(int64(1)), Tuple{}, Bytes("a")}[s.IntN(11)]
	return mustText(v), v
}

// index is mostly one that exists.
func (s steps) index() (string, Value) {
	var v Value
	switch s.IntN(24) {
	case 0:
		v = "x"
	case 1:
		v = new(big.Int).Lsh(big.NewInt(1), 70)
	case 2:
		v = new(big.Int).Lsh(big.NewInt(-1), 70)
	case 3:
		v = 1.0
	case 4:
		v = true
	case 5:
		v = int64(math.MinInt64)
	case 6:
		v = int64(math.MaxInt64)
	default:
		v = int64(s.IntN(16) - 8)
	}
	return mustText(v), v
}

func (s steps) slice() (string, Slice) {
	part := func() (string, Value) {
		if s.IntN(3) == 0 {
			return "None", nil
		}
		return s.index()
	}
	a, start := part()
	b, stop := part()
	c, by := part()
	if s.IntN(3) == 0 {
		c, by = "1", int64(1)
	}
	return fmt.Sprintf("slice(%s, %s, %s)", a, b, c), Slice{start, stop, by}
}

func (s steps) iterable() (string, Value) {
	switch s.IntN(8) {
	case 0:
		return "5", int64(5)
	case 1:
		return "'aé'", "aé"
	case 2:
		return "range(3, 0, -1)", Range{int64(3), int64(0), int64(-1)}
	case 3:
		return "b'ab'", Bytes("ab")
	case 4:
		return "s", s.l
	case 5:
		return "array('i', [1, 2])", arrayOf('i', int64(1), int64(2))
	}
	var items []Value
	for range s.IntN(4) {
		_, v := s.value()
		items = append(items, v)
	}
	if s.IntN(2) == 0 {
		return mustText(NewList(items...)), NewList(items...)
	}
	return mustText(Tuple(items)), Tuple(items)
}

func (s steps) next() step {
	l := s.l
	index, at := s.index()
	if s.IntN(2) == 0 {
		var sl Slice
		index, sl = s.slice()
		at = sl
	}
	number, n := s.index()
	text, v := s.value()
	switch s.IntN(17) {
	case 0, 1:
		return step{"r = s[" + index + "]", func() (Value, error) { return l.GetItem(at) }}
	case 2:
		return step{"del s[" + index + "]", func() (Value, error) { return nil, l.DelItem(at) }}
	case 3, 4:
		if _, ok := at.(Slice); ok {
			text, v = s.iterable()
		}
		return step{"s[" + index + "] = " + text, func() (Value, error) { return nil, l.SetItem(at, v) }}
	case 5:
		return step{"s.append(" + text + ")", func() (Value, error) { l.Append(v); return nil, nil }}
	case 6:
		text, v = s.iterable()
		return step{"s.extend(" + text + ")", func() (Value, error) { return nil, l.Extend(v) }}
	case 7:
		return step{"s.insert(" + number + ", " + text + ")", func() (Value, error) { return nil, l.Insert(n, v) }}
	case 8:
		return step{"r = s.pop(" + number + ")", func() (Value, error) { return l.Pop(n) }}
	case 9:
		return step{"s.remove(" + text + ")", func() (Value, error) { return nil, l.Remove(v) }}
	case 10:
		number2, n2 := s.index()
		return step{"r = s.index(" + text + ", " + number + ", " + number2 + ")", func() (Value, error) { return asValue(l.Index(v, n, n2)) }}
	case 11:
		return step{"r = s.index(" + text + "), s.count(" + text + "), " + text + " in s", func() (Value, error) {
			i, err := l.Index(v)
			if err != nil {
				return nil, err
			}
			n, _ := l.Count(v)
			in, err := l.Contains(v)
			return Tuple{i, n, in}, err
		}}
	case 12:
		return step{"s.reverse()", func() (Value, error) { l.Reverse(); return nil, nil }}
	case 13:
		text, v = s.iterable()
		return step{"r = s + " + text, func() (Value, error) { return pointer(l.Add(v)) }}
	case 14:
		if n == Value(int64(math.MaxInt64)) {
			return step{"pass", func() (Value, error) { return nil, nil }} // a MemoryError, with a text of our own
		}
		return step{"r = s * " + number, func() (Value, error) { return pointer(l.Mul(n)) }}
	case 15:
		n = int64(s.IntN(4) - 1)
		if len(l.Items) > 10 {
			n = int64(0)
		}
		return step{fmt.Sprintf("s *= %d", n), func() (Value, error) { return nil, l.IMul(n) }}
	}
	reverse := s.IntN(2) == 0
	return step{"s.sort(reverse=" + mustText(reverse) + ")", func() (Value, error) {
		before := append([]Value(nil), l.Items...)
		err := l.Sort(reverse)
		if err != nil {
			// What is left then is in some order: as it was, on both sides.
			l.Items = before
		}
		return nil, err
	}}
}

func asValue(i int, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return i, nil
}

// pointer is nil, not a nil *List, if there is an error.
func pointer(l *List, err error) (Value, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

// TestListsDoAsInPython does the same steps to a list here and in Python. What sort leaves behind an error is not compared.
func TestListsDoAsInPython(t *testing.T) {
	// 3.13.0 has another text for an assignment to a slice, which 3.13.1 took back.
	for _, p := range python3(t, 10) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			var exprs []string
			var wants [][]string
			for seed := range uint64(60) {
				s := steps{rand.New(rand.NewPCG(seed, 0)), NewList(int64(1), int64(2), int64(3))}
				var list, want []string
				for range 30 {
					st := s.next()
					v, err := st.do()
					stmt := st.stmt
					if strings.HasPrefix(stmt, "s.sort") {
						stmt = "b = s[:]\ntry: " + stmt + "\nexcept TypeError: s[:] = b; raise"
					}
					list = append(list, mustText(stmt))
					if err != nil {
						want = append(want, err.Error())
					}
					want = append(want, mustText(s.l)+" "+mustText(v))
				}
				exprs, wants = append(exprs, "apply([1, 2, 3], "+strings.Join(list, ", ")+")"), append(wants, want)
			}
			for i, a := range evaluate(exprs) {
				a.checkLines(t, exprs[i], wants[i])
			}
		})
	}
}

// checkLines compares what the steps of apply leave.
func (a answer) checkLines(t *testing.T, expr string, got []string) {
	t.Helper()
	want := strings.Split(a.Str, "\n")
	for i := range max(len(got), len(want)) {
		if normalText(lineOf(got, i)) != normalText(lineOf(want, i)) {
			t.Fatalf("line %d of %s is\n%s\nwant\n%s", i, strings.ReplaceAll(expr, ", '", "\n'"), lineOf(got, i), lineOf(want, i))
		}
	}
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(nothing)"
}

// normalText makes one of texts that differ: between versions, and by which two items a sort looks at first.
func normalText(s string) string {
	if before, _, found := strings.Cut(s, "'<' not supported between instances of"); found {
		return before
	}
	return strings.Replace(s, "must assign iterable to extended slice", "can only assign an iterable", 1)
}

// TestSlicesAreThoseOfPython compares slice.indices and what is selected.
func TestSlicesAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 8) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := steps{Rand: rand.New(rand.NewPCG(1, 1))}
			var exprs []string
			var want []Value
			for range 1000 {
				expr, sl := s.slice()
				n := s.IntN(8)
				start, stop, by, count, err := sl.Indices(n)
				if err != nil || strings.Contains(expr, "9223372036854775") || strings.Contains(expr, "1180591620717411303424") {
					continue // steps of that size are shortened here
				}
				exprs = append(exprs, fmt.Sprintf("tuple(map(int, (%s).indices(%d))), len(range(%d)[%s])", expr, n, n, expr))
				want = append(want, Tuple{Tuple{start, stop, by}, count})
			}
			for i, a := range evaluate(exprs) {
				a.check(t, exprs[i], want[i])
			}
		})
	}
}

func TestTuplesDoAsInPython(t *testing.T) {
	tuple := Tuple{int64(1), "a", int64(1), 2.5, nil}
	for _, p := range python3(t, 8) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := steps{Rand: rand.New(rand.NewPCG(2, 2))}
			var exprs []string
			var want []outcome
			for range 300 {
				index, at := s.index()
				if s.IntN(2) == 0 {
					var sl Slice
					index, sl = s.slice()
					at = sl
				}
				text, v := s.value()
				expr := "(1, 'a', 1, 2.5, None)[" + index + "]"
				got, err := tuple.GetItem(at)
				if s.IntN(3) == 0 {
					expr = fmt.Sprintf("(lambda t: (t.index(%s), t.count(%s), %s in t))((1, 'a', 1, 2.5, None))", text, text, text)
					var i, n int
					var in bool
					if i, err = tuple.Index(v); err == nil {
						n, _ = tuple.Count(v)
						in, err = tuple.Contains(v)
					}
					got = Tuple{i, n, in}
				}
				exprs, want = append(exprs, expr), append(want, outcome{got, err})
			}
			checkOutcomes(t, exprs, want, evaluate(exprs))
		})
	}
}

// outcome is what a call has returned.
type outcome struct {
	v   Value
	err error
}

func checkOutcomes(t *testing.T, exprs []string, got []outcome, want []answer) {
	t.Helper()
	for i, a := range want {
		if err := got[i].err; err == nil {
			a.check(t, exprs[i], got[i].v)
		} else if err.Error() != a.Err {
			t.Errorf("%s: %v; want %s", exprs[i], err, cmp.Or(a.Err, a.Repr))
		}
	}
}

func TestArraysDoAsInPython(t *testing.T) {
	for _, p := range python3(t, 12) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			var exprs []string
			var wants [][]string
			for seed := range uint64(60) {
				s := steps{Rand: rand.New(rand.NewPCG(seed, 1))}
				a := arrayOf('i', int64(1), int64(2), int64(3))
				var list, want []string
				for range 20 {
					index, at := s.index()
					if s.IntN(2) == 0 {
						var sl Slice
						index, sl = s.slice()
						at = sl
					}
					var v Value
					var err error
					var stmt string
					if s.IntN(2) == 0 {
						stmt = "r = s[" + index + "]"
						v, err = a.GetItem(at)
					} else {
						text, item := s.value()
						if s.IntN(2) == 0 {
							code := "iiib"[s.IntN(4)]
							other := arrayOf(code)
							for i := range s.IntN(4) {
								other.Data = appendWord(other.Data, uint64(i), ItemSize(code))
							}
							text, item = mustText(other), other
							if s.IntN(5) == 0 {
								text, item = "s", a
							}
						}
						stmt = "s[" + index + "] = " + text
						err = a.SetItem(at, item)
					}
					list = append(list, mustText(stmt))
					if err != nil {
						want = append(want, err.Error())
						v = nil
					}
					want = append(want, mustText(a)+" "+mustText(v))
				}
				exprs, wants = append(exprs, "apply(array('i', [1, 2, 3]), "+strings.Join(list, ", ")+")"), append(wants, want)
			}
			for i, a := range evaluate(exprs) {
				a.checkLines(t, exprs[i], wants[i])
			}
		})
	}
}
