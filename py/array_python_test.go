package py

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// TestArrayItemsAreCheckedAsInPython puts values into arrays of every type. Where both take the value, they must have the same array.
func TestArrayItemsAreCheckedAsInPython(t *testing.T) {
	values := []struct {
		expr string
		v    Value
	}{
		{"0", int64(0)}, {"-1", int64(-1)}, {"'x'", "x"}, {"'xy'", "xy"}, {"''", ""}, {"'\\u20ac'", "€"}, {"'\\udcff'", "\xed\xb3\xbf"}, {"1.5", 1.5}, {"0.1", 0.1},
		{"1e300", 1e300}, {"float('-inf')", math.Inf(-1)}, {"None", nil}, {"b'x'", Bytes("x")}, {"1j", 1i}, {"[]", NewList()}, {"True", true},
		{"10**400", new(big.Int).Exp(big.NewInt(10), big.NewInt(400), nil)}, {"decimal.Decimal('1.5')", parsedDecimal("1.5")}, {"fractions.Fraction(1, 4)", &Fraction{big.NewInt(1), big.NewInt(4)}},
	}
	for _, bits := range []uint{7, 8, 15, 16, 31, 32, 53, 63, 64, 65} {
		for d := range 3 {
			n := new(big.Int).Lsh(big.NewInt(1), bits)
			n.Add(n, big.NewInt(int64(d-1)))
			values = append(values, struct {
				expr string
				v    Value
			}{fmt.Sprintf("2**%d + %d", bits, d-1), Int(n)}, struct {
				expr string
				v    Value
			}{fmt.Sprintf("-2**%d - %d", bits, d-1), Int(new(big.Int).Neg(n))})
		}
	}
	for _, p := range python3(t, 12) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			codes := "bBhHiIlLqQfdu"
			if p.AtLeast(3, 13) {
				codes += "w"
			}
			for _, code := range []byte(codes) {
				var exprs []string
				for _, row := range values {
					exprs = append(exprs, fmt.Sprintf("array('%c', [%s])", code, row.expr))
				}
				for i, a := range evaluate(exprs) {
					if code == 'w' && values[i].expr == "'\\udcff'" {
						continue // Python takes it, but fails to make a text of it
					}
					got, err := NewArray(code, NewList(values[i].v))
					switch {
					case err != nil:
						if err.Error() != a.Err {
							t.Errorf("%s: %v; want %s", exprs[i], err, cmp.Or(a.Err, a.Repr))
						}
					default:
						a.check(t, exprs[i], got)
					}
				}
			}
		})
	}
}

func TestArraysAreMadeAsInPython(t *testing.T) {
	ints := arrayOf('i', int64(1), int64(2))
	rows := []struct {
		expr string
		make func() (*Array, error)
	}{
		{"array('x')", func() (*Array, error) { return NewArray('x') }},
		{"array('i', 'abc')", func() (*Array, error) { return NewArray('i', "abc") }},
		{"array('u', 'abc')", func() (*Array, error) { return NewArray('u', "abc") }},
		{"array('u', 'a\\U0001f600')", func() (*Array, error) { return NewArray('u', "a😀") }},
		{"array('i', 5)", func() (*Array, error) { return NewArray('i', int64(5)) }},
		{"array('i', b'abc')", func() (*Array, error) { return NewArray('i', Bytes("abc")) }},
		{"array('h', b'abab')", func() (*Array, error) { return NewArray('h', Bytes("abab")) }},
		{"array('h', bytearray(b'abab'))", func() (*Array, error) { return NewArray('h', &ByteArray{[]byte("abab")}) }},
		{"array('i', range(3))", func() (*Array, error) { return NewArray('i', Range{int64(0), int64(3), int64(1)}) }},
		{"array('d', array('i', [1, 2]))", func() (*Array, error) { return NewArray('d', ints) }},
		{"array('i', array('u', 'ab'))", func() (*Array, error) { return NewArray('i', arrayOf('u', "a", "b")) }},
		{"array('u', [1])", func() (*Array, error) { return NewArray('u', NewList(int64(1))) }},
		{"array('b', (1, 2))", func() (*Array, error) { return NewArray('b', Tuple{int64(1), int64(2)}) }},
	}
	for _, p := range python3(t, 12) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			for _, row := range rows {
				a := evaluate([]string{row.expr})[0]
				if got, err := row.make(); err == nil {
					a.check(t, row.expr, got)
				} else if err.Error() != a.Err {
					t.Errorf("%s: %v; want %s", row.expr, err, cmp.Or(a.Err, a.Repr))
				}
			}
			// Python raises another error for its item than for its text.
			bad := &Array{'u', []byte("\xff\xff\xff\xff")}
			if runtime.GOOS == "windows" {
				return
			}
			_, err1 := bad.GetItem(int64(0))
			_, err2 := Repr(bad)
			for i, a := range evaluate([]string{`array('u', b'\xff\xff\xff\xff')[0]`, `repr(array('u', b'\xff\xff\xff\xff'))`}) {
				if err := []error{err1, err2}[i]; err == nil || err.Error() != a.Err {
					t.Errorf("%v; want %s", err, a.Err)
				}
			}
		})
	}
}

// TestMachineFormatsAreThoseOfPython reads arrays as other machines lay them out, by all formats with all typecodes.
func TestMachineFormatsAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 6) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := rand.New(rand.NewPCG(9, 10))
			for _, code := range []byte("bBhHiIlLqQfdu") {
				format, ok := MachineFormat(code)
				expr := fmt.Sprintf("array('%c').__reduce_ex__(3)[1][2]", code)
				if a := evaluate([]string{expr})[0]; !ok || a.Repr != fmt.Sprint(format) {
					t.Errorf("%s: %d, %v; want %s", expr, format, ok, a.Repr)
				}
				var exprs []string
				var inputs []Bytes
				for format := range formatEnd {
					data := make([]byte, 8*s.IntN(5))
					for i := range data {
						data[i] = byte(s.Uint32())
						if format >= formatUnicode {
							// Characters that are in every form and any order of bytes.
							l, _ := layoutOf(format)
							if at := i % l.size; l.bigEndian && at != l.size-1 || !l.bigEndian && at != 0 {
								data[i] = 0
							}
						}
					}
					expr := fmt.Sprintf("__import__('array')._array_reconstructor(array, '%c', %d, bytes.fromhex('%s'))", code, format, hex.EncodeToString(data))
					exprs, inputs = append(exprs, expr), append(inputs, Bytes(data))
				}
				for format, a := range evaluate(exprs) {
					got, err := ArrayOfMachine(code, format, inputs[format])
					if err == nil {
						a.check(t, exprs[format], got)
					} else if kind, _, _ := strings.Cut(a.Err, ":"); !IsException(err, cmp.Or(kind, "-")) {
						t.Errorf("%s: %v; want %s", exprs[format], err, cmp.Or(a.Err, a.Repr))
					}
				}
			}
		})
	}
}
