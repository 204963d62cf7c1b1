package pickle

import (
	"iter"
	"math"
	"math/big"
	"reflect"

	"github.com/multiproc-go/multiproc/py"
)

// About how many bytes are written for a float, an int or None, and for an object besides its contents, or a reference to one.
const (
	lengthFloat     = 9
	lengthInt       = 4
	lengthReference = 3
)

// scan is the first pass over v and all that is in it.
func (e *encoder) scan(v py.Value, depth int) error {
	var id ident
	ofParts := false // the object exists only when all that it is made of does
	switch x := v.(type) {
	case float64, float32:
		e.length += lengthFloat
		return nil
	case nil, bool, int64, int, int8, int16, int32, uint, uint8, uint16, uint32, uint64, uintptr:
		e.length += lengthInt
		return nil
	case string:
		return e.scanText(x)
	case py.Bytes:
		return e.scanBytes(x)
	case py.Str2:
		return e.scanStr2(x)
	case py.Global:
		return e.scanGlobal(x)
	case *py.List:
		id = pointed(kindList, v)
	case *py.Dict:
		id = pointed(kindDict, v)
	case py.Tuple:
		if len(x) == 0 {
			return nil
		}
		id, ofParts = tupleIdent(x), true
	case *py.Object:
		id = pointed(kindObject, v)
		ofParts = x != nil && madeOfParts(x)
	case *py.Set:
		id, ofParts = pointed(kindSet, v), e.protocol < 4
	case *py.FrozenSet:
		id, ofParts = pointed(kindFrozenSet, v), true
	case *py.OrderedDict:
		id = pointed(kindOrderedDict, v)
	case *py.Exception:
		id, ofParts = pointed(kindException, v), true
	case *py.Persistent:
		id, ofParts = pointed(kindPersistent, v), true
	case py.DateTime, py.Time, py.Slice:
		id, ofParts = boxed(v), true
	default:
		return e.scanLeaf(v, depth)
	}
	if e.again(id) {
		return nil
	}
	return e.scanNode(v, ofParts, depth)
}

// scanParts looks into an object.
func (e *encoder) scanParts(v py.Value, depth int) error {
	switch v := v.(type) {
	case *py.List:
		return e.scanItems(v.Items, depth)
	case *py.Dict:
		return e.scanDict(v, depth)
	case py.Tuple:
		return e.scanItems(v, depth)
	case *py.Object:
		return e.scanObject(v, depth)
	case *py.Set:
		e.needSet(&globalSet)
		return e.scanElements(v.All(), depth)
	case *py.FrozenSet:
		e.needSet(&globalFrozenSet)
		return e.scanElements(v.All(), depth)
	case *py.OrderedDict:
		return e.scanOrderedDict(v, depth)
	case *py.Exception:
		return e.scanException(v, depth)
	case *py.Persistent:
		return at(e.scanIn(v.ID, depth), ".id")
	case py.DateTime:
		return e.scanDateTime(v, depth)
	case py.Time:
		return e.scanTime(v, depth)
	case py.Slice:
		return e.scanSlice(v, depth)
	}
	return nil
}

// scanLeaf is scan for values with nothing in them that could lead back to them.
func (e *encoder) scanLeaf(v py.Value, depth int) error {
	switch x := v.(type) {
	case *py.ByteArray:
		if e.again(pointed(kindByteArray, v)) {
			return nil
		}
		return e.scanByteArray(x)
	case *py.Array:
		if e.again(pointed(kindArray, v)) {
			return nil
		}
		return e.scanArray(x)
	case *big.Int:
		if e.again(pointed(kindBigInt, v)) {
			return nil
		}
		return e.scanBigInt(x)
	case *py.Decimal:
		if !e.again(pointed(kindDecimal, v)) {
			e.need(&globalDecimal)
		}
		return nil
	case *py.Fraction:
		if e.again(pointed(kindFraction, v)) {
			return nil
		}
		return e.scanFraction(x)
	case py.Singleton:
		return e.scanSingleton(x)
	case complex64:
		e.need(&globalComplex)
		return nil
	case complex128, py.Date, py.TimeDelta, py.TimeZone, py.UUID, py.Range:
		if e.again(boxed(v)) {
			return nil
		}
		return e.scanReduced(v, depth)
	}
	return e.scanForeign(v, depth)
}

// scanForeign converts a Go value, and goes on with what has been made of it. A struct, an array, or a nil slice or map has no identity in Go, but may lie at the same address each time (a
// constant, and whatever is zero): where it occurs again it is another dict or list. The second pass takes these as it comes to them, since one is as good as the other.
func (e *encoder) scanForeign(v any, depth int) error {
	if depth > e.maxDepth {
		return errTooDeep(e.maxDepth)
	}
	b := boxOf(v)
	made, known := e.made[b]
	if !known || !e.noting && mayBeCopied(v) {
		next, err := e.conv.value(v)
		if err != nil {
			return err
		}
		switch {
		case !known:
			e.made[b] = next
			made = next
		case isAnother(next, made):
			e.copies[b] = append(e.copies[b], next)
			made = next
		}
	}
	return e.scan(made, depth+1)
}

