package py

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestInvalidTimesAreThoseOfPython(t *testing.T) {
	days := func(n int) TimeDelta { return TimeDelta{Days: n} }
	dateOf := func(year, month, day int) error { _, err := NewDate(year, month, day); return err }
	deltaOf := func(days, seconds, microseconds int64) error {
		_, err := NewTimeDelta(days, seconds, microseconds)
		return err
	}
	rows := []struct {
		expr string
		err  error
	}{
		{"datetime.date(0, 1, 1)", dateOf(0, 1, 1)},
		{"datetime.date(10000, 1, 1)", dateOf(10000, 1, 1)},
		{"datetime.date(1, 0, 1)", dateOf(1, 0, 1)},
		{"datetime.date(1, 13, 1)", dateOf(1, 13, 1)},
		{"datetime.date(1, 1, 0)", dateOf(1, 1, 0)},
		{"datetime.date(1900, 2, 29)", dateOf(1900, 2, 29)},
		{"datetime.date(2000, 2, 30)", dateOf(2000, 2, 30)},
		{"datetime.date(2001, 4, 31)", dateOf(2001, 4, 31)},
		{"datetime.time(24)", Time{Hour: 24}.Valid()},
		{"datetime.time(-1)", Time{Hour: -1}.Valid()},
		{"datetime.time(0, 60)", Time{Minute: 60}.Valid()},
		{"datetime.time(0, 0, 60)", Time{Second: 60}.Valid()},
		{"datetime.time(0, 0, 0, 10**6)", Time{Microsecond: 1e6}.Valid()},
		{"datetime.time(fold=2)", Time{Fold: 2}.Valid()},
		{"datetime.time(tzinfo=1)", Time{TZ: int64(1)}.Valid()},
		{"datetime.datetime(1, 2, 30, 25)", DateTime{Year: 1, Month: 2, Day: 30, Hour: 25}.Valid()},
		{"datetime.datetime(1, 2, 3, 25)", DateTime{Year: 1, Month: 2, Day: 3, Hour: 25}.Valid()},
		{"datetime.timezone(datetime.timedelta(1))", TimeZone{Offset: days(1)}.Valid()},
		{"datetime.timezone(datetime.timedelta(-1))", TimeZone{Offset: days(-1)}.Valid()},
		{"datetime.timezone(datetime.timedelta(-5, 6))", TimeZone{Offset: TimeDelta{-5, 6, 0}}.Valid()},
		{"datetime.timezone(datetime.timedelta(0), 1)", TimeZone{Name: int64(1)}.Valid()},
		{"datetime.timedelta(1000000000)", deltaOf(1000000000, 0, 0)},
		{"datetime.timedelta(-999999999, -1)", deltaOf(-999999999, -1, 0)},
		{"datetime.timedelta(999999999, 86399, 10**6)", deltaOf(999999999, 86399, 1000000)},
		{"uuid.UUID('x')", func() error { _, err := ParseUUID("x"); return err }()},
	}
	for _, p := range python3(t, 12) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			for _, row := range rows {
				if a := evaluate([]string{row.expr})[0]; row.err == nil || row.err.Error() != a.Err {
					t.Errorf("%s: %v; want %s", row.expr, row.err, a.Err)
				}
			}
		})
	}
}

func TestPackedTimesAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 7) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := picker{Rand: rand.New(rand.NewPCG(3, 4))}
			var exprs []string
			var packed []Bytes
			for range 300 {
				expr, v := s.moment()
				exprs = append(exprs, "("+expr+").__reduce_ex__(4)[1][0]")
				switch v := v.(type) {
				case Date:
					packed = append(packed, v.Packed())
				case Time:
					packed = append(packed, v.Packed())
				case DateTime:
					packed = append(packed, v.Packed())
				}
			}
			for i, a := range evaluate(exprs) {
				a.check(t, exprs[i], packed[i])
			}
		})
	}
}

func TestDeltasAreThoseOfPython(t *testing.T) {
	for _, p := range python3(t, 7) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := picker{Rand: rand.New(rand.NewPCG(5, 6))}
			var exprs []string
			var values []Value
			for range 200 {
				n := [3]int64{s.Int64N(2e5) - 1e5, s.Int64() >> (s.IntN(40) + 22), s.Int64() >> s.IntN(60)}
				d, err := NewTimeDelta(n[0], n[1], n[2])
				if err != nil {
					continue
				}
				exprs = append(exprs, fmt.Sprintf("datetime.timedelta(%d, %d, %d)", n[0], n[1], n[2]))
				values = append(values, d)
				x, a := s.delta()
				y, b := s.delta()
				sum, err := a.Add(b)
				if err != nil {
					t.Fatal(err)
				}
				exprs = append(exprs, x+" + "+y, x+" < "+y)
				values = append(values, sum, a.Compare(b) < 0)
				if a, err = a.Neg(); err != nil {
					t.Fatal(err)
				}
				exprs, values = append(exprs, "-"+x), append(values, a)
			}
			for i, a := range evaluate(exprs) {
				a.check(t, exprs[i], values[i])
			}
		})
	}
}

// TestLocalTimesAreThoseOfPython compares the moments of local times in places whose clocks have been changed in many ways.
func TestLocalTimesAreThoseOfPython(t *testing.T) {
	zones := []string{"Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"}
	for _, p := range python3(t, 9) {
		t.Run(p.String(), func(t *testing.T) {
			evaluate := serveEvaluator(t, p)
			s := picker{Rand: rand.New(rand.NewPCG(7, 8))}
			for _, name := range zones {
				loc, err := time.LoadLocation(name)
				if err != nil {
					t.Skipf("no data of time zones: %v", err)
				}
				if a := evaluate([]string{"__import__('zoneinfo').ZoneInfo('" + name + "')"})[0]; a.Err != "" {
					t.Skipf("Python has no data of time zones: %s", a.Err)
				}
				changes := changesOf(loc)
				var exprs []string
				var want []int64
				for range 200 {
					local := time.Date(1975+s.IntN(60), 1, 1, 0, 0, s.IntN(366*daySeconds), 0, time.UTC)
					if len(changes) > 0 && s.IntN(2) == 0 {
						local = changes[s.IntN(len(changes))].Add(time.Duration(s.IntN(10*3600)-5*3600) * time.Second)
					}
					d := DateTime{local.Year(), int(local.Month()), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, s.IntN(2), nil}
					moment, err := d.Time(loc)
					if err != nil {
						t.Fatal(err)
					}
					expr := strings.TrimSuffix(mustText(d), ")") + ", tzinfo=__import__('zoneinfo').ZoneInfo('" + name + "'))"
					exprs, want = append(exprs, "int(("+expr+").timestamp())"), append(want, moment.Unix())
				}
				for i, a := range evaluate(exprs) {
					a.check(t, exprs[i], want[i])
				}
			}
		})
	}
}

// changesOf are local times, as if in UTC, near which clocks in loc were changed.
func changesOf(loc *time.Location) (changes []time.Time) {
	last := 0
	for day := time.Date(1975, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2035; day = day.AddDate(0, 0, 1) {
		_, offset := day.In(loc).Zone()
		if offset != last {
			changes = append(changes, day.Add(time.Duration(last)*time.Second-12*time.Hour), day.Add(time.Duration(last)*time.Second-2*time.Hour))
		}
		last = offset
	}
	return changes
}
