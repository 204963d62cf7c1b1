package py

import (
	"cmp"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// TimeDelta is a datetime.timedelta, normalised as Python does: 0 <= Seconds < 86400, 0 <= Microseconds < 1e6, and at most 999,999,999 days either way. So only Days is
// negative in a negative one.
type TimeDelta struct {
	Days, Seconds, Microseconds int
}

const (
	maxDays    = 999_999_999
	daySeconds = 24 * 60 * 60
	dayMicros  = daySeconds * 1_000_000
)

// NewTimeDelta is datetime.timedelta(days, seconds, microseconds): any numbers, which it normalises. The error is an OverflowError.
func NewTimeDelta(days, seconds, microseconds int64) (TimeDelta, error) {
	carry, us := floorDiv(microseconds, 1e6)
	more, s := floorDiv(seconds, daySeconds)
	// Both carries are far below 2^62, and s + carry%daySeconds below two days.
	whole, rest := floorDiv(carry, daySeconds)
	s += rest
	if s >= daySeconds {
		s -= daySeconds
		whole++
	}
	more += whole
	if days > math.MaxInt64/2 || days < math.MinInt64/2 {
		return TimeDelta{}, OverflowError("Python int too large to convert to C int")
	}
	if days += more; days > maxDays || days < -maxDays {
		return TimeDelta{}, OverflowError("days=%d; must have magnitude <= %d", days, maxDays)
	}
	return TimeDelta{int(days), int(s), int(us)}, nil
}

// floorDiv divides so that the remainder is not negative.
func floorDiv(n, by int64) (quotient, remainder int64) {
	quotient, remainder = n/by, n%by
	if remainder < 0 {
		quotient--
		remainder += by
	}
	return quotient, remainder
}

// DeltaOf is the timedelta of a duration; parts of a microsecond are dropped, towards zero.
func DeltaOf(d time.Duration) TimeDelta {
	days, us := floorDiv(d.Microseconds(), dayMicros)
	return TimeDelta{int(days), int(us / 1e6), int(us % 1e6)}
}

// Duration is the timedelta as a duration. Beyond 292 years there is none: an OverflowError.
func (d TimeDelta) Duration() (time.Duration, error) {
	// |Days| <= 1e9, so the microseconds may take 67 bits; the days that fit a Duration are few.
	const most = math.MaxInt64 / (dayMicros * int64(time.Microsecond))
	if int64(d.Days) > most || int64(d.Days) < -most-1 {
		return 0, OverflowError("%s does not fit a time.Duration", d)
	}
	micros := int64(d.Days)*dayMicros + int64(d.Seconds)*1e6 + int64(d.Microseconds)
	negative := micros < 0
	hi, lo := bits.Mul64(magnitude(micros), uint64(time.Microsecond))
	switch {
	case hi != 0 || lo > 1<<63 || lo == 1<<63 && !negative:
		return 0, OverflowError("%s does not fit a time.Duration", d)
	case negative:
		return time.Duration(-int64(lo)), nil
	}
	return time.Duration(lo), nil
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// Valid returns an OverflowError if the timedelta has too many days, and a ValueError if it is not normalised.
func (d TimeDelta) Valid() error {
	if d.Days > maxDays || d.Days < -maxDays {
		return OverflowError("days=%d; must have magnitude <= %d", d.Days, maxDays)
	}
	if d.Seconds < 0 || d.Seconds >= daySeconds || d.Microseconds < 0 || d.Microseconds >= 1e6 {
		return ValueError("datetime.timedelta(%d, %d, %d) is not normalised", d.Days, d.Seconds, d.Microseconds)
	}
	return nil
}

// IsZero reports whether the timedelta is 0, which Python takes for false.
func (d TimeDelta) IsZero() bool { return d == TimeDelta{} }

// Compare is -1 if d < e, 0 if they are equal, and 1 if d > e.
func (d TimeDelta) Compare(e TimeDelta) int {
	return cmp.Or(cmp.Compare(d.Days, e.Days), cmp.Compare(d.Seconds, e.Seconds), cmp.Compare(d.Microseconds, e.Microseconds))
}

// Neg is -d, with Python's OverflowError.
func (d TimeDelta) Neg() (TimeDelta, error) {
	return NewTimeDelta(-int64(d.Days), -int64(d.Seconds), -int64(d.Microseconds))
}

// Add is d + e, with Python's OverflowError.
func (d TimeDelta) Add(e TimeDelta) (TimeDelta, error) {
	return NewTimeDelta(int64(d.Days)+int64(e.Days), int64(d.Seconds)+int64(e.Seconds), int64(d.Microseconds)+int64(e.Microseconds))
}

// String is what Python's str gives: "-1 day, 23:59:59.500000".
func (d TimeDelta) String() string {
	var dst []byte
	if d.Days != 0 {
		dst = strconv.AppendInt(dst, int64(d.Days), 10)
		dst = append(dst, " days, "...)
		if d.Days == 1 || d.Days == -1 {
			dst = append(dst[:len(dst)-len("s, ")], ", "...)
		}
	}
	dst = strconv.AppendInt(dst, int64(d.Seconds/3600), 10)
	return string(appendMinutes(dst, d.Seconds/60%60, d.Seconds%60, d.Microseconds))
}

func (d TimeDelta) appendRepr(dst []byte) []byte {
	dst = append(dst, "datetime.timedelta("...)
	if d.IsZero() {
		return append(dst, "0)"...)
	}
	for _, part := range [...]struct {
		name string
		n    int
	}{{"days=", d.Days}, {"seconds=", d.Seconds}, {"microseconds=", d.Microseconds}} {
		if part.n != 0 {
			dst = append(dst, part.name...)
			dst = strconv.AppendInt(dst, int64(part.n), 10)
			dst = append(dst, ", "...)
		}
	}
	return append(dst[:len(dst)-len(", ")], ')')
}
