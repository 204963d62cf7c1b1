package py

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestResiduesArePythonsHashes: with Python's modulus the residues are Python's hashes of numbers, so with another one they are equal where Python's are.
func TestResiduesArePythonsHashes(t *testing.T) {
	const modulus = 1<<61 - 1
	f := newField(modulus)
	for _, p := range python3(t, 6) {
		t.Run(p.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			values := numbers(t)
			for range 300 {
				values = append(values, randomNumber(t, r))
			}
			values = append(values, written{"Fraction(3, 2**61 - 1)", &Fraction{big.NewInt(3), big.NewInt(modulus)}},
				written{"Decimal(2**61 - 1)", &Decimal{digits: "2305843009213693951"}})
			answer := compareInPython(t, serveComparer(t, p), values, false)
			compared := 0
			for i, v := range values {
				n := numberOf(v.value)
				nan := n.kind == floating && math.IsNaN(n.float) || n.kind == decimal && n.dec.IsNaN()
				if nan || n.kind == imaginary || infinity(&n) != 0 {
					continue
				}
				residue := f.number(&n)
				switch residue {
				case -1:
					residue = -2 // which C needs for errors
				case math.MaxInt64:
					residue = 314159 // infinite
				}
				if want := strings.TrimSuffix(answer.Hashes[i], ";"); strconv.FormatInt(residue, 10) != want {
					t.Errorf("%s: %d, want %s", v.expr, residue, want)
				}
				compared++
			}
			if compared < 300 {
				t.Errorf("only %d numbers were compared", compared)
			}
		})
	}
}

// TestRandomNumbersCompareLikePython compares numbers that are equal, or nearly so, in other types.
func TestRandomNumbersCompareLikePython(t *testing.T) {
	all := python3(t, 6)
	p := all[len(all)-1]
	r := rand.New(rand.NewPCG(3, 4))
	c := serveComparer(t, p)
	for range 15 {
		var values []written
		for range 10 {
			v := randomNumber(t, r)
			values = append(values, v, similar(t, r, v), similar(t, r, v), similar(t, r, v))
		}
		checkPairs(t, p, c, values)
	}
}

// randomNumber is a number of any type, with a bias to the borders.
func randomNumber(t *testing.T, r *rand.Rand) written {
	t.Helper()
	switch r.IntN(5) {
	case 0:
		i := new(big.Int).Lsh(big.NewInt(1), uint(r.IntN(130)))
		i.Add(i, big.NewInt(int64(r.IntN(5)-2)))
		if r.IntN(2) == 0 {
			i.Neg(i)
		}
		return written{i.String(), Int(i)}
	case 1:
		return floatLiteral(math.Float64frombits(r.Uint64()&^(1<<62) | uint64(r.IntN(2))<<62))
	case 2:
		return floatLiteral(math.Ldexp(float64(r.IntN(1<<20)), r.IntN(40)-20))
	case 3:
		text := fmt.Sprintf("%d.%dE%d", r.Int64()>>r.IntN(63), r.Uint64()>>r.IntN(63), r.IntN(800)-400)
		return written{"Decimal('" + text + "')", mustDecimal(t, text)}
	default:
		num, den := big.NewInt(r.Int64()>>r.IntN(63)), big.NewInt(1+r.Int64()>>r.IntN(63))
		f, err := NewFraction(num, den)
		if err != nil {
			t.Fatal(err)
		}
		return written{fmt.Sprintf("Fraction(%v, %v)", num, den), f}
	}
}

func floatLiteral(f float64) written {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0.75
	}
	return written{fmt.Sprintf("float('%s')", strconv.FormatFloat(f, 'g', -1, 64)), f}
}

// similar is the same number in another type, where that can hold it, or one next to it.
func similar(t *testing.T, r *rand.Rand, l written) written {
	t.Helper()
	exact := new(big.Rat)
	n := numberOf(l.value)
	switch n.kind {
	case smallInt, largeInt:
		exact.SetInt(n.big())
	case floating:
		exact.SetFloat64(n.float)
	case ratio:
		exact = n.ratio.Rat()
	case decimal:
		var err error
		if exact, err = n.dec.Rat(); err != nil {
			t.Fatal(err)
		}
	}
	near, _ := exact.Float64()
	switch r.IntN(6) {
	case 0:
		return floatLiteral(near)
	case 1:
		return floatLiteral(math.Nextafter(near, math.Inf(r.IntN(2)*2-1)))
	case 2:
		i := new(big.Int).Quo(exact.Num(), exact.Denom())
		return written{fmt.Sprintf("%v", i), Int(i)}
	case 3:
		f := &Fraction{exact.Num(), exact.Denom()}
		return written{fmt.Sprintf("Fraction(%v, %v)", exact.Num(), exact.Denom()), f}
	case 4:
		text := exact.FloatString(r.IntN(30))
		return written{"Decimal('" + text + "')", mustDecimal(t, text)}
	default:
		text := strconv.FormatFloat(near, 'f', -1, 64)
		if math.IsInf(near, 0) {
			text = "0.5"
		}
		return written{"Decimal('" + text + "')", mustDecimal(t, text)}
	}
}
