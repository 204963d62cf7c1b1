package py

import (
	"cmp"
	"math/big"
)

// zoneKind is what is known of a time's distance from UTC.
type zoneKind uint8

const (
	naive   zoneKind = iota // there is none
	fixed                   // a TimeZone
	unknown                 // an Object, whose rules are not known
)

func zoneOf(tz Value) (kind zoneKind, offset TimeDelta) {
	if tz == nil {
		return naive, offset
	}
	if offset, ok := offsetOf(tz); ok {
		return fixed, offset
	}
	return unknown, offset
}

// moment is a time or datetime as it is compared: the microseconds since some zero, in UTC if the distance is known.
type moment struct {
	what   string // of a message: "times", "datetimes"
	micros int64
	zone   zoneKind
	tz     Value
}

// momentOf takes a Time or DateTime. Python leaves a distance's microseconds out when it compares times; Fold does not count.
func momentOf(v Value) (m moment, ok bool) {
	var offset TimeDelta
	switch v := v.(type) {
	case Time:
		m = moment{what: "times", micros: v.SinceMidnight().Microseconds(), tz: v.TZ}
		m.zone, offset = zoneOf(v.TZ)
		offset.Microseconds = 0
	case DateTime:
		m = moment{what: "datetimes", micros: v.utc().UnixMicro(), tz: v.TZ}
		m.zone, offset = zoneOf(v.TZ)
	default:
		return m, false
	}
	m.micros -= int64(offset.Days)*dayMicros + int64(offset.Seconds)*1e6 + int64(offset.Microseconds)
	return m, true
}

// compareMoments orders two times, or two datetimes. Those with and those without a time zone are not equal and have no order; with different time zones of unknown rules this is
// not Python's answer, which runs their code.
func (w *walker) compareMoments(a, b moment) (relation, error) {
	switch {
	case a.zone == naive != (b.zone == naive):
		return unordered, TypeError("can't compare offset-naive and offset-aware %s", a.what)
	case a.zone == unknown || b.zone == unknown:
		if err := w.deeper("maximum recursion depth exceeded in comparison"); err != nil {
			return unordered, err
		}
		equal, err := w.equal(a.tz, b.tz)
		w.depth--
		if err != nil {
			return unordered, err
		}
		if !equal {
			return unordered, TypeError("can't compare %s in time zones whose rules are not known", a.what)
		}
	}
	return relation(cmp.Compare(a.micros, b.micros)), nil
}

// equalMoments is a == b where a is a Time, a DateTime or a TimeZone.
func (w *walker) equalMoments(a, b Value) (bool, error) {
	if a, ok := a.(TimeZone); ok {
		b, ok := b.(TimeZone)
		return ok && a.Offset == b.Offset, nil
	}
	x, _ := momentOf(a)
	y, ok := momentOf(b)
	if !ok || x.what != y.what {
		return false, nil
	}
	r, err := w.compareMoments(x, y)
	if IsException(err, "TypeError") {
		err = nil
	}
	return r == same, err
}

// hashMoment is the hash of a Time, a DateTime or a TimeZone. The budget is what hashParts has for a time zone of unknown rules.
func hashMoment(v Value, budget int) uint64 {
	if z, ok := v.(TimeZone); ok {
		return mix(hashTag(tagTimeZone), hashPlain(z.Offset))
	}
	m, _ := momentOf(v)
	h := mix(hashTag(tagTime), uint64(m.micros))
	if m.what == "datetimes" {
		h++
	}
	if m.zone == unknown && budget > 0 {
		h = mix(h, hashParts(m.tz, budget))
	}
	return h
}

// sequence is what makes two ranges equal: the length, the first element if there is one, and the step if there are two.
func (r Range) sequence() (length, start, step *big.Int, ok bool) {
	length, err := r.count()
	if err != nil {
		return nil, nil, nil, false
	}
	start, _, step, _ = r.ints()
	if length.Sign() == 0 {
		start = length
	}
	if length.Cmp(big.NewInt(1)) <= 0 {
		step = new(big.Int)
	}
	return length, start, step, true
}

func equalRanges(a, b Range) bool {
	length, start, step, ok := a.sequence()
	length2, start2, step2, ok2 := b.sequence()
	return ok && ok2 && length.Cmp(length2) == 0 && start.Cmp(start2) == 0 && step.Cmp(step2) == 0
}

func hashRange(r Range) uint64 {
	length, start, step, ok := r.sequence()
	if !ok {
		return hashTag(tagRange)
	}
	h := hashTag(tagRange)
	for _, i := range [...]*big.Int{length, start, step} {
		h = mix(h, hashPlain(i))
	}
	return h
}
