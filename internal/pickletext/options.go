package pickletext

import "github.com/multiproc-go/multiproc/py"

// Options say how much is shown. A field that is 0 sets no limit.
type Options struct {
	Width int // of a line, in characters; leaves that are longer are not broken
	Depth int // of values in one another
	Items int // of one container
	Chars int // about, of one text or bytes object, as it is printed
}

// DefaultOptions suit a person who looks for what a pickle is about.
var DefaultOptions = Options{Width: 100, Depth: 20, Items: 100, Chars: 200}

// All shows everything.
func (o Options) All() Options { return Options{Width: o.Width} }

// depth is how deep the printer goes, which is never deeper than the stack of a goroutine has room for: by way of the memo a pickle can nest values without an end.
func (o Options) depth() int {
	const most = 2 * py.MaxDepth
	if o.Depth > 0 {
		return min(o.Depth, most)
	}
	return most
}

// shown is how many of n items are.
func (o Options) shown(n int) int {
	if o.Items > 0 {
		return min(n, o.Items)
	}
	return n
}
