package py

import "iter"

// ref is the identity of a container: its pointer, and of a tuple the pointer to its first element and its length.
type ref struct {
	at  any
	len int
}

// path is the containers around the place that is being written, the outermost first. A few are found by looking at them all, which is fast; the map is
// for the others, so that a deep value does not take quadratic time.
type path struct {
	near []ref
	far  map[ref]struct{}
}

const nearby = 16

func (p *path) has(r ref) bool {
	for _, n := range p.near {
		if n == r {
			return true
		}
	}
	_, found := p.far[r]
	return found
}

func (p *path) push(r ref) (popFar bool) {
	if len(p.near) < nearby {
		p.near = append(p.near, r)
		return false
	}
	if p.far == nil {
		p.far = map[ref]struct{}{}
	}
	p.far[r] = struct{}{}
	return true
}

func (p *path) pop(r ref, far bool) {
	if far {
		delete(p.far, r)
	} else {
		p.near = p.near[:len(p.near)-1]
	}
}

// within runs f one level deeper, inside of the container r. If that is being written already it writes loop instead.
func (p *printer) within(r ref, loop string, f func() error) error {
	if p.path.has(r) {
		p.b = append(p.b, loop...)
		return nil
	}
	far := p.path.push(r)
	err := p.deeper(f)
	p.path.pop(r, far)
	return err
}

// deeper runs f one level deeper.
func (p *printer) deeper(f func() error) error {
	if p.depth >= MaxDepth {
		return RecursionError("maximum recursion depth exceeded while getting the repr of an object")
	}
	p.depth++
	err := f()
	p.depth--
	return err
}

// next comes before each item of a container.
func (p *printer) next(first bool) error {
	if first {
		return nil
	}
	p.b = append(p.b, ", "...)
	return p.room(0)
}

func (p *printer) list(l *List) error {
	return p.within(ref{l, 0}, "[...]", func() error { return p.items(l.Items, '[', ']') })
}

func (p *printer) items(items []Value, open, close byte) error {
	p.b = append(p.b, open)
	for i, v := range items {
		if err := p.next(i == 0); err != nil {
			return err
		}
		if err := p.repr(v); err != nil {
			return err
		}
	}
	p.b = append(p.b, close)
	return nil
}

func (p *printer) tuple(t Tuple) error {
	if len(t) == 0 {
		p.b = append(p.b, "()"...)
		return nil
	}
	return p.within(ref{&t[0], len(t)}, "(...)", func() error {
		err := p.items(t, '(', ')')
		if err == nil && len(t) == 1 {
			p.b = append(p.b[:len(p.b)-1], ",)"...)
		}
		return err
	})
}

func (p *printer) dict(d *Dict) error {
	return p.within(ref{d, 0}, "{...}", func() error { return p.pairs(d.All()) })
}

func (p *printer) pairs(pairs iter.Seq2[Value, Value]) error {
	p.b = append(p.b, '{')
	first := true
	for k, v := range pairs {
		if err := p.next(first); err != nil {
			return err
		}
		first = false
		if err := p.repr(k); err != nil {
			return err
		}
		p.b = append(p.b, ": "...)
		if err := p.repr(v); err != nil {
			return err
		}
	}
	p.b = append(p.b, '}')
	return nil
}

func (p *printer) orderedDict(d *OrderedDict) error {
	return p.within(ref{d, 0}, "...", func() error {
		p.b = append(p.b, "OrderedDict("...)
		if d.Len() > 0 {
			if err := p.pairs(d.All()); err != nil {
				return err
			}
		}
		p.b = append(p.b, ')')
		return nil
	})
}

// set writes a set or frozenset, whose name is name; an empty one has no elements in braces, which would be a dict.
func (p *printer) set(self any, name string, n int, elems iter.Seq[Value]) error {
	return p.within(ref{self, 0}, name+"(...)", func() error {
		if n == 0 {
			p.b = append(p.b, name...)
			p.b = append(p.b, "()"...)
			return nil
		}
		frozen := name == "frozenset"
		if frozen {
			p.b = append(p.b, "frozenset("...)
		}
		p.b = append(p.b, '{')
		first := true
		for v := range elems {
			if err := p.next(first); err != nil {
				return err
			}
			first = false
			if err := p.repr(v); err != nil {
				return err
			}
		}
		p.b = append(p.b, '}')
		if frozen {
			p.b = append(p.b, ')')
		}
		return nil
	})
}

// call writes name(args...).
func (p *printer) call(name string, args ...Value) error {
	p.b = append(p.b, name...)
	return p.deeper(func() error { return p.items(args, '(', ')') })
}

func (p *printer) rangeOf(r Range) error {
	if step, ok := r.Step.(int64); ok && step == 1 {
		return p.call("range", r.Start, r.Stop)
	}
	return p.call("range", r.Start, r.Stop, r.Step)
}

// array writes an array.array: the characters of one as a str, Python 2's array of bytes as one of its str.
func (p *printer) array(a *Array) error {
	if size := ItemSize(a.Typecode); p.cut && size > 0 {
		a = &Array{a.Typecode, a.Data[:min(len(a.Data), p.max*size)]}
	}
	p.b = append(p.b, "array('"...)
	p.b = appendEscaped(p.b, string(rune(a.Typecode)), '\'')
	p.b = append(p.b, '\'')
	n := a.Len()
	if n == 0 {
		p.b = append(p.b, ')')
		return nil
	}
	p.b = append(p.b, ", "...)
	switch a.Typecode {
	case 'c':
		if err := p.bytes(string(a.Data)); err != nil {
			return err
		}
	case 'u', 'w':
		s, err := a.Text()
		if err == nil {
			err = p.str(s)
		}
		if err != nil {
			return err
		}
	default:
		p.b = append(p.b, '[')
		for i := range n {
			if err := p.next(i == 0); err != nil {
				return err
			}
			v, err := a.At(i)
			if err == nil {
				err = p.repr(v)
			}
			if err != nil {
				return err
			}
		}
		p.b = append(p.b, ']')
	}
	p.b = append(p.b, ')')
	return nil
}

func (p *printer) fraction(f *Fraction) error {
	num, den := f.parts()
	if err := p.repr(num); err != nil || den.IsInt64() && den.Int64() == 1 {
		return err
	}
	p.b = append(p.b, '/')
	return p.repr(den)
}
