package pickle

import (
	"math/big"

	"github.com/multiproc-go/multiproc/py"
)

// A key is hashed wherever it is used, and the pickle can use one again and again for a few bytes each time: a string of a megabyte, or a tuple of a million parts. So what a key
// costs is counted as work before it is hashed.

const (
	// shortKey is the length of strings that count for nothing: about that many bytes are hashed in the time an operation takes anyway.
	shortKey = 256
	// workPart is what a part of a key takes, in units of work; workObject is what an Object takes, of which package py looks at some hundred parts.
	workPart   = 30
	workObject = 5000
	// workRational is what the residue of a Decimal or a Fraction takes, of whatever length, and the length of a range.
	workRational = 3000
	// workDigit is what a digit takes where a Decimal and an int are compared, or a float is made of it.
	workDigit = 15
	// lightKey is how much a key may weigh without its weight being remembered.
	lightKey = 64 * workPart
	// narrow is how many items a container may have to count for nothing but a part of a key.
	narrow = 4
)

// weight is how much work a value is as a key, as if nothing in it were shared.
type weight struct {
	// parts is what its containers take, and what few small things they have in them. Package py goes over parts that are shared only once, so all of a key takes no longer than
	// all of the pickle.
	parts int64
	// rest is what is hashed or compared as often as it occurs: long strings and numbers, and the items of containers that have many.
	rest int64
}

func leaf(rest int64) weight { return weight{workPart, rest} }

func (w weight) plus(v weight) weight {
	const most = 1 << 56
	return weight{min(w.parts+v.parts, most), min(w.rest+v.rest, most)}
}

// spendKey counts the work of hashing a key.
func (m *machine) spendKey(key py.Value) error {
	switch k := key.(type) {
	case string:
		if len(k) > shortKey {
			return m.spend(int64(len(k) / 8))
		}
		return nil
	case nil, bool, int64, float64:
		return nil
	}
	w, err := m.weight(key, 0)
	if err != nil {
		return err
	}
	return m.spend(min(w.parts, m.everything()) + w.rest)
}

// everything is the work of walking over all that the pickle has.
func (m *machine) everything() int64 { return m.in.known() * 2 * workPart }

// weight finds out how much a value weighs. Weights of large tuples and frozensets are remembered, so that finding one takes no longer than the pickle.
func (m *machine) weight(v py.Value, depth int) (weight, error) {
	if depth > m.maxDepth {
		return weight{}, tooMuch("a key is nested more than %d deep", m.maxDepth)
	}
	switch v := v.(type) {
	case string:
		return leaf(int64(len(v) / 8)), nil
	case py.Bytes:
		return leaf(int64(len(v) / 8)), nil
	case py.Str2:
		return leaf(int64(len(v) / 8)), nil
	case py.Global:
		return leaf(int64((len(v.Module) + len(v.Name)) / 8)), nil
	case *big.Int:
		return leaf(bigWeight(v)), nil
	case *py.Decimal:
		return leaf(m.decimalWeight(v)), nil
	case *py.Fraction:
		return leaf(workRational + bigWeight(v.Num) + bigWeight(v.Den) + reduction(v.Num, v.Den)), nil
	case py.Range:
		return leaf(rangeWeight(v)), nil
	case py.Slice:
		return m.weightOf(py.Tuple{v.Start, v.Stop, v.Step}, depth)
	case py.DateTime:
		return leaf(partsWeight(v.TZ)), nil
	case py.Time:
		return leaf(partsWeight(v.TZ)), nil
	case *py.Object:
		return leaf(partsWeight(v)), nil
	case *py.Persistent:
		// It is compared with others that have the same hash, of which there are some, by all of its ID.
		w, err := m.weight(v.ID, depth+1)
		return leaf(partsWeight(v) + 8*(min(w.parts, m.everything())+w.rest)), err
	case *py.List, *py.Dict, *py.OrderedDict, *py.Set, *py.ByteArray, *py.Array:
		return leaf(m.everything()), nil // in the ID of a Persistent; elsewhere it is no key
	case py.Tuple:
		if len(v) == 0 {
			return leaf(0), nil
		}
		if w, ok := m.tupleWeights[&v[0]]; ok {
			return w, nil
		}
		sum, err := m.weightOf(v, depth)
		if err != nil {
			return weight{}, err
		}
		if sum.parts+sum.rest > lightKey {
			if m.tupleWeights == nil {
				m.tupleWeights = map[*py.Value]weight{}
			}
			m.tupleWeights[&v[0]] = sum
		}
		return sum, nil
	case *py.FrozenSet:
		if w, ok := m.setWeights[v]; ok {
			return w, nil
		}
		sum := weight{parts: 2 * workPart}
		for e := range v.All() {
			w, err := m.weight(e, depth+1)
			if err != nil {
				return weight{}, err
			}
			if v.Len() > narrow && w.parts == workPart {
				w = weight{0, w.rest + workPart} // what is no container
			}
			sum = sum.plus(w)
		}
		if sum.parts+sum.rest > lightKey {
			if m.setWeights == nil {
				m.setWeights = map[*py.FrozenSet]weight{}
			}
			m.setWeights[v] = sum
		}
		return sum, nil
	}
	return leaf(0), nil
}

// bigWeight is what it takes to hash an int, or to write it as a decimal, by which it is compared with a Decimal.
func bigWeight(i *big.Int) int64 {
	n := int64(len(i.Bits()))
	return 10*n + 20*workDigit*max(n-4, 0)
}

// decimalWeight has what it takes to compare it with an int, which is written out for that: the pickle may have one that is as long.
func (m *machine) decimalWeight(d *py.Decimal) int64 {
	_, digits, exp := d.Parts()
	zeros := min(max(exp, -exp), 3*m.in.known())
	return workRational + workDigit*(int64(len(digits))+zeros)
}

// partsWeight is the weight of what package py hashes by a limited number of its parts. Members of an Enum and time zones, which are used as keys again and again, have few.
func partsWeight(v py.Value) int64 {
	var args py.Tuple
	switch v := v.(type) {
	case nil, py.TimeZone:
		return workPart
	case *py.Persistent:
		args = py.Tuple{v.ID}
	case *py.Object:
		args = v.Args
		if _, named := v.Class.(py.Global); !named || v.Built || v.Kwargs != nil || len(v.Items)+len(v.Pairs) > 0 {
			return workObject
		}
	}
	if len(args) > 4 {
		return workObject
	}
	for _, a := range args {
		switch a.(type) {
		case nil, bool, int64, float64, string, py.Bytes, py.Global:
		default:
			return workObject
		}
	}
	return (8 + int64(len(args))) * workPart
}

// weightOf is the weight of a tuple.
func (m *machine) weightOf(t py.Tuple, depth int) (weight, error) {
	sum := weight{parts: 2 * workPart}
	for _, e := range t {
		w, err := m.weight(e, depth+1)
		if err != nil {
			return weight{}, err
		}
		if len(t) > narrow {
			w = weight{w.parts - workPart, w.rest + workPart}
		}
		sum = sum.plus(w)
	}
	return sum, nil
}

// rangeWeight is what dividing large ints takes, by which two ranges are compared.
func rangeWeight(r py.Range) int64 {
	length := func(v py.Value) int64 {
		i, _ := asBigInt(v)
		if i == nil {
			return 1
		}
		return 1 + int64(len(i.Bits()))
	}
	steps := min(length(r.Step), 1<<12) // above that it takes less than the product
	return workRational + (length(r.Start)+length(r.Stop))*min(10+steps, 1<<12)
}
