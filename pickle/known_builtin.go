package pickle

import (
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// elements are the parts of a container, in a slice that belongs to the caller. They are charged for.
func (m *machine) elements(v py.Value) (items []py.Value, ok bool, err error) {
	switch v := v.(type) {
	case *py.List:
		items = v.Items
	case py.Tuple:
		items = v
	case *py.Set:
		if err := m.charge(v.Len() * costSlot); err != nil {
			return nil, false, err
		}
		return slices.AppendSeq(make([]py.Value, 0, v.Len()), v.All()), true, nil
	case *py.FrozenSet:
		if err := m.charge(v.Len() * costSlot); err != nil {
			return nil, false, err
		}
		return slices.AppendSeq(make([]py.Value, 0, v.Len()), v.All()), true, nil
	default:
		return nil, false, nil
	}
	if err := m.charge(len(items) * costSlot); err != nil {
		return nil, false, err
	}
	return slices.Clone(items), true, nil
}

// only are the elements of the one argument, or none.
func (m *machine) only(args py.Tuple) (items []py.Value, ok bool, err error) {
	switch len(args) {
	case 0:
		return nil, true, nil
	case 1:
		return m.elements(args[0])
	}
	return nil, false, nil
}

func newList(m *machine, args py.Tuple) (py.Value, bool, error) {
	items, ok, err := m.only(args)
	if !ok || err != nil {
		return nil, false, err
	}
	return &py.List{Items: items}, true, m.charge(costList)
}

func newTuple(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) == 1 {
		if t, ok := args[0].(py.Tuple); ok {
			return t, true, nil
		}
	}
	items, ok, err := m.only(args)
	if !ok || err != nil {
		return nil, false, err
	}
	if len(items) == 0 {
		return emptyTuple, true, nil
	}
	return py.Tuple(items), true, m.charge(costSmall)
}

func newSet(m *machine, args py.Tuple) (py.Value, bool, error) {
	items, ok, err := m.only(args)
	if !ok || err != nil {
		return nil, false, err
	}
	if err := m.chargeKeys(items, 1); err != nil {
		return nil, false, err
	}
	s, err := setOf(items)
	if err != nil {
		return nil, false, err
	}
	return s, true, m.charge(costDict)
}

func newFrozenSet(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) == 1 {
		if s, ok := args[0].(*py.FrozenSet); ok {
			return s, true, nil
		}
	}
	items, ok, err := m.only(args)
	if !ok || err != nil {
		return nil, false, err
	}
	if err := m.chargeKeys(items, 1); err != nil {
		return nil, false, err
	}
	s, err := setOf(items)
	if err != nil {
		return nil, false, err
	}
	return s.Freeze(), true, m.charge(costDict)
}

// newDict is dict(), dict(another) and dict(pairs).
func newDict(m *machine, args py.Tuple) (py.Value, bool, error) {
	d := py.NewDict()
	ok, err := m.fromPairs(d, args)
	if !ok || err != nil {
		return nil, false, err
	}
	return d, true, m.charge(costDict)
}

// newOrderedDict is OrderedDict(), with its items to be set, and Python 2's OrderedDict(pairs).
func newOrderedDict(m *machine, args py.Tuple) (py.Value, bool, error) {
	d := &py.OrderedDict{}
	ok, err := m.fromPairs(&d.Dict, args)
	if !ok || err != nil {
		return nil, false, err
	}
	return d, true, m.charge(costDict)
}

func (m *machine) fromPairs(d *py.Dict, args py.Tuple) (bool, error) {
	if len(args) == 0 {
		return true, nil
	}
	if len(args) != 1 {
		return false, nil
	}
	from, ok := args[0].(*py.Dict)
	if o, ordered := args[0].(*py.OrderedDict); ordered {
		from, ok = &o.Dict, true
	}
	var items []py.Value
	if ok {
		for k, v := range from.All() {
			items = append(items, k, v)
			if err := m.charge(2 * costSlot); err != nil {
				return false, err
			}
		}
		return true, m.fillDict(d, items)
	}
	pairs, ok, err := m.elements(args[0])
	if !ok || err != nil {
		return false, err
	}
	for _, p := range pairs {
		t, ok := p.(py.Tuple)
		if l, list := p.(*py.List); list {
			t, ok = l.Items, true
		}
		if !ok || len(t) != 2 {
			return false, nil
		}
		items = append(items, t...)
		if err := m.charge(2 * costSlot); err != nil {
			return false, err
		}
	}
	return true, m.fillDict(d, items)
}

// encodeText is _codecs.encode(text, "latin1"), by which Python 3 writes bytes in protocols 0 to 2.
func encodeText(m *machine, args py.Tuple) (py.Value, bool, error) {
	if len(args) != 2 {
		return nil, false, nil
	}
	b, ok, err := m.latin1(args[0], args[1])
	if !ok || err != nil {
		return nil, false, err
	}
	return py.Bytes(stringOf(b)), true, nil
}

// latin1 encodes text; ok is false for other encodings, and for text that this one does not have.
func (m *machine) latin1(text, encoding py.Value) (b []byte, ok bool, err error) {
	s, isStr := text.(string)
	name, isStr2 := asText(encoding)
	if !isStr || !isStr2 {
		return nil, false, nil
	}
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "latin1", "latin-1", "iso-8859-1", "iso8859-1":
	default:
		return nil, false, nil
	}
	if err := m.charge(len(s) + costString); err != nil {
		return nil, false, err
	}
	b = make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c < utf8.RuneSelf:
			b = append(b, c)
			i++
		case c <= 0xc3 && i+1 < len(s):
			b = append(b, c<<6|s[i+1]&0x3f)
			i += 2
		default:
			return nil, false, nil
		}
	}
	return b, true, nil
}

func newBytes(m *machine, args py.Tuple) (py.Value, bool, error) {
	b, ok, err := m.byteArgs(args)
	if !ok || err != nil {
		return nil, false, err
	}
	return py.Bytes(stringOf(b)), true, nil
}

// newByteArray is bytearray(), and the forms with bytes, with text and encoding, and with a length.
func newByteArray(m *machine, args py.Tuple) (py.Value, bool, error) {
	b, ok, err := m.byteArgs(args)
	if !ok || err != nil {
		return nil, false, err
	}
	return &py.ByteArray{B: b}, true, m.charge(costList)
}

// byteArgs are the bytes that the arguments of bytes and bytearray stand for, in memory of their own.
func (m *machine) byteArgs(args py.Tuple) (b []byte, ok bool, err error) {
	switch len(args) {
	case 0:
		return nil, true, nil
	case 2:
		return m.latin1(args[0], args[1])
	case 1:
	default:
		return nil, false, nil
	}
	switch a := args[0].(type) {
	case py.Bytes:
		return []byte(a), true, m.charge(len(a))
	case py.Str2:
		return []byte(a), true, m.charge(len(a))
	case *py.ByteArray:
		return slices.Clone(a.B), true, m.charge(len(a.B))
	case int64:
		if a < 0 || a > math.MaxInt/2 {
			return nil, false, nil
		}
		if err := m.charge(int(a)); err != nil {
			return nil, false, err
		}
		return make([]byte, a), true, nil
	}
	return nil, false, nil
}