// mayBeCopied tells whether what is made of a Go value is not always the same object. Of pointers, maps and slices the converter knows what it has made.
func mayBeCopied(v any) bool {
	switch t := reflect.TypeOf(v); t.Kind() {
	case reflect.Struct, reflect.Array, reflect.Slice, reflect.Map:
		return true
	case reflect.Pointer:
		return t.Elem().Size() == 0
	}
	return false
}

// isAnother tells whether a value is another object than one before it, and it makes a difference in Python.
func isAnother(v, before py.Value) bool {
	at, n, ok := pyIdentity(v)
	at2, n2, _ := pyIdentity(before)
	return ok && (at != at2 || n != n2)
}

// again notes a reference. It is false for the first one to an object, which has to be looked into. A nil pointer, which is written as None, has nothing in it.
func (e *encoder) again(id ident) bool {
	e.length += lengthReference
	if id.at == 0 {
		return true
	}
	s, first := e.seen.add(id)
	if first {
		return false
	}
	if s.number == 0 {
		s.number = 1
		m, _ := e.memo.add(id)
		m.number = unwritten
	}
	if s.open > 0 {
		e.reaches(s.open - 1)
	}
	return true
}

// unwritten is the place in the memo of what is not in it yet.
const unwritten = -1

// need notes that one of the package's own globals will be written.
func (e *encoder) need(g *py.Global) { e.again(globalIdent(g)) }

// enter checks the depth of what is in a value.
func (e *encoder) enter(depth int) error {
	if depth > e.maxDepth {
		return errTooDeep(e.maxDepth)
	}
	return nil
}

// scanIn is scan for a part of a value.
func (e *encoder) scanIn(part py.Value, depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	return e.scan(part, depth+1)
}

func (e *encoder) scanItems(items []py.Value, depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	for i, v := range items {
		switch v.(type) { // the long lists
		case float64:
			e.length += lengthFloat
			continue
		case int64:
			e.length += lengthInt
			continue
		}
		if err := e.scan(v, depth+1); err != nil {
			return atIndex(err, i)
		}
	}
	return nil
}

func (e *encoder) scanDict(d *py.Dict, depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	i := 0
	for k, v := range d.All() {
		if err := e.scan(k, depth+1); err != nil {
			return at(atIndex(err, i), ".keys()")
		}
		if err := e.scan(v, depth+1); err != nil {
			return atKey(err, k)
		}
		i++
	}
	return nil
}

func (e *encoder) scanElements(elems iter.Seq[py.Value], depth int) error {
	if err := e.enter(depth); err != nil {
		return err
	}
	i := 0
	for v := range elems {
		if err := e.scan(v, depth+1); err != nil {
			return atIndex(err, i)
		}
		i++
	}
	return nil
}

// scanText notes a str. Fetching one of a single character would take more bytes than writing it, and Python has such characters ready.
func (e *encoder) scanText(s string) error {
	if len(s) > 1 && e.again(textIdent(kindText, s)) {
		return nil
	}
	e.length += len(s) + 2
	if !validText(s) {
		return errNotText
	}
	if e.protocol < 4 {
		return e.fits(len(s))
	}
	return nil
}

// scanBytes notes a bytes object, of which protocol 2 has none: see reduce_bytes.go.
func (e *encoder) scanBytes(b py.Bytes) error {
	if len(b) > 1 && e.again(textIdent(kindBytes, b)) {
		return nil
	}
	e.length += len(b) + 2
	if e.protocol == 2 {
		return e.scanBytes2(string(b))
	}
	if e.protocol == 3 {
		return e.fits(len(b))
	}
	return nil
}

// scanStr2 notes a str of Python 2, which is that in protocol 2 only. The protocols that Python 2 can't read have it as a str if it is ASCII, as Python 3 would read it in protocol 2,
// and else as bytes.
func (e *encoder) scanStr2(s py.Str2) error {
	if len(s) > 1 && e.again(textIdent(kindStr2, s)) {
		return nil
	}
	e.length += len(s) + 2
	if e.protocol == 2 && len(s) > math.MaxInt32 {
		return errNeeds4
	}
	if e.protocol == 3 {
		return e.fits(len(s))
	}
	return nil
}

// fits checks that a length has a place in four bytes.
func (e *encoder) fits(n int) error {
	if uint64(n) > math.MaxUint32 {
		return errNeeds4
	}
	return nil
}
