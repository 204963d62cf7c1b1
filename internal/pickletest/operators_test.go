package pickletest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// pair makes two values that have something to say to each other.
func pair(r *rand.Rand) (a, b py.Value) {
	seed := r.Uint64()
	again := func() *source { return newSource(rand.New(rand.NewPCG(seed, 1)), false, true) }
	s := newSource(r, false, true)
	switch r.IntN(9) {
	case 0: // equal, and not the same
		return again().value(0), again().value(0)
	case 1:
		return s.number(), s.number()
	case 2:
		return py.NewList(append(again().values(4), s.number(), s.atom())...), py.NewList(append(again().values(4), s.number(), s.atom())...)
	case 3:
		return py.Tuple(append(again().values(4), s.number())), py.Tuple(append(again().values(4), s.number()))
	case 4:
		return pick[py.Value](s, s.text(), math.NaN()), pick[py.Value](s, s.text(), s.number(), math.NaN(), complex(0, math.NaN()))
	case 5:
		return pick[py.Value](s, py.Bytes(s.blob()), &py.ByteArray{B: s.blob()}, s.array()), pick[py.Value](s, py.Bytes(s.blob()), &py.ByteArray{B: s.blob()}, s.array())
	case 6:
		return s.numbers(), s.numbers()
	case 7:
		d, e := py.NewDict(), py.NewDict()
		keys := []py.Value{s.number(), s.atom(), s.atom()}
		for i, k := range keys {
			must(d.Set(k, keys[0]))
			must(e.Set(keys[len(keys)-1-i], keys[0]))
		}
		return d, pick[py.Value](s, d, e, &py.OrderedDict{Dict: *e})
	}
	return s.value(0), s.value(0)
}

// number is a small one of any type, so that many are equal.
func (s *source) number() py.Value {
	n := int64(s.r.IntN(4))
	d, err := py.ParseDecimal(fmt.Sprint(n))
	must(err)
	half, err := py.ParseDecimal("0.5")
	must(err)
	return pick[py.Value](s, n, n, float64(n), complex(float64(n), 0), n == 1, d, half, 0.5, s.int(), s.float(), fraction(n, 1), fraction(n, 2))
}

func fraction(num, den int64) py.Value {
	f, err := py.NewFraction(bigInt(num), bigInt(den))
	must(err)
	return f
}

// numbers is a set of at most one element, or of several: which has no repr that could be compared.
func (s *source) numbers() py.Value {
	var elems []py.Value
	for range s.r.IntN(2) {
		elems = append(elems, s.number())
	}
	if s.chance(50) {
		set, err := py.NewSet(elems...)
		must(err)
		return set
	}
	set, err := py.NewFrozenSet(elems...)
	must(err)
	return set
}

// TestOperators: ==, <, hash, bool, repr and str are Python's.
func TestOperators(t *testing.T) {
	forEachPython(t, 306, "pickletest_describe", describeSource, func(c *pythons.Child, seed uint64) (int, error) {
		r := rand.New(rand.NewPCG(seed, uint64(level(c.Python))))
		list := py.NewList()
		for range perRequest {
			a, b := pair(r)
			list.Items = append(list.Items, py.Tuple{a, b})
		}
		data, err := pickle.Config{Protocol: 4}.Marshal(list)
		if err != nil {
			return 0, err
		}
		reply, err := c.Call(append([]byte(fmt.Sprintf(`{"op": "operators", "lengths": [%d]}`+"\n", len(data))), data...))
		if err != nil {
			return 0, fmt.Errorf("-pickle.seed=%d: %w", seed, err)
		}
		var answers struct{ Pairs [][]json.RawMessage }
		if err := json.Unmarshal(reply, &answers); err != nil {
			return 0, err
		}
		for i, want := range answers.Pairs {
			p := list.Items[i].(py.Tuple)
			if err := samePair(p[0], p[1], want, c.Python); err != nil {
				return 0, fmt.Errorf("-pickle.seed=%d: %s and %s: %w", seed, short(describe(p[0], false)), short(describe(p[1], false)), err)
			}
		}
		return perRequest, nil
	})
}

// samePair compares what Go says to a and b with what Python said.
func samePair(a, b py.Value, want []json.RawMessage, p pythons.Python) error {
	equal, err := py.Equal(a, b)
	if err := same("==", equal, err, want[0]); err != nil {
		return err
	}
	less, err := py.Less(a, b)
	if err := same("<", less, err, want[1]); err != nil && (p.AtLeast(3, 13) || !onlyInWords(err)) {
		return err
	}
	hashA, errA := py.Hash(a)
	hashB, errB := py.Hash(b)
	if equal && errA == nil && errB == nil && hashA != hashB {
		return errors.New("they are equal, their hashes are not")
	}
	for i, v := range []py.Value{a, b} {
		want := want[2+5*i:]
		_, err := py.Hash(v)
		// A slice has a hash since 3.12, and an error of hash names what it met first.
		if err := same("hash", nil, err, want[0]); err != nil && p.AtLeast(3, 12) {
			return fmt.Errorf("%s: %w", describe(v, false), err)
		}
		if err := same("bool", py.Truth(v), nil, want[1]); err != nil {
			return fmt.Errorf("%s: %w", describe(v, false), err)
		}
		if !p.AtLeast(3, 12) {
			continue // older ones write some things in another way
		}
		repr, err := py.Repr(v)
		if err := same("repr", hex.EncodeToString([]byte(repr)), err, want[2]); err != nil {
			return fmt.Errorf("%s: %w: %s", describe(v, false), err, repr)
		}
		str, err := py.Str(v)
		if err := same("str", hex.EncodeToString([]byte(str)), err, want[3]); err != nil {
			return fmt.Errorf("%s: %w: %s", describe(v, false), err, str)
		}
	}
	return nil
}

// same compares a result, or an error's text, with Python's answer in JSON. An exception is a list with its text in it.
func same(what string, got any, err error, want json.RawMessage) error {
	if err != nil {
		got = []string{err.Error()}
	}
	text, merr := json.Marshal(got)
	if merr != nil {
		return merr
	}
	var g, w any
	if err := errors.Join(json.Unmarshal(text, &g), json.Unmarshal(want, &w)); err != nil {
		return err
	}
	if fmt.Sprint(g) != fmt.Sprint(w) {
		return fmt.Errorf("%s: Go says %v, Python %v", what, unhex(g), unhex(w))
	}
	return nil
}

// onlyInWords: both raise a TypeError. What stands in it has changed with the versions.
func onlyInWords(err error) bool { return strings.Count(err.Error(), "[TypeError: ") == 2 }

func unhex(v any) any {
	if s, ok := v.(string); ok {
		if b, err := hex.DecodeString(s); err == nil {
			return fmt.Sprintf("%q", b)
		}
	}
	return v
}
