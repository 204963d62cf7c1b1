package py

import "time"

// TimeZone is a datetime.timezone: a fixed distance from UTC, which in Python 3.6 and older must be whole minutes. The zero TimeZone is timezone.utc.
type TimeZone struct {
	Offset TimeDelta
	Name   Value // None or a string
}

// Valid returns the error that Python raises for such a timezone: one must be less than a day from UTC.
func (z TimeZone) Valid() error {
	if err := z.Offset.Valid(); err != nil {
		return err
	}
	if z.Offset.Days < -1 || z.Offset.Days > 0 || z.Offset == (TimeDelta{Days: -1}) {
		return ValueError("offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not %s.", z.Offset.appendRepr(nil))
	}
	switch z.Name.(type) {
	case nil, string, Str2:
		return nil
	}
	return TypeError("timezone() argument 2 must be str, not %s", TypeName(z.Name))
}

// String is the name of the time zone, as Python's str gives it: "UTC+01:00" if it has none of its own.
func (z TimeZone) String() string {
	switch name := z.Name.(type) {
	case string:
		return name
	case Str2:
		return name.Text()
	}
	if z.Offset.IsZero() {
		return "UTC"
	}
	return string(appendOffset([]byte("UTC"), z.Offset))
}

// Location is the zone for Go's times, to the second: Go has no smaller parts.
func (z TimeZone) Location() *time.Location {
	if z.Name == nil && z.Offset.IsZero() {
		return time.UTC
	}
	return time.FixedZone(z.String(), z.Offset.Days*daySeconds+z.Offset.Seconds)
}

// appendOffset writes a distance from UTC: "+01:00", with seconds and microseconds only if it has them.
func appendOffset(dst []byte, d TimeDelta) []byte {
	sign := byte('+')
	if d.Days < 0 {
		sign = '-'
		if abs, err := d.Neg(); err == nil {
			d = abs
		}
	}
	dst = append(dst, sign)
	dst = appendPadded(dst, d.Seconds/3600, 2)
	end := len(dst) + len(":00")
	dst = appendMinutes(dst, d.Seconds/60%60, d.Seconds%60, d.Microseconds)
	if d.Seconds%60 == 0 && d.Microseconds == 0 {
		return dst[:end]
	}
	return dst
}

// validTZ returns an error if v can't be the tzinfo of a time.
func validTZ(v Value) error {
	switch v := v.(type) {
	case nil, *Object, *Persistent:
		return nil
	case TimeZone:
		return v.Valid()
	}
	return TypeError("tzinfo argument must be None or of a tzinfo subclass, not type '%s'", TypeName(v))
}

// offsetOf is the distance from UTC in a zone of which it does not depend on the date.
func offsetOf(tz Value) (offset TimeDelta, ok bool) {
	z, ok := tz.(TimeZone)
	return z.Offset, ok
}

// appendZone writes what follows the time in ISO 8601. RFC 9557 puts names of zones into brackets; so does this for those of which no offset is known.
func appendZone(dst []byte, tz Value) []byte {
	if tz == nil {
		return dst
	}
	if offset, ok := offsetOf(tz); ok {
		return appendOffset(dst, offset)
	}
	dst = append(dst, '[')
	if key, ok := zoneKey(tz); ok {
		dst = append(dst, key...)
	} else if text, err := ReprLimit(tz, 1<<10); err == nil {
		dst = append(dst, text...)
	} else {
		dst = append(dst, TypeName(tz)...)
	}
	return append(dst, ']')
}

// zoneKey is the name of a zoneinfo.ZoneInfo, "Europe/Paris". Python pickles one as a call of the class method ZoneInfo._unpickle with the name, and the method as
// a call of getattr.
func zoneKey(tz Value) (key string, ok bool) {
	o, ok := tz.(*Object)
	if !ok || len(o.Args) == 0 {
		return "", false
	}
	switch class := o.Class.(type) {
	case Global:
		ok = class == Global{"zoneinfo", "ZoneInfo._unpickle"} || class == Global{"zoneinfo", "ZoneInfo"}
	case *Object:
		ok = class.Class == Global{"builtins", "getattr"} && len(class.Args) == 2 &&
			class.Args[0] == Global{"zoneinfo", "ZoneInfo"} && class.Args[1] == "_unpickle"
	default:
		ok = false
	}
	if !ok {
		return "", false
	}
	key, ok = o.Args[0].(string)
	return key, ok
}
