package py

import (
	"strconv"
	"time"
)

// Date is a datetime.date of the proleptic Gregorian calendar, years 1 to 9999.
type Date struct {
	Year, Month, Day int
}

// NewDate is datetime.date(year, month, day), with its ValueError.
func NewDate(year, month, day int) (Date, error) {
	d := Date{year, month, day}
	return d, d.Valid()
}

// DateOf is the day of t in t's location. Years before 1 and after 9999 are a ValueError.
func DateOf(t time.Time) (Date, error) {
	year, month, day := t.Date()
	return NewDate(year, int(month), day)
}

// Valid returns the ValueError that Python raises for such a date, nil for a date of the calendar.
func (d Date) Valid() error {
	switch {
	case d.Year < minYear || d.Year > maxYear:
		return ValueError("year %d is out of range", d.Year)
	case d.Month < 1 || d.Month > 12:
		return ValueError("month must be in 1..12")
	case d.Day < 1 || d.Day > daysIn(d.Year, d.Month):
		return ValueError("day is out of range for month")
	}
	return nil
}

const (
	minYear = 1
	maxYear = 9999
)

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// Time is the midnight at which the day begins in loc, or the first moment after a gap there.
func (d Date) Time(loc *time.Location) time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, loc)
}

// Packed is the date as pickles have it, 4 bytes: the year with its high byte first, month, day. The date must be valid.
func (d Date) Packed() Bytes {
	return Bytes(d.appendPacked(nil, 0))
}

func (d Date) appendPacked(dst []byte, foldBit byte) []byte {
	return append(dst, byte(d.Year>>8), byte(d.Year), byte(d.Month)|foldBit, byte(d.Day))
}

// UnpackDate reads what Packed wrote.
func UnpackDate(b Bytes) (Date, error) {
	if len(b) != 4 {
		return Date{}, TypeError("a packed date has 4 bytes, not %d", len(b))
	}
	return NewDate(int(b[0])<<8|int(b[1]), int(b[2]), int(b[3]))
}

// String is the date in ISO 8601, as Python's str gives it: "2020-01-31".
func (d Date) String() string { return string(d.appendISO(nil)) }

func (d Date) appendISO(dst []byte) []byte {
	dst = appendPadded(dst, d.Year, 4)
	dst = append(dst, '-')
	dst = appendPadded(dst, d.Month, 2)
	dst = append(dst, '-')
	return appendPadded(dst, d.Day, 2)
}

// appendPadded writes n with zeros before it up to width. Negative numbers only come from values that are not valid.
func appendPadded(dst []byte, n, width int) []byte {
	for limit := 10; width > 1; width-- {
		if n >= 0 && n < limit {
			dst = append(dst, zeros[:width-1]...)
			break
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

const zeros = "000000"
