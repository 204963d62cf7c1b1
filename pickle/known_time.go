package pickle

import (
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// packed is the bytes in which the classes of datetime have their state. Python 2 has them as its str, and it may have been decoded as Latin-1 on its way.
func (m *machine) packed(v py.Value) (py.Bytes, bool) {
	switch v := v.(type) {
	case py.Bytes:
		return v, true
	case py.Str2:
		return py.Bytes(v), true
	case string:
		if utf8.RuneCountInString(v) > 10 {
			return "", false
		}
		b, ok, err := m.latin1(v, "latin1")
		return py.Bytes(b), ok && err == nil
	}
	return "", false
}

// newDateTime is datetime(packed) and datetime(packed, tzinfo).
func newDateTime(m *machine, args py.Tuple) (py.Value, bool, error) {
	return unpacked(m, args, 2, func(b py.Bytes) (py.Value, error) {
		t, err := py.UnpackDateTime(b)
		if err == nil && len(args) == 2 {
			t.TZ = args[1]
			err = t.Valid()
		}
		return t, err
	})
}

// unpacked is what a class of datetime makes of its packed state, which is the first of up to most arguments.
func unpacked(m *machine, args py.Tuple, most int, unpack func(py.Bytes) (py.Value, error)) (py.Value, bool, error) {
	if len(args) < 1 || len(args) > most {
		return nil, false, nil
	}
	b, ok := m.packed(args[0])
	if !ok {
		return nil, false, nil
	}
	v, err := unpack(b)
	if err != nil {
		return nil, false, nil
	}
	return v, true, m.charge(most * costSmall)
}

func newDate(m *machine, args py.Tuple) (py.Value, bool, error) {
	return unpacked(m, args, 1, func(b py.Bytes) (py.Value, error) { return py.UnpackDate(b) })
}

// newTime is time(packed) and time(packed, tzinfo).
func newTime(m *machine, args py.Tuple) (py.Value, bool, error) {
	return unpacked(m, args, 2, func(b py.Bytes) (py.Value, error) {
		t, err := py.UnpackTime(b)
		if err == nil && len(args) == 2 {
			t.TZ = args[1]
			err = t.Valid()
		}
		return t, err
	})
}

// newTimeDelta is timedelta(days, seconds, microseconds).
func newTimeDelta(m *machine, args py.Tuple) (py.Value, bool, error) {
	var n [3]int64
	if len(args) > len(n) {
		return nil, false, nil
	}
	for i, a := range args {
		var ok bool
		if n[i], ok = a.(int64); !ok {
			return nil, false, nil
		}
	}
	d, err := py.NewTimeDelta(n[0], n[1], n[2])
	if err != nil {
		return nil, false, nil
	}
	return d, true, m.charge(costSmall)
}

// newTimeZone is timezone(offset) and timezone(offset, name).
func newTimeZone(m *machine, args py.Tuple) (py.Value, bool, error) {
	var z py.TimeZone
	var ok bool
	switch len(args) {
	case 2:
		if z.Name, ok = args[1].(string); !ok {
			return nil, false, nil
		}
		fallthrough
	case 1:
		if z.Offset, ok = args[0].(py.TimeDelta); !ok {
			return nil, false, nil
		}
	default:
		return nil, false, nil
	}
	if z.Valid() != nil {
		return nil, false, nil
	}
	return z, true, m.charge(costSmall)
}
