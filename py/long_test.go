package py

import (
	"math"
	"math/big"
	"strings"
	"testing"
)

// TestHashOfLongNumbers: equal Objects have equal hashes, whichever type has a number in them, also where a hash begins to leave it out.
func TestHashOfLongNumbers(t *testing.T) {
	var floats []float64
	for exp := -1074; exp < 1024; exp++ {
		floats = append(floats, math.Ldexp(1, exp), math.Ldexp(-1.75, exp))
	}
	floats = append(floats, 0, 0.1, math.MaxFloat64, math.Nextafter(0x1p512, 0))
	for _, f := range floats {
		r := new(big.Rat)
		r.SetFloat64(f)
		exact := strings.TrimRight(r.FloatString(1100), "0")
		equalHashes(t, f, complex(f, 0), &Fraction{r.Num(), r.Denom()}, parsedDecimal(exact), parsedDecimal(exact+"000"))
	}
	for exp := int64(-400); exp < 400; exp++ {
		for _, digits := range []string{"1", "-1", "2", "3", "5", "98", longest, longest[:100], strings.Repeat("9", 155)} {
			c, _ := new(big.Int).SetString(digits, 10)
			d, err := NewDecimal(c, exp)
			if err != nil {
				t.Fatal(err)
			}
			r, err := d.Rat()
			if err != nil {
				t.Fatal(err)
			}
			values := []Value{d, &Fraction{r.Num(), r.Denom()}}
			if r.IsInt() {
				values = append(values, new(big.Int).Set(r.Num()))
			}
			equalHashes(t, values...)
		}
	}
	for _, above := range []int64{-1, 0, 1} {
		i := new(big.Int).Lsh(big.NewInt(1), longBits)
		i.Add(i, big.NewInt(above))
		equalHashes(t, i, parsedDecimal(i.String()), parsedDecimal(i.String()+".0"), &Fraction{Num: i, Den: big.NewInt(1)})
	}
	equalHashes(t, int64(1), parsedDecimal("1."+strings.Repeat("0", 1000)))
	if !isLong(parsedDecimal("0."+strings.Repeat("7", 161))) || isLong(parsedDecimal("0."+strings.Repeat("7", 160))) {
		t.Error("longPlaces is somewhere else")
	}
}

func equalHashes(t *testing.T, values ...Value) {
	t.Helper()
	first := instanceOf(values[0])
	want, err := Hash(first)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values[1:] {
		o := instanceOf(v)
		if equal, err := Equal(first, o); !equal || err != nil {
			t.Errorf("%.50v == %.50v: %v, %v", values[0], v, equal, err)
		}
		if got, err := Hash(o); got != want || err != nil {
			t.Errorf("the hashes of %T %.50v and %T %.50v differ, %v", values[0], values[0], v, v, err)
		}
	}
}
