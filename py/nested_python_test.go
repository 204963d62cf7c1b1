package py

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// maker makes random values of few atoms, so that many are equal, each with how Python writes it.
type maker struct {
	*testing.T
	*rand.Rand
}

func (m maker) value(depth int) written {
	kinds := 12
	if depth == 0 {
		kinds = 1
	}
	switch m.IntN(kinds) {
	case 1:
		exprs, values := m.values(depth, m.value)
		return written{"[" + strings.Join(exprs, ", ") + "]", NewList(values...)}
	case 2:
		exprs, values := m.values(depth, m.value)
		return written{"(" + strings.Join(exprs, ", ") + strings.Repeat(",", min(len(exprs), 1)) + ")", Tuple(values)}
	case 3, 4:
		pairs, d := m.pairs(depth)
		return written{"dict([" + pairs + "])", d}
	case 5:
		pairs, d := m.pairs(depth)
		return written{"OrderedDict([" + pairs + "])", &OrderedDict{Dict: *d}}
	case 6, 7:
		exprs, values := m.values(depth, m.key)
		return written{"set([" + strings.Join(exprs, ", ") + "])", mustSet(m.T, values...)}
	case 8, 9, 10:
		return m.key(depth)
	}
	return m.atom()
}

// key is a value that can be one.
func (m maker) key(depth int) written {
	if depth > 0 {
		switch m.IntN(5) {
		case 0:
			exprs, values := m.values(depth, m.key)
			return written{"tuple([" + strings.Join(exprs, ", ") + "])", Tuple(values)}
		case 1:
			exprs, values := m.values(depth, m.key)
			return written{"frozenset([" + strings.Join(exprs, ", ") + "])", mustFrozenSet(m.T, values...)}
		}
	}
	return m.atom()
}

func (m maker) atom() written {
	atoms := []written{
		{"0", int64(0)}, {"1", int64(1)}, {"2", int64(2)}, {"False", false}, {"True", true}, {"1.0", 1.0}, {"-0.0", math.Copysign(0, -1)}, {"1.5", 1.5},
		{"Decimal('1.0')", mustDecimal(m.T, "1.0")}, {"Fraction(3, 2)", mustFraction(m.T, "3/2")}, {"'a'", "a"}, {"'b'", "b"}, {"b'a'", Bytes("a")}, {"None", nil},
	}
	return atoms[m.IntN(len(atoms))]
}

func (m maker) values(depth int, make func(depth int) written) (exprs []string, values []Value) {
	for range m.IntN(4) {
		w := make(depth - 1)
		exprs = append(exprs, w.expr)
		values = append(values, w.value)
	}
	return exprs, values
}

func (m maker) pairs(depth int) (string, *Dict) {
	keys, k := m.values(depth, m.key)
	values, v := m.values(depth, m.value)
	d := NewDict()
	var exprs []string
	for i := range min(len(k), len(v)) {
		exprs = append(exprs, "("+keys[i]+", "+values[i]+")")
		if err := d.Set(k[i], v[i]); err != nil {
			m.Fatal(err)
		}
	}
	return strings.Join(exprs, ", "), d
}

// TestNestedValuesCompareLikePython compares some 36,000 pairs of containers.
func TestNestedValuesCompareLikePython(t *testing.T) {
	all := python3(t, 6)
	p := all[len(all)-1]
	c := serveComparer(t, p)
	m := maker{t, rand.New(rand.NewPCG(11, 12))}
	for range 10 {
		var values []written
		for range 60 {
			values = append(values, m.value(3))
		}
		checkPairs(t, p, c, values)
	}
}
