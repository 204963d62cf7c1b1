package pickletext

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// WriteValue prints one value, and a newline.
func WriteValue(w io.Writer, v py.Value, o Options) error {
	p := &printer{Options: o, w: w, refs: references(v, o)}
	p.value(v, 0, 0)
	p.newline(0)
	return p.err
}

// A printer writes lines as long as they fit, and breaks what does not. Each value is first tried on one line; the attempt is given up, and forgotten, as soon as it is too long.
// So an attempt costs no more than a line, and a large value costs no memory to print.
type printer struct {
	Options
	w    io.Writer
	err  error
	line []byte // what is written of the line that is being made
	refs map[any]*reference
	done []*reference // that have an anchor, in the order of its numbers
}

// tooLong reports whether the line is, with room left for the comma behind it.
func (p *printer) tooLong() bool {
	return p.Width > 0 && len(p.line) >= p.Width && utf8.RuneCount(p.line) >= p.Width
}

func (p *printer) text(s string) { p.line = append(p.line, s...) }

// newline ends the line and begins one that is indented for the depth.
func (p *printer) newline(depth int) {
	p.line = append(p.line, '\n')
	if p.err == nil {
		_, p.err = p.w.Write(p.line)
	}
	indent := 2 * depth
	if p.Width > 0 {
		indent = min(indent, p.Width/2) // a deep value is no reason for wide lines
	}
	p.line = append(p.line[:0], bytes.Repeat([]byte{' '}, indent)...)
}

// anchor writes what marks a value that is referred to more than once; done means that it is the mark of one that stands elsewhere.
func (p *printer) anchor(v py.Value) (done bool) {
	id := identity(v)
	if id == nil {
		return false
	}
	r := p.refs[id]
	switch {
	case r == nil || r.count < 2:
		return false
	case r.number > 0:
		p.text(fmt.Sprintf("*%d", r.number))
		return true
	}
	p.done = append(p.done, r)
	r.number = len(p.done)
	p.text(fmt.Sprintf("&%d ", r.number))
	return false
}

func (p *printer) shared(v py.Value) bool {
	id := identity(v)
	return composite(v) && id != nil && p.refs[id] != nil && p.refs[id].count > 1
}

// value writes v, on several lines if it has to. Its parts are indented for depth+1; level is how many values it is in.
func (p *printer) value(v py.Value, depth, level int) {
	if text, ok := p.leaf(v); ok {
		p.text(text)
		return
	}
	undo := p.attempt()
	if p.flat(v, level) {
		return
	}
	undo()
	if p.anchor(v) {
		return
	}
	s := p.shapeOf(v, p.shared)
	p.text(s.head)
	for _, g := range s.groups {
		if undo := p.attempt(); !p.flatGroup(g, level) {
			undo()
			p.broken(g, depth, level)
		}
	}
}

// attempt returns what takes back all that was written since.
func (p *printer) attempt() (undo func()) {
	length, anchors := len(p.line), len(p.done)
	return func() {
		p.line = p.line[:length]
		for _, r := range p.done[anchors:] {
			r.number = 0
		}
		p.done = p.done[:anchors]
	}
}

// flat writes v on the line; false means that it is too long, and that what was written is to be taken back.
func (p *printer) flat(v py.Value, level int) bool {
	if p.neverFits(v) {
		return false
	}
	if text, ok := p.leaf(v); ok {
		p.text(text)
		return !p.tooLong()
	}
	if p.anchor(v) {
		return !p.tooLong()
	}
	s := p.shapeOf(v, p.shared)
	p.text(s.head)
	for _, g := range s.groups {
		if p.tooLong() || !p.flatGroup(g, level) {
			return false
		}
	}
	return !p.tooLong()
}

// neverFits reports whether v is a text, or bytes, of which nothing is cut and which is longer than a line. This is seen without making its repr, which would be made again for each of
// the values that it is in.
func (p *printer) neverFits(v py.Value) bool {
	n := 0
	switch v := v.(type) {
	case string:
		n = len(v)
	case py.Bytes:
		n = len(v)
	case py.Str2:
		n = len(v)
	case *py.ByteArray:
		n = len(v.B)
	}
	return p.Chars <= 0 && p.Width > 0 && n/utf8.UTFMax >= p.Width
}

func (p *printer) flatGroup(g group, level int) bool {
	p.text(g.open)
	if p.hidden(g, level) {
		return !p.tooLong()
	}
	i, shown := 0, p.shown(g.n)
	for e := range g.each {
		if i == shown {
			break
		}
		if i > 0 {
			p.text(", ")
		}
		if !p.flatEntry(e, level+1) {
			return false
		}
		i++
	}
	if shown < g.n {
		p.text(fmt.Sprintf(", ... (%d more)", g.n-shown))
	}
	if g.n == 1 {
		p.text(g.lone)
	}
	p.text(g.close)
	return !p.tooLong()
}

func (p *printer) flatEntry(e entry, level int) bool {
	p.text(e.before)
	if e.keyed && !p.flat(e.key, level) {
		return false
	}
	p.text(e.after)
	return p.flat(e.value, level)
}

// hidden writes how many entries a group has, and its end, if they are too deep to be shown.
func (p *printer) hidden(g group, level int) bool {
	if level < p.depth() || g.n == 0 {
		return false
	}
	p.text(fmt.Sprintf("... (%d)", g.n) + g.close)
	return true
}

// broken writes a group with each entry on a line of its own, or, if they are leaves, as many on each line as there is room for.
func (p *printer) broken(g group, depth, level int) {
	p.text(g.open)
	if p.hidden(g, level) {
		return
	}
	if g.n == 0 {
		p.text(g.close)
		return
	}
	shown := p.shown(g.n)
	fill := p.leaves(g, shown)
	i := 0
	for e := range g.each {
		if i == shown || p.err != nil {
			break
		}
		if fill && i > 0 {
			undo := p.attempt()
			p.text(" ")
			if p.flatEntry(e, level+1) {
				p.text(",")
				i++
				continue
			}
			undo()
		}
		p.newline(depth + 1)
		p.text(e.before)
		if e.keyed {
			p.value(e.key, depth+1, level+1)
		}
		p.text(e.after)
		p.value(e.value, depth+1, level+1)
		p.text(",")
		i++
	}
	if shown < g.n {
		p.newline(depth + 1)
		p.text(fmt.Sprintf("... (%d more)", g.n-shown))
	}
	p.newline(depth)
	p.text(g.close)
}

// leaves reports whether the entries that are shown are nothing but leaves.
func (p *printer) leaves(g group, shown int) bool {
	i := 0
	for e := range g.each {
		if i == shown {
			break
		}
		if e.before != "" || e.keyed || composite(e.value) {
			return false
		}
		i++
	}
	return true
}
