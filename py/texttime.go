package py

import "strconv"

// time writes the repr of datetime's types.
func (p *printer) time(v Value) error {
	switch v := v.(type) {
	case Date:
		p.numbers("datetime.date(", v.Year, v.Month, v.Day)
	case TimeDelta:
		p.b = v.appendRepr(p.b)
		return nil
	case TimeZone:
		return p.timeZone(v)
	case Time:
		p.numbers("datetime.time(", v.Hour, v.Minute)
		p.seconds(v.Second, v.Microsecond)
		// The other way round than in a datetime.
		if err := p.tz(v.TZ); err != nil {
			return err
		}
		p.fold(v.Fold)
	case DateTime:
		p.numbers("datetime.datetime(", v.Year, v.Month, v.Day, v.Hour, v.Minute)
		p.seconds(v.Second, v.Microsecond)
		p.fold(v.Fold)
		if err := p.tz(v.TZ); err != nil {
			return err
		}
	}
	p.b = append(p.b, ')')
	return nil
}

func (p *printer) numbers(open string, n ...int) {
	p.b = append(p.b, open...)
	for i, n := range n {
		if i > 0 {
			p.b = append(p.b, ", "...)
		}
		p.b = strconv.AppendInt(p.b, int64(n), 10)
	}
}

// seconds writes what is not 0, and what stands before it.
func (p *printer) seconds(second, microsecond int) {
	if second != 0 || microsecond != 0 {
		p.numbers(", ", second)
	}
	if microsecond != 0 {
		p.numbers(", ", microsecond)
	}
}

func (p *printer) fold(fold int) {
	if fold != 0 {
		p.numbers(", fold=", fold)
	}
}

func (p *printer) tz(tz Value) error {
	if tz == nil {
		return nil
	}
	p.b = append(p.b, ", tzinfo="...)
	return p.deeper(func() error { return p.repr(tz) })
}

func (p *printer) timeZone(z TimeZone) error {
	if z.Name == nil && z.Offset.IsZero() {
		p.b = append(p.b, "datetime.timezone.utc"...)
		return nil
	}
	p.b = append(p.b, "datetime.timezone("...)
	p.b = z.Offset.appendRepr(p.b)
	if z.Name != nil {
		p.b = append(p.b, ", "...)
		if err := p.deeper(func() error { return p.repr(z.Name) }); err != nil {
			return err
		}
	}
	p.b = append(p.b, ')')
	return nil
}
