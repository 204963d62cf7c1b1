package object

import (
	"slices"
	"strings"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// A Briefer is an Object whose Repr may be long, and takes a time in proportion to what is in it.
type Briefer interface {
	// Brief is the beginning of Repr, of at most max bytes. It costs in proportion to max, and never waits for a method that takes long, as sort does: then it says that the object is busy.
	Brief(max int) string
}

// Brief is the beginning of an object's Repr, of at most max bytes.
func Brief(o Object, max int) string {
	if b, ok := o.(Briefer); ok {
		return b.Brief(max)
	}
	text, err := o.Repr()
	if err != nil {
		text = "<" + err.Error() + ">"
	}
	return text[:min(len(text), max)]
}

// brief is Brief for what the function makes of the first few items, under the mutex. Each item takes three bytes at least, so the end of so many is never seen.
func brief(mu *sync.Mutex, max int, first func(n int) py.Value) string {
	if !lockSoon(mu) {
		return "<busy>"
	}
	v := first(max/3 + 1)
	mu.Unlock()
	return py.ReprStart(v, max)
}

// Brief is the beginning of the list.
func (l *list) Brief(max int) string {
	return brief(&l.mu, max, func(n int) py.Value {
		return &py.List{Items: slices.Clone(l.l.Items[:min(n, len(l.l.Items))])}
	})
}

// Brief is the beginning of the dict.
func (d *dict) Brief(max int) string {
	return brief(&d.mu, max, func(n int) py.Value { return firstPairs(&d.d, n) })
}

func firstPairs(d *py.Dict, n int) *py.Dict {
	out := py.NewDict()
	for key, v := range d.All() {
		if n--; n < 0 {
			break
		}
		_ = out.Set(key, v) // it is a key already
	}
	return out
}

// Brief is the beginning of the set.
func (s *set) Brief(max int) string {
	return brief(&s.mu, max, func(n int) py.Value {
		out := &py.Set{}
		for v := range s.s.All() {
			if n--; n < 0 {
				break
			}
			_, _ = out.Add(v)
		}
		return out
	})
}

// Brief is the beginning of the array.
func (a *array) Brief(max int) string {
	return brief(&a.mu, max, func(n int) py.Value {
		n *= py.ItemSize(a.a.Typecode)
		return &py.Array{Typecode: a.a.Typecode, Data: slices.Clone(a.a.Data[:min(n, len(a.a.Data))])}
	})
}

// Brief is the beginning of the namespace: of one with very many attributes, of the first ones.
func (n *namespace) Brief(max int) string {
	if !lockSoon(&n.mu) {
		return "<busy>"
	}
	attributes := firstPairs(&n.d, max/3+1)
	n.mu.Unlock()
	text, _ := namespaceText(attributes, func(v py.Value) (string, error) { return py.ReprStart(v, max), nil })
	return text[:min(len(text), max)]
}

// Brief is the beginning of the value.
func (v *value) Brief(max int) string {
	text := "Value(" + py.ReprStart(v.typecode, max) + ", " + py.ReprStart(v.load(), max) + ")"
	return text[:min(len(text), max)]
}

// namespaceText is the repr of a namespace: its public attributes, sorted as texts.
func namespaceText(attributes *py.Dict, repr func(py.Value) (string, error)) (string, error) {
	var parts []string
	for key, v := range attributes.All() {
		name, _ := key.(string)
		if strings.HasPrefix(name, "_") {
			continue
		}
		text, err := repr(v)
		if err != nil {
			return "", err
		}
		parts = append(parts, name+"="+text)
	}
	slices.Sort(parts)
	return "Namespace(" + strings.Join(parts, ", ") + ")", nil
}
