package py

import "time"

// Time is a datetime.time.
type Time struct {
	Hour, Minute, Second, Microsecond int
	Fold                              int   // 1 for the second of two equal local times
	TZ                                Value // None, a TimeZone, or an Object of another tzinfo class
}

// TimeOfDay is the time that is d after midnight, without a time zone. Parts of a microsecond are dropped. The error is a ValueError for less than 0 and for a day or more.
func TimeOfDay(d time.Duration) (Time, error) {
	if d < 0 {
		return Time{}, ValueError("hour must be in 0..23")
	}
	t := Time{
		Hour:        int(d / time.Hour),
		Minute:      int(d / time.Minute % 60),
		Second:      int(d / time.Second % 60),
		Microsecond: int(d / time.Microsecond % 1e6),
	}
	return t, t.Valid()
}

// Valid returns the error that Python raises for such a time, nil for a time that exists there.
func (t Time) Valid() error {
	switch {
	case t.Hour < 0 || t.Hour > 23:
		return ValueError("hour must be in 0..23")
	case t.Minute < 0 || t.Minute > 59:
		return ValueError("minute must be in 0..59")
	case t.Second < 0 || t.Second > 59:
		return ValueError("second must be in 0..59")
	case t.Microsecond < 0 || t.Microsecond >= 1e6:
		return ValueError("microsecond must be in 0..999999")
	case t.Fold != 0 && t.Fold != 1:
		return ValueError("fold must be either 0 or 1")
	}
	return validTZ(t.TZ)
}

// SinceMidnight is how long after midnight the time is, whatever its time zone.
func (t Time) SinceMidnight() time.Duration {
	return time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute +
		time.Duration(t.Second)*time.Second + time.Duration(t.Microsecond)*time.Microsecond
}

// Offset is the time's distance from UTC. ok is false if it has none: there is no time zone, or one whose rules this package does not have.
func (t Time) Offset() (offset TimeDelta, ok bool) { return offsetOf(t.TZ) }

// Packed is the time as pickles have it, 6 bytes without the time zone: hour, minute, second, and the microsecond in 3 bytes, high byte first. Fold is the top
// bit of the hour; protocols below 4 have no place for it, so set it to 0 for those. The time must be valid.
func (t Time) Packed() Bytes {
	return Bytes(t.appendPacked(nil, byte(t.Fold)<<7))
}

func (t Time) appendPacked(dst []byte, foldBit byte) []byte {
	return append(dst, byte(t.Hour)|foldBit, byte(t.Minute), byte(t.Second), byte(t.Microsecond>>16), byte(t.Microsecond>>8), byte(t.Microsecond))
}

// UnpackTime reads what Packed wrote. The time zone is the caller's to set.
func UnpackTime(b Bytes) (Time, error) {
	if len(b) != 6 {
		return Time{}, TypeError("a packed time has 6 bytes, not %d", len(b))
	}
	t := unpackTime(b)
	t.Hour, t.Fold = int(b[0]&0x7f), int(b[0]>>7)
	return t, t.Valid()
}

func unpackTime(b Bytes) Time {
	return Time{
		Hour: int(b[0]), Minute: int(b[1]), Second: int(b[2]),
		Microsecond: int(b[3])<<16 | int(b[4])<<8 | int(b[5]),
	}
}

// String is the time in ISO 8601, as Python's str gives it: "03:04:05.000006+01:00". A time zone whose rules are not known stands in brackets.
func (t Time) String() string { return string(appendZone(t.appendISO(nil), t.TZ)) }

// appendISO writes the time without its zone; the microseconds only if there are any.
func (t Time) appendISO(dst []byte) []byte {
	dst = appendPadded(dst, t.Hour, 2)
	return appendMinutes(dst, t.Minute, t.Second, t.Microsecond)
}

// appendMinutes writes what follows the hours: ":04:05.000006".
func appendMinutes(dst []byte, minute, second, microsecond int) []byte {
	dst = append(dst, ':')
	dst = appendPadded(dst, minute, 2)
	dst = append(dst, ':')
	dst = appendPadded(dst, second, 2)
	if microsecond != 0 {
		dst = append(dst, '.')
		dst = appendPadded(dst, microsecond, 6)
	}
	return dst
}
