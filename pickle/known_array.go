package pickle

import (
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

// newArray is array.array(typecode, items): of protocols 0 to 2 with a list, of Python 2 and multiprocessing with the items' bytes, which are in the byte order of the machine that has
// written them. Nothing says which; it is taken for one like this.
func newArray(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) < 1 || len(args) > 2 {
		return nil, false, nil
	}
	code, ok := typecode(args[0])
	if !ok {
		return nil, false, nil
	}
	if len(args) == 2 {
		n := 0
		switch items := args[1].(type) {
		case *py.List:
			n = len(items.Items) * py.ItemSize(code)
			for _, v := range items.Items {
				if err := m.spendFloat(v); err != nil {
					return nil, false, err
				}
			}
		case py.Bytes:
			n = len(items)
		case py.Str2:
			n = len(items)
		case string:
			n = 8 * len(items)
		default:
			return nil, false, nil
		}
		if err := m.charge(n); err != nil {
			return nil, false, err
		}
	}
	a, err := py.NewArray(code, args[1:]...)
	if err != nil {
		return nil, false, nil
	}
	return a, true, m.charge(costList)
}

// reconstructArray is array._array_reconstructor(array.array, typecode, format, bytes) of protocols 3 and up.
func reconstructArray(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 4 || args[0] != arrayClass {
		return nil, false, nil
	}
	code, ok := typecode(args[1])
	format, ok2 := args[2].(int64)
	items, ok3 := args[3].(py.Bytes)
	if !ok || !ok2 || !ok3 || format < 0 || format > 255 {
		return nil, false, nil
	}
	if err := m.charge(costList + 4*len(items)); err != nil {
		return nil, false, err
	}
	a, err := py.ArrayOfMachine(code, int(format), items)
	if err != nil {
		return nil, false, nil
	}
	return a, true, nil
}

// spendFloat counts the work of making a float of a number, as an array does: the pickle can have the same long one in it again and again.
func (m *machine) spendFloat(v py.Value) error {
	switch v := v.(type) {
	case *big.Int:
		return m.spend(int64(len(v.Bits())))
	case *py.Decimal:
		_, digits, _ := v.Parts()
		return m.spend(workDigit * int64(len(digits)))
	case *py.Fraction:
		return m.spendReduction(v.Num, v.Den)
	}
	return nil
}

var arrayClass py.Value = py.Global{Module: "array", Name: "array"}

func typecode(v py.Value) (byte, bool) {
	s, ok := asText(v)
	if !ok || len(s) != 1 {
		return 0, false
	}
	return s[0], true
}
