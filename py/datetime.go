package py

import (
	"sync"
	"sync/atomic"
	"time"
)

// DateTime is a datetime.datetime.
type DateTime struct {
	Year, Month, Day                  int
	Hour, Minute, Second, Microsecond int
	Fold                              int   // 1 for the second of two equal local times
	TZ                                Value // None, a TimeZone, or an Object of another tzinfo class
}

// Combine is the moment at which it is t on day d.
func Combine(d Date, t Time) DateTime {
	return DateTime{d.Year, d.Month, d.Day, t.Hour, t.Minute, t.Second, t.Microsecond, t.Fold, t.TZ}
}

// DateTimeOf is the moment t with t's distance from UTC as a TimeZone. Parts of a microsecond are dropped. The error is a ValueError if Python has no such year or no such
// distance from UTC.
func DateTimeOf(t time.Time) (DateTime, error) {
	_, offset := t.Zone()
	d := DateTime{
		Year: t.Year(), Month: int(t.Month()), Day: t.Day(),
		Hour: t.Hour(), Minute: t.Minute(), Second: t.Second(), Microsecond: t.Nanosecond() / 1000,
		TZ: TimeZone{Offset: DeltaOf(time.Duration(offset) * time.Second)},
	}
	return d, d.Valid()
}

// Date is the day.
func (d DateTime) Date() Date { return Date{d.Year, d.Month, d.Day} }

// Clock is the time of day, with Fold and the time zone.
func (d DateTime) Clock() Time {
	return Time{d.Hour, d.Minute, d.Second, d.Microsecond, d.Fold, d.TZ}
}

// Valid returns the error that Python raises for such a datetime, nil for one that exists there.
func (d DateTime) Valid() error {
	if err := d.Date().Valid(); err != nil {
		return err
	}
	return d.Clock().Valid()
}

// Offset is the distance from UTC. ok is false if there is none: the datetime has no time zone, or one whose rules this package does not have.
func (d DateTime) Offset() (offset TimeDelta, ok bool) { return offsetOf(d.TZ) }

// Time is the moment in Go. A datetime without a time zone ("naive") is taken for the time in loc; with a TimeZone the result has that zone as its location, and with a
// zoneinfo.ZoneInfo the location of that name, if Go finds it. Other time zones are a ValueError.
//
// Where clocks are set back, and a local time comes twice, Fold decides; a local time that is left out has the distance from UTC of before the gap, or of after it with
// Fold 1. That is as Python does it.
func (d DateTime) Time(loc *time.Location) (time.Time, error) {
	switch tz := d.TZ.(type) {
	case nil:
		return d.in(loc), nil
	case TimeZone:
		offset, err := tz.Offset.Duration()
		if err != nil {
			return time.Time{}, err
		}
		return d.utc().Add(-offset).In(tz.Location()), nil
	}
	key, ok := zoneKey(d.TZ)
	if !ok {
		return time.Time{}, ValueError("the rules of the time zone of %s are not known", d)
	}
	loc, err := location(key)
	if err != nil {
		return time.Time{}, ValueError("the rules of the time zone of %s were not found: %v", d, err)
	}
	return d.in(loc), nil
}

// locations has the rules of the time zones that were found. There are some hundred of them, but no end of names: "Europe/Paris" is "Europe//Paris", too.
var (
	locations sync.Map // string: *time.Location
	located   atomic.Int64
)

const maxLocations = 1000

// location is time.LoadLocation, which reads a file each time.
func location(key string) (*time.Location, error) {
	if loc, ok := locations.Load(key); ok {
		return loc.(*time.Location), nil
	}
	loc, err := time.LoadLocation(key)
	if err == nil && located.Load() < maxLocations {
		if _, known := locations.LoadOrStore(key, loc); !known {
			located.Add(1)
		}
	}
	return loc, err
}

// Packed is the datetime as pickles have it, 10 bytes without the time zone: the 4 of its Date, the 6 of its Time. Fold is the top bit of the month; protocols below 4
// have no place for it, so set it to 0 for those. The datetime must be valid.
func (d DateTime) Packed() Bytes {
	return Bytes(d.Clock().appendPacked(d.Date().appendPacked(nil, byte(d.Fold)<<7), 0))
}

// UnpackDateTime reads what Packed wrote. The time zone is the caller's to set.
func UnpackDateTime(b Bytes) (DateTime, error) {
	if len(b) != 10 {
		return DateTime{}, TypeError("a packed datetime has 10 bytes, not %d", len(b))
	}
	d := Combine(Date{int(b[0])<<8 | int(b[1]), int(b[2] & 0x7f), int(b[3])}, unpackTime(b[4:]))
	d.Fold = int(b[2] >> 7)
	return d, d.Valid()
}

// String is the datetime as Python's str gives it: "2020-01-31 03:04:05.000006+01:00". A time zone whose rules are not known stands in brackets.
func (d DateTime) String() string { return d.iso(' ') }

// ISO is the datetime in ISO 8601, as isoformat() gives it: "2020-01-31T03:04:05+00:00".
func (d DateTime) ISO() string { return d.iso('T') }

func (d DateTime) iso(separator byte) string {
	dst := append(d.Date().appendISO(nil), separator)
	return string(appendZone(d.Clock().appendISO(dst), d.TZ))
}

// utc is the moment if the datetime were in UTC.
func (d DateTime) utc() time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, d.Microsecond*1000, time.UTC)
}

// in is the moment at which clocks in loc show the datetime. Where there are two or none, the package time leaves open which one it takes.
func (d DateTime) in(loc *time.Location) time.Time {
	local := d.utc()
	// valid is the moment if the offset is what it is around that time, and whether it is that at the moment itself.
	valid := func(around time.Duration) (time.Time, bool) {
		_, offset := local.Add(around).In(loc).Zone()
		t := local.Add(-time.Duration(offset) * time.Second).In(loc)
		_, have := t.Zone()
		return t, have == offset
	}
	// A day is more than any two offsets differ, and less than there is between two changes, but for a few in the past.
	early, earlyOK := valid(-24 * time.Hour)
	late, lateOK := valid(24 * time.Hour)
	if earlyOK && !lateOK || earlyOK == lateOK && d.Fold == 0 {
		return early
	}
	return late
}
