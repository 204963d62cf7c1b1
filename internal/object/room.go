package object

import "github.com/multiproc-go/multiproc/py"

// A few bytes in a request can ask for gigabytes: list(range(10**8)), l * 10**8. So what makes something that is much larger than the request asks for room first: see Caller.Room.

// askFrom is how much a call may take without asking: a look at the heap takes some microseconds.
const askFrom = 1 << 20

// Estimates, in bytes.
const (
	numberBytes = 8   // a number in an array
	slotBytes   = 16  // a value in a list of values that are there already
	itemBytes   = 48  // a value that is made, its place in a list, and in another that the first is copied to
	pairBytes   = 144 // a key and a value in a dict that is made; an element of a set has less
)

// room asks for n things of some bytes each.
func (c *Call) room(n int64, each int64) error {
	if n <= askFrom/each || c.Caller == nil || c.Caller.Room == nil {
		return nil
	}
	return c.Caller.Room(n * each)
}

// expanded is how many values elements makes that are not there before.
func expanded(v py.Value) int64 {
	switch v := v.(type) {
	case string:
		return int64(len(v))
	case py.Str2:
		return int64(len(v))
	case py.Bytes:
		return int64(len(v))
	case *py.ByteArray:
		return int64(len(v.B))
	case py.Range:
		if n, err := v.Len(); err == nil && n <= py.MaxItems {
			return int64(n)
		}
		return 0 // py refuses it
	case *py.Array:
		return int64(v.Len())
	case *py.Dict:
		return int64(v.Len())
	case *py.OrderedDict:
		return int64(v.Len())
	case py.AnySet:
		return int64(v.Len())
	case *Ref:
		return count(v.Node.Object)
	}
	return 0
}

// count is how many items an object has, 0 if that is not known.
func count(o Object) int64 {
	if o, ok := o.(Sizer); ok {
		if s, ok := o.Size(); ok {
			return int64(s.Len)
		}
	}
	return 0
}

// roomForSlice asks for what an item takes that is a slice of an object.
func (c *Call) roomForSlice(o Object, at py.Value, each int64) error {
	if s, ok := at.(py.Slice); ok {
		if _, _, _, n, err := s.Indices(int(count(o))); err == nil {
			return c.room(int64(n), each)
		}
	}
	return nil
}

// copying is a method that makes as many things of some bytes as the object has.
func copying(each int64, m Method) Method {
	return func(o Object, c *Call) (py.Value, error) {
		if err := c.room(count(o), each); err != nil {
			return nil, err
		}
		return m(o, c)
	}
}

// RoomForValue asks for room for what Value, or Repr, makes of an object.
func (c *Call) RoomForValue(o Object) error { return c.room(count(o), pairBytes) }
