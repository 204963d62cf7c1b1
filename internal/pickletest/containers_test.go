package pickletest

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

const classesModule = "pickletest_classes"

// container is one of package py's containers, most of which can contain themselves.
func (s *source) container(depth int) py.Value {
	switch s.r.IntN(12) {
	case 0, 1, 2:
		l := py.NewList()
		s.share(l)
		l.Items = s.values(depth + 1)
		return l
	case 3, 4, 5:
		d := py.NewDict()
		s.share(d)
		s.fill(d, depth)
		return d
	case 6:
		return py.Tuple(s.values(depth + 1))
	case 7:
		set, err := py.NewSet(s.elems(depth)...)
		must(err)
		s.share(set)
		return set
	case 8:
		b := &py.ByteArray{B: s.blob()}
		s.share(b)
		return b
	case 9:
		if s.two {
			return py.NewList(s.values(depth + 1)...)
		}
		return py.Slice{Start: s.value(depth + 1), Stop: s.atom(), Step: pick[py.Value](s, nil, int64(1))}
	case 10:
		a := s.array()
		s.share(a)
		return a
	}
	d := new(py.OrderedDict)
	s.share(d)
	s.fill(&d.Dict, depth)
	return d
}

func (s *source) fill(d *py.Dict, depth int) {
	for range s.r.IntN(6) {
		must(d.Set(s.key(depth+1), s.value(depth+1)))
	}
}

func (s *source) array() *py.Array {
	codes := "bBhHiIlLqQfd"
	if s.two {
		codes = "bBhHiIlLfd"
	}
	a := &py.Array{Typecode: codes[s.r.IntN(len(codes))]}
	for range s.r.IntN(20) {
		switch a.Typecode {
		case 'f':
			a.Data = binary.NativeEndian.AppendUint32(a.Data, math.Float32bits(float32(s.r.IntN(99))/4))
		case 'd':
			a.Data = binary.NativeEndian.AppendUint64(a.Data, math.Float64bits(float64(s.r.IntN(99))/4))
		default:
			for range py.ItemSize(a.Typecode) {
				a.Data = append(a.Data, byte(s.r.Uint32()))
			}
		}
	}
	return a
}

// attributes is the state of an instance, with no more than what Python allows: names.
func (s *source) attributes(depth int) *py.Dict {
	d := py.NewDict()
	for range s.r.IntN(4) {
		must(d.Set(pick(s, "a", "b", "name", "other"), s.value(depth+1)))
	}
	return d
}

// instance is an instance of one of classes.py's classes, or an exception. What is passed to a constructor can't refer to the instance.
func (s *source) instance(depth int) py.Value {
	global := func(name string) py.Global { return py.Global{Module: classesModule, Name: name} }
	switch s.r.IntN(8) {
	case 0, 1:
		o := &py.Object{Form: py.Made, Class: global("Plain"), Built: true}
		s.share(o)
		o.State = s.attributes(depth)
		return o
	case 2:
		e := &py.Exception{
			Class: py.Global{Module: "builtins", Name: pick(s, "ValueError", "KeyError", "TypeError", "RuntimeError", "Exception", "IndexError")},
			Args:  s.values(depth + 1),
		}
		s.share(e)
		if d := s.attributes(depth); d.Len() > 0 {
			e.State = d
		}
		return e
	case 3:
		args := s.values(depth + 1)
		o := &py.Object{Form: py.Called, Class: global("ReducedState"), Args: args, Built: true}
		s.share(o)
		o.State = s.value(depth + 1)
		return o
	case 4:
		if s.two {
			break
		}
		o := &py.Object{Form: py.MadeWith, Class: global("NewArgsEx"), Args: s.values(depth + 1), Kwargs: s.attributes(depth)}
		s.share(o)
		return o
	case 5:
		o := &py.Object{Form: py.Made, Class: global("MyList")}
		s.share(o)
		o.Items = s.values(depth + 1)
		s.build(o, depth)
		return o
	case 6:
		o := &py.Object{Form: py.Made, Class: global("MyDict")}
		s.share(o)
		d := py.NewDict()
		s.fill(d, depth)
		for k, v := range d.All() {
			o.Pairs = append(o.Pairs, py.Pair{Key: k, Value: v})
		}
		s.build(o, depth)
		return o
	}
	return pick[py.Value](s, global("Plain"), global("function"), py.Global{Module: "builtins", Name: "list"}, py.Global{Module: "builtins", Name: "KeyError"},
		py.Global{Module: "builtins", Name: "len"}, py.Global{Module: "collections", Name: "OrderedDict"})
}

func (s *source) build(o *py.Object, depth int) {
	if d := s.attributes(depth); d.Len() > 0 {
		o.Built, o.State = true, d
	}
}

// size of what is made of one seed; large ones are for batches and frames.
func (s *source) root() py.Value {
	switch s.r.IntN(25) {
	case 0:
		l := py.NewList()
		for i := range pick(s, 999, 1000, 1001, 2000, 2001, 3500) {
			l.Items = append(l.Items, int64(i))
		}
		return l
	case 1:
		d := py.NewDict()
		for i := range pick(s, 999, 1000, 1001, 2000, 2001) {
			must(d.Set(int64(i), pick[py.Value](s, nil, "x", int64(1))))
		}
		return py.Tuple{d, s.value(0)}
	case 2:
		set, err := py.NewSet()
		must(err)
		for i := range pick(s, 999, 1000, 1001, 2001) {
			_, err := set.Add(int64(i))
			must(err)
		}
		return set
	case 3:
		var out []py.Value
		for range 1 + s.r.IntN(5) {
			n := pick(s, 65535, 65536, 65537, 70_000, 140_000, 4000)
			if s.chance(50) {
				out = append(out, strings.Repeat(pick(s, "a", "\u00e9", "\U0001f600"), n/2))
			} else {
				out = append(out, py.Bytes(strings.Repeat("\xff", n)))
			}
			out = append(out, s.value(0))
		}
		return py.NewList(out...)
	case 4:
		v := s.value(0)
		for range 100 + s.r.IntN(150) {
			v = pick[py.Value](s, py.NewList(v), py.Tuple{v}, py.NewList(int64(1), v))
		}
		return v
	}
	return s.value(0)
}
