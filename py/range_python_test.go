package py

import (
	"cmp"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestRangesDoAsInPython(t *testing.T) {
	number := func(s *rand.Rand) Value {
		switch s.IntN(6) {
		case 0:
			return Int(new(big.Int).Lsh(big.NewInt(int64(s.IntN(9)-4)), uint(60+s.IntN(10))))
		case 1:
			return int64(s.Uint64())
		}
		return int64(s.IntN(21) - 10)
	}
	for _, p := range python3(t, 8) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := rand.New(rand.NewPCG(4, 4))
			var exprs []string
			var want []outcome
			for range 600 {
				args := Tuple{number(s), number(s), number(s)}[:1+s.IntN(3)]
				var made string
				switch args := mustText(args); {
				case strings.HasSuffix(args, ",)"):
					made = "range(" + args[1:len(args)-2] + ")"
				default:
					made = "range" + args
				}
				r, err := NewRange(args...)
				expr, got := made, Value(r)
				if err == nil {
					arg := number(s)
					switch s.IntN(4) {
					case 0: // one of its elements
						if v, err := r.GetItem(int64(s.IntN(5) - 2)); err == nil {
							arg = v
						}
					case 1:
						arg = []Value{1.0, math.Copysign(0, -1), 2.5, "x", nil, true, 1e300, math.Inf(1), math.NaN(), parsedDecimal("3"), parsedDecimal("NaN"), &Fraction{big.NewInt(-2), big.NewInt(1)}}[s.IntN(12)]
					}
					text := mustText(arg)
					text = strings.NewReplacer("nan", "float('nan')", "inf", "float('inf')", "Decimal", "decimal.Decimal", "Fraction", "fractions.Fraction").Replace(text)
					n, lenErr := r.count()
					_, _, isInt := intOf(arg)
					small := lenErr == nil && n.IsInt64() && n.Int64() < 1000
					switch s.IntN(5) {
					case 0:
						var l int64
						l, err = r.Len()
						expr, got = "len("+made+")", l
					case 1:
						got, err = r.GetItem(arg)
						expr = made + "[" + text + "]"
					case 2:
						if isInt || small {
							got, err = r.Index(arg)
							expr = made + ".index(" + text + ")"
						}
					case 3:
						if isInt || small {
							n, err1 := r.Count(arg)
							in, err2 := r.Contains(arg)
							got, err = Tuple{n, in}, cmp.Or(err1, err2)
							expr = "(lambda r, v: (r.count(v), v in r))(" + made + ", " + text + ")"
						}
					case 4:
						if small {
							l := NewList()
							err = l.Extend(r)
							got, expr = l, "list("+made+")"
						}
					}
				}
				exprs, want = append(exprs, expr), append(want, outcome{got, err})
			}
			checkOutcomes(t, exprs, want, evaluate(exprs))
		})
	}
}
