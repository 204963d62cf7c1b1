package pickletext

import (
	"math"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// globalText is module.name, quoted if that could be taken for something else or is too long.
func (o Options) globalText(g py.Global) string {
	if o.Chars > 0 && len(g.Module)+len(g.Name) > max(o.Chars, longestName) {
		return "global(" + o.str(g.Module) + ", " + o.str(g.Name) + ")"
	}
	for part := range strings.SplitSeq(g.Module+"."+g.Name, ".") {
		if !isName(part) {
			return "global(" + quoted(g.Module) + ", " + quoted(g.Name) + ")"
		}
	}
	return g.Module + "." + g.Name
}

// className is globalText, without the module where everybody knows it.
func (o Options) className(g py.Global) string {
	if g.Module == "builtins" && isName(g.Name) {
		return g.Name
	}
	return o.globalText(g)
}

// longestName is how long a name is that people may have given to something.
const longestName = 200

// isName reports whether s looks like a name. <locals> and <lambda> are parts of qualified names.
func isName(s string) bool {
	if len(s) > longestName {
		return false
	}
	if s == "<locals>" || s == "<lambda>" {
		return true
	}
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r > 0x7f && strconv.IsPrint(r) && r != '\ufffd'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// quoted is text between quotes, with escapes for what a terminal would not print.
func quoted(s string) string { return repr(s) }

// Printable is a message in which names of a pickle may stand: with escapes for what a terminal would not print, or would obey to, and without an end that nobody reads.
func Printable(message string) string {
	const most = 1000
	return escaped(message, most)
}

// Escaped is Printable for a text that is wanted as a whole.
func Escaped(text string) string { return escaped(text, math.MaxInt) }

// escaped stops when there are more bytes than most.
func escaped(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		if b.Len() > most {
			return b.String() + "..."
		}
		if strconv.IsPrint(r) {
			b.WriteRune(r)
		} else {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
	}
	return b.String()
}
