package py

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
)

// Hash is a hash that is the same for equal values: 1, 1.0, True and Decimal('1.00') have the same one. It is not Python's, and another one in each process, so that nobody can
// prepare keys that have the same hash. A TypeError tells that the value can't be a key; a deeply nested one is a RecursionError.
//
// A value with a NaN in it has another hash each time. An Object is hashed by its parts as they are, as far as the first few hundred of them, so that its hash changes with
// them; what can't be a key may be in it. It can't be a key itself if it is a deque, a Counter or the like.
func Hash(v Value) (uint64, error) {
	var w walker
	return w.hash(canonicalKey(v))
}

// secrets are the keys of mix.
var (
	seed    = maphash.MakeSeed()
	secrets = [...]uint64{rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64()}
)

// mix hashes two words, in this order.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^secrets[0], b^secrets[1])
	return hi ^ lo
}

// hashInt is the hash of an int. Up to 2^60 its residue is the int itself, see field.
func hashInt(i int64) uint64 {
	if magnitude(i) < 1<<60 {
		return hashResidue(i)
	}
	return hashResidue(secretField().number(&number{kind: smallInt, small: i}))
}

func hashResidue(r int64) uint64 { return mix(uint64(r), secrets[2]) }

func hashString(s string) uint64 { return maphash.String(seed, s) }

func hashBytes(s string) uint64 { return ^hashString(s) }

// hashPointer is the hash of an identity.
func hashPointer[T any](p *T) uint64 { return maphash.Comparable(seed, p) }

// hashNothing is the hash of what equals nothing.
func hashNothing() uint64 { return rand.Uint64() }

// tag is what the hashes of values of one type begin with, or of several types whose values may be equal.
type tag uint64

const (
	tagNone tag = iota
	tagInfinity
	tagUUID
	tagGlobal
	tagSingleton
	tagDate
	tagTimeDelta
	tagTime
	tagDateTime
	tagTimeZone
	tagRange
	tagSlice
	tagTuple
	tagList
	tagDict
	tagSet
	tagArray
	tagObject
	tagPersistent
	tagUnknown
)

func hashTag(t tag) uint64 { return mix(uint64(t), secrets[3]) }

// hash is Hash of a canonical key.
func (w *walker) hash(v Value) (uint64, error) {
	if isPlain(v) {
		return hashPlain(v), nil
	}
	switch v := v.(type) {
	case Tuple:
		return w.hashTuple(v)
	case *FrozenSet:
		return w.hashFrozenSet(v)
	case *Object:
		if v.unhashable() {
			return 0, TypeError("unhashable type: '%s'", TypeName(v))
		}
		w.unsteady = true
		if w.strict {
			return hashPointer(v), nil
		}
		return hashObject(v, objectBudget), nil
	case *Exception:
		return hashPointer(v), nil
	case *Persistent:
		w.unsteady = true
		return hashParts(v, objectBudget), nil
	case *Decimal:
		if v.form == signalingNaN {
			return 0, TypeError("Cannot hash a signaling NaN value")
		}
		return hashPointer(v), nil
	case Time, DateTime, TimeZone:
		w.unsteady = true // its time zone may be an Object
		return hashMoment(v, objectBudget), nil
	case Range:
		return hashRange(v), nil
	case Slice:
		return w.hashItems(hashTag(tagSlice), []Value{v.Start, v.Stop, v.Step})
	case Foreign:
		return hashForeign(v), nil
	}
	// Go's own types of numbers, inside of a tuple.
	if n := numberOf(v); n.kind != noNumber {
		return hashNumber(&n), nil
	}
	return 0, TypeError("unhashable type: '%s'", TypeName(v))
}

func (w *walker) hashTuple(t Tuple) (uint64, error) {
	h := mix(hashTag(tagTuple), uint64(len(t)))
	if len(t) == 0 {
		return h, nil
	}
	return w.hashOnce(ref{&t[0], len(t)}, func() (uint64, error) { return w.hashItems(h, t) })
}

func (w *walker) hashItems(h uint64, items []Value) (uint64, error) {
	if err := w.deeper("maximum recursion depth exceeded"); err != nil {
		return 0, err
	}
	for _, v := range items {
		part, err := w.hash(v)
		if err != nil {
			return 0, err
		}
		h = mix(h, part)
	}
	w.wide(len(items))
	w.depth--
	return h, nil
}

// hashFrozenSet adds the hashes of the elements, so that their order does not matter. A frozenset keeps its hash, as in Python: one in another, ten thousand deep, would
// be hashed from the bottom at each level.
func (w *walker) hashFrozenSet(s *FrozenSet) (uint64, error) {
	if h := s.hash.Load(); h != 0 {
		return h, nil
	}
	outside := w.unsteady
	w.unsteady = false
	h, err := w.hashOnce(ref{s, 0}, func() (uint64, error) { return w.hashElements(&s.t) })
	if err == nil && !w.unsteady {
		s.hash.Store(h)
	}
	w.unsteady = w.unsteady || outside
	return h, err
}

func (w *walker) hashElements(t *table[struct{}]) (uint64, error) {
	if err := w.deeper("maximum recursion depth exceeded"); err != nil {
		return 0, err
	}
	sum := uint64(0)
	for i := range t.entries {
		if key := t.entries[i].key; !isDead(key) {
			part, err := w.hash(key)
			if err != nil {
				return 0, err
			}
			sum += mix(part, secrets[3])
		}
	}
	w.wide(len(t.entries))
	w.depth--
	return mix(mix(hashTag(tagSet), uint64(t.len())), sum), nil
}

// wide counts the items of a container as work, if there are many: one that a value has many times must be remembered, also if it has no containers in it.
func (w *walker) wide(n int) { w.work += n / freePart }
