package py

// Truth is Python's bool(v): false for None, False, zeros, what is empty, and a timedelta of 0. An Object is true, though a class may say otherwise.
func Truth(v Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case string:
		return v != ""
	case Bytes:
		return v != ""
	case Str2:
		return v != ""
	case *ByteArray:
		return len(v.B) > 0
	case Tuple:
		return len(v) > 0
	case *List:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	case *OrderedDict:
		return v.Len() > 0
	case *Set:
		return v.Len() > 0
	case *FrozenSet:
		return v.Len() > 0
	case *Array:
		return v.Len() > 0
	case Range:
		n, err := v.count()
		return err != nil || n.Sign() > 0
	case TimeDelta:
		return !v.IsZero()
	case *Decimal:
		return v.IsNaN() || v.Sign() != 0
	case *Fraction:
		num, _ := v.parts()
		return num.Sign() != 0
	}
	switch n := numberOf(v); n.kind {
	case smallInt:
		return n.small != 0
	case floating:
		return n.float != 0
	}
	return true
}
