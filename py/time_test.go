package py

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func anyDate() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		d := Date{Year: rapid.IntRange(1, 9999).Draw(t, "year"), Month: rapid.IntRange(1, 12).Draw(t, "month")}
		d.Day = rapid.IntRange(1, daysIn(d.Year, d.Month)).Draw(t, "day")
		return d
	})
}

func anyClock() *rapid.Generator[Time] {
	return rapid.Custom(func(t *rapid.T) Time {
		return Time{
			Hour: rapid.IntRange(0, 23).Draw(t, "hour"), Minute: rapid.IntRange(0, 59).Draw(t, "minute"), Second: rapid.IntRange(0, 59).Draw(t, "second"),
			Microsecond: rapid.IntRange(0, 999999).Draw(t, "microsecond"), Fold: rapid.IntRange(0, 1).Draw(t, "fold"),
		}
	})
}

func anyDelta() *rapid.Generator[TimeDelta] {
	return rapid.Custom(func(t *rapid.T) TimeDelta {
		return TimeDelta{
			rapid.IntRange(-maxDays, maxDays).Draw(t, "days"), rapid.IntRange(0, daySeconds-1).Draw(t, "seconds"), rapid.IntRange(0, 999999).Draw(t, "microseconds"),
		}
	})
}

func TestPackedTimesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, c := anyDate().Draw(t, "date"), anyClock().Draw(t, "time")
		if got, err := UnpackDate(d.Packed()); got != d || err != nil {
			t.Errorf("%v, %v; want %v", got, err, d)
		}
		if got, err := UnpackTime(c.Packed()); got != c || err != nil {
			t.Errorf("%v, %v; want %v", got, err, c)
		}
		if got, err := UnpackDateTime(Combine(d, c).Packed()); got != Combine(d, c) || err != nil {
			t.Errorf("%v, %v; want %v", got, err, Combine(d, c))
		}
	})
}

// TestPackedTimesAreChecked: any bytes are a valid value or an error.
func TestPackedTimesAreChecked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Bytes(rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "small") {
			b = Bytes(rapid.SliceOfN(rapid.ByteMax(40), 4, 10).Draw(t, "bytes"))
		}
		if d, err := UnpackDate(b); err == nil && (d.Valid() != nil || d.Packed() != b) {
			t.Errorf("%x is %v", b, d)
		}
		if c, err := UnpackTime(b); err == nil && (c.Valid() != nil || c.Packed() != b) {
			t.Errorf("%x is %v", b, c)
		}
		if d, err := UnpackDateTime(b); err == nil && (d.Valid() != nil || d.Packed() != b) {
			t.Errorf("%x is %v", b, d)
		}
	})
}

func TestTimesOfGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-86399, 86399).Draw(t, "offset"))
		d, c := anyDate().Draw(t, "date"), anyClock().Draw(t, "time")
		c.Fold = 0
		moment := time.Date(d.Year, time.Month(d.Month), d.Day, c.Hour, c.Minute, c.Second, c.Microsecond*1000+rapid.IntRange(0, 999).Draw(t, "ns"), zone)
		v, err := DateTimeOf(moment)
		if err != nil || v.Date() != d {
			t.Fatalf("%v is %v, %v", moment, v, err)
		}
		back, err := v.Time(time.Local)
		_, offset := back.Zone()
		_, want := moment.Zone()
		if err != nil || !back.Equal(moment.Truncate(time.Microsecond)) || offset != want {
			t.Fatalf("%v comes back as %v, %v", moment, back, err)
		}
		if got, err := DateOf(d.Time(zone)); got != d || err != nil {
			t.Fatalf("%v comes back as %v, %v", d, got, err)
		}
		if got, err := TimeOfDay(c.SinceMidnight()); got != c || err != nil {
			t.Fatalf("%v comes back as %v, %v", c, got, err)
		}
	})
}

func TestTimesThatPythonHasNot(t *testing.T) {
	for _, moment := range []time.Time{
		time.Date(0, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2020, 1, 1, 0, 0, 0, 0, time.FixedZone("", 86400)), time.Date(2020, 1, 1, 0, 0, 0, 0, time.FixedZone("", -86400)), time.Unix(1<<60, 0),
	} {
		if v, err := DateTimeOf(moment); !IsException(err, "ValueError") {
			t.Errorf("%v is %v, %v", moment, v, err)
		}
	}
	for _, d := range []time.Duration{-1, 24 * time.Hour, math.MaxInt64} {
		if v, err := TimeOfDay(d); !IsException(err, "ValueError") {
			t.Errorf("%v is %v, %v", d, v, err)
		}
	}
	unknown := DateTime{Year: 2020, Month: 1, Day: 1, TZ: &Object{Class: Global{"m", "tz"}}}
	if v, err := unknown.Time(time.UTC); !IsException(err, "ValueError") {
		t.Errorf("%v is %v, %v", unknown, v, err)
	}
	if _, ok := unknown.Offset(); ok {
		t.Errorf("%v has an offset", unknown)
	}
}

func TestDurations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64().Draw(t, "ns"))
		v := DeltaOf(d)
		if got, err := v.Duration(); v.Valid() != nil || got != d.Truncate(time.Microsecond) || err != nil {
			t.Fatalf("%d comes back as %d by %v, %v", d, got, v, err)
		}
	})
	for v, fits := range map[TimeDelta]bool{
		{}:                       true,
		{106751, 85636, 854775}:  true, // MaxInt64 ns
		{106751, 85636, 854776}:  false,
		{-106752, 763, 145225}:   true,
		{-106752, 763, 145224}:   false,
		{106752, 0, 0}:           false,
		{-106753, 0, 0}:          false,
		{maxDays, 86399, 999999}: false,
		{-maxDays, 0, 0}:         false,
	} {
		if d, err := v.Duration(); fits != (err == nil) || err != nil && !IsException(err, "OverflowError") {
			t.Errorf("%v is %v, %v", v, d, err)
		}
	}
}

