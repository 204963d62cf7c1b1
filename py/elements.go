package py

// Elements is what a for loop over v gets, as list(v) has it: the items of a list, tuple, set, range or array, the keys of a dict, the characters of a str, the bytes of bytes as
// ints and those of a Str2, which are its characters, as Str2. The slice of a list or tuple is its own, not a copy. What can't be iterated over is a TypeError, and a range of more than MaxItems a MemoryError. An Object is not
// iterable, though in Python it may be.
func Elements(v Value) ([]Value, error) {
	switch v := v.(type) {
	case *List:
		return v.Items, nil
	case Tuple:
		return v, nil
	case *Dict:
		return keys(v), nil
	case *OrderedDict:
		return keys(&v.Dict), nil
	case *Set:
		return collect(v.Len(), v.All()), nil
	case *FrozenSet:
		return collect(v.Len(), v.All()), nil
	case string:
		return characters(v), nil
	case Bytes:
		return bytesOf(string(v)), nil
	case *ByteArray:
		return bytesOf(string(v.B)), nil
	case Str2:
		return characters2(v), nil
	case Range:
		return v.elements()
	case *Array:
		return v.Values()
	}
	return nil, TypeError("'%s' object is not iterable", TypeName(v))
}

func keys(d *Dict) []Value {
	out := make([]Value, 0, d.Len())
	for k := range d.All() {
		out = append(out, k)
	}
	return out
}

func collect(n int, elems func(func(Value) bool)) []Value {
	out := make([]Value, 0, n)
	for v := range elems {
		out = append(out, v)
	}
	return out
}

func characters(s string) []Value {
	out := make([]Value, 0, len(s))
	for s != "" {
		r, size := decodeRune(s)
		if size == 1 && r >= 0x80 {
			out = append(out, string(appendRune(nil, r)))
		} else {
			out = append(out, s[:size])
		}
		s = s[size:]
	}
	return out
}

// characters2 are the characters of Python 2's str. Each is a byte, whatever text the bytes may be.
func characters2(s Str2) []Value {
	out := make([]Value, len(s))
	for i := range len(s) {
		out[i] = s[i : i+1]
	}
	return out
}

func bytesOf(s string) []Value {
	out := make([]Value, len(s))
	for i := range len(s) {
		out[i] = int64(s[i])
	}
	return out
}

func (r Range) elements() ([]Value, error) {
	n, err := r.Len()
	if err != nil || n > MaxItems {
		return nil, MemoryError("the range has more than %d elements", MaxItems)
	}
	out := make([]Value, 0, n)
	for v := range r.All() {
		out = append(out, v)
	}
	return out, nil
}
