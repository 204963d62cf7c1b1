package object

import (
	"math"
	"math/big"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// certain are the functions whose results for simple values are certain. known is false for other values.
var certain = map[py.Value]func(v py.Value) (result py.Value, known bool, err error){
	builtin("bool"): func(v py.Value) (py.Value, bool, error) {
		is, known := truth(v)
		return is, known, nil
	},
	builtin("str"): func(v py.Value) (py.Value, bool, error) {
		if !hasText(v) {
			return nil, false, nil
		}
		text, err := py.Str(v)
		return text, true, err
	},
	builtin("repr"): func(v py.Value) (py.Value, bool, error) {
		if !hasText(v) {
			return nil, false, nil
		}
		text, err := py.Repr(v)
		return text, true, err
	},
	builtin("len"):   length,
	builtin("int"):   toInt,
	builtin("float"): toFloat,
}

// mapped is map(function, iterator). With the few functions that the server has the result is the same; all others are the client's.
func (w *walk) mapped(o *py.Object) (*stream, error) {
	if len(o.Args) < 2 {
		return nil, unknownCall(o)
	}
	name := "a function"
	g, ok := o.Args[0].(py.Global)
	if ok {
		name = g.Name
	}
	unknown := passInstead("iterating over a map object with "+name, "list(map(...))")
	if !ok || len(o.Args) != 2 || certain[g] == nil || o.Built {
		return nil, unknown
	}
	f := certain[g]
	from, err := w.stream(o.Args[1])
	if err != nil {
		return nil, err
	}
	return &stream{walk: w, least: from.least, pull: func() (py.Value, bool, error) {
		v, ok, err := from.next()
		if !ok || err != nil {
			return nil, false, err
		}
		if err := w.step(costOf(v)); err != nil {
			return nil, false, err
		}
		out, known, err := f(v)
		switch {
		case err != nil:
			return nil, false, err
		case !known:
			return nil, false, unknown
		}
		return out, true, w.made(out)
	}}, nil
}

// hasText tells whether py's texts of a value are Python's to the letter: not those of instances of unknown classes.
func hasText(v py.Value) bool {
	switch v.(type) {
	case nil, bool, int64, *big.Int, float64, complex128, string, py.Bytes:
		return true
	}
	return false
}

func length(v py.Value) (py.Value, bool, error) {
	switch v := v.(type) {
	case string:
		n := 0
		for i := range len(v) {
			if v[i]&0xc0 != 0x80 {
				n++
			}
		}
		return int64(n), true, nil
	case py.Bytes:
		return int64(len(v)), true, nil
	case *py.ByteArray:
		return int64(len(v.B)), true, nil
	case py.Tuple:
		return int64(len(v)), true, nil
	case *py.List:
		return int64(len(v.Items)), true, nil
	case *py.Dict:
		return int64(v.Len()), true, nil
	case *py.OrderedDict:
		return int64(v.Len()), true, nil
	case py.AnySet:
		return int64(v.Len()), true, nil
	case py.Range:
		n, err := v.Len()
		return n, true, err
	case nil, bool, int64, *big.Int, float64, complex128:
		return nil, true, py.TypeError("object of type '%s' has no len()", py.TypeName(v))
	}
	return nil, false, nil
}

func toInt(v py.Value) (py.Value, bool, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return int64(1), true, nil
		}
		return int64(0), true, nil
	case int64, *big.Int:
		return v, true, nil
	case float64:
		switch {
		case math.IsNaN(v):
			return nil, true, py.ValueError("cannot convert float NaN to integer")
		case math.IsInf(v, 0):
			return nil, true, py.OverflowError("cannot convert float infinity to integer")
		}
		n, _ := big.NewFloat(v).Int(nil)
		return py.Int(n), true, nil
	case string:
		if !isASCII(v) {
			return nil, false, nil // the digits of other scripts count, too
		}
		n, err := parseInt(v)
		return n, true, err
	case nil, complex128, py.Tuple, *py.List, *py.Dict, *py.Set, *py.FrozenSet:
		return nil, true, py.TypeError("int() argument must be a string, a bytes-like object or a real number, not '%s'", py.TypeName(v))
	}
	return nil, false, nil
}

func toFloat(v py.Value) (py.Value, bool, error) {
	switch v := v.(type) {
	case bool:
		if v {
			return 1.0, true, nil
		}
		return 0.0, true, nil
	case int64:
		return float64(v), true, nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			return nil, true, py.OverflowError("int too large to convert to float")
		}
		return f, true, nil
	case float64:
		return v, true, nil
	case string:
		if !isASCII(v) {
			return nil, false, nil
		}
		f, err := parseFloat(v)
		return f, true, err
	case nil, complex128, py.Tuple, *py.List, *py.Dict, *py.Set, *py.FrozenSet:
		return nil, true, py.TypeError("float() argument must be a string or a real number, not '%s'", py.TypeName(v))
	}
	return nil, false, nil
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 }