// TestDeltaArithmetic checks the laws; that the numbers are Python's is TestDeltasAreThoseOfPython's affair.
func TestDeltaArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyDelta().Draw(t, "a"), anyDelta().Draw(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = TimeDelta{a.Days, b.Seconds, b.Microseconds}
		}
		if a.Valid() != nil || a.Compare(b) != -b.Compare(a) || (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%v and %v", a, b)
		}
		sum, err := a.Add(b)
		if err != nil {
			return // of too many days
		}
		less, err := b.Neg()
		if err != nil {
			return
		}
		if back, err := sum.Add(less); sum.Valid() != nil || back != a || err != nil {
			t.Fatalf("%v + %v is %v", a, b, sum)
		}
		if sum.Compare(a) != b.Compare(TimeDelta{}) {
			t.Fatalf("%v + %v is %v, on the wrong side", a, b, sum)
		}
	})
}

func TestDeltasOutOfRange(t *testing.T) {
	for _, n := range [][3]int64{
		{maxDays + 1, 0, 0}, {-maxDays - 1, 0, 0}, {-maxDays, -1, 0}, {maxDays, daySeconds, 0}, {math.MaxInt64, math.MaxInt64, math.MaxInt64},
		{math.MinInt64, math.MinInt64, math.MinInt64}, {0, math.MaxInt64, math.MaxInt64}, {-maxDays, 0, -1},
	} {
		if d, err := NewTimeDelta(n[0], n[1], n[2]); !IsException(err, "OverflowError") {
			t.Errorf("%v is %v, %v", n, d, err)
		}
	}
	if d, err := NewTimeDelta(maxDays, daySeconds-1, 999999); d != (TimeDelta{maxDays, daySeconds - 1, 999999}) || err != nil {
		t.Errorf("the longest is %v, %v", d, err)
	}
	for _, d := range []TimeDelta{{Seconds: -1}, {Seconds: daySeconds}, {Microseconds: -1}, {Microseconds: 1e6}, {Days: maxDays + 1}} {
		if d.Valid() == nil {
			t.Errorf("%#v is valid", d)
		}
	}
}

// TestTimesNearAChange goes through the changes of clocks in one place: Paris, 2020-03-29 at 1:00 UTC from +1 to +2 hours, and 2020-10-25 at 1:00 UTC back.
func TestTimesNearAChange(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Skipf("no data of time zones: %v", err)
	}
	key := &Object{Class: &Object{Class: Global{"builtins", "getattr"}, Args: Tuple{Global{"zoneinfo", "ZoneInfo"}, "_unpickle"}}, Args: Tuple{"Europe/Paris", int64(1)}}
	for _, c := range []struct {
		month, day, hour, fold int
		utc                    int // hour of the day
	}{
		{3, 28, 12, 0, 11}, {3, 29, 1, 0, 0}, {3, 29, 1, 1, 0}, {3, 29, 3, 0, 1}, {3, 29, 3, 1, 1}, {3, 29, 12, 0, 10},
		{3, 29, 2, 0, 1}, {3, 29, 2, 1, 0}, // there is no such time
		{10, 24, 12, 0, 10}, {10, 25, 1, 0, 23 - 24}, {10, 25, 2, 0, 0}, {10, 25, 2, 1, 1}, {10, 25, 3, 0, 2}, {10, 25, 12, 1, 11},
	} {
		want := time.Date(2020, time.Month(c.month), c.day, c.utc, 30, 0, 0, time.UTC)
		v := DateTime{Year: 2020, Month: c.month, Day: c.day, Hour: c.hour, Minute: 30, Fold: c.fold}
		if got, err := v.Time(paris); err != nil || !got.Equal(want) || got.Location() != paris {
			t.Errorf("%v with fold %d is %v, %v; want %v", v, c.fold, got, err, want)
		}
		v.TZ = key
		if got, err := v.Time(time.UTC); err != nil || !got.Equal(want) || got.Location().String() != "Europe/Paris" {
			t.Errorf("%v with fold %d is %v, %v; want %v", v, c.fold, got, err, want)
		}
	}
	key.Args = Tuple{"No/Such"}
	if got, err := (DateTime{Year: 2020, Month: 1, Day: 1, TZ: key}).Time(time.UTC); !IsException(err, "ValueError") {
		t.Errorf("%v, %v; want ValueError", got, err)
	}
}

func TestOffsets(t *testing.T) {
	for tz, ok := range map[Value]bool{nil: false, TimeZone{}: true, TimeZone{Offset: hour}: true, &Object{Class: Global{"m", "tz"}}: false} {
		a, ok1 := Time{TZ: tz}.Offset()
		b, ok2 := DateTime{Year: 1, Month: 1, Day: 1, TZ: tz}.Offset()
		if want, _ := tz.(TimeZone); ok1 != ok || ok2 != ok || a != want.Offset || b != want.Offset {
			t.Errorf("%v: %v, %v and %v, %v", tz, a, ok1, b, ok2)
		}
	}
}

// A zone has many names, if somebody makes them up, and not all of them are kept.
func TestLocationsHaveAnEnd(t *testing.T) {
	for i := range maxLocations + 10 {
		if _, err := location("Etc/" + strings.Repeat("./", i) + "UTC"); err != nil {
			t.Skip("no data of time zones:", err)
		}
	}
	n := 0
	locations.Range(func(any, any) bool { n++; return true })
	if n == 0 || n > maxLocations {
		t.Errorf("%d names are kept", n)
	}
	// Others must find room again.
	locations.Clear()
	located.Store(0)
}
