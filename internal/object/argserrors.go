package object

import (
	"fmt"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// last is the name as functions in C give it.
func (s *Signature) last() string { return s.name[strings.LastIndexByte(s.name, '.')+1:] }

func (s *Signature) noKeywords() error {
	if s.kind == builtinKind {
		return py.TypeError("%s() takes no keyword arguments", s.name)
	}
	return py.TypeError("wrapper %s() takes no keyword arguments", s.name)
}

// wrongCount is what functions in C say that take no keyword arguments.
func (s *Signature) wrongCount(n int) error {
	switch most := len(s.params); {
	case s.kind == slotKind:
		return py.TypeError("expected %s, got %d", arguments(most), n)
	case s.kind == unpackedSlotKind:
		return py.TypeError(" expected %s, got %d", arguments(most), n)
	case most == 0:
		return py.TypeError("%s() takes no arguments (%d given)", s.name, n)
	case most == 1 && s.required == 1:
		return py.TypeError("%s() takes exactly one argument (%d given)", s.name, n)
	case s.required == most:
		return py.TypeError("%s expected %s, got %d", s.last(), arguments(most), n)
	case n < s.required:
		return py.TypeError("%s expected at least %s, got %d", s.last(), arguments(s.required), n)
	default:
		return py.TypeError("%s expected at most %s, got %d", s.last(), arguments(most), n)
	}
}

func arguments(n int) string { return fmt.Sprintf("%d argument%s", n, plural(n)) }

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// wrongKeywordsCall is what functions in C say that take keyword arguments, before they look at their names.
func (s *Signature) wrongKeywordsCall(positional, keywords int) error {
	if most := len(s.params); positional+keywords > most {
		how, what := "at most", ""
		if s.required == most {
			how = "exactly"
		}
		if positional == 0 {
			what = "keyword "
		}
		return py.TypeError("%s() takes %s %d %sargument%s (%d given)", s.last(), how, most, what, plural(most), positional+keywords)
	}
	if positional > s.positional {
		return s.tooMany(positional)
	}
	return nil
}

// tooMany is for more positional arguments than a function takes, which can be told only after its keyword arguments have been looked at.
func (s *Signature) tooMany(n int) error {
	if s.kind == keywordsKind {
		if s.positional == 0 {
			return py.TypeError("%s() takes no positional arguments", s.last())
		}
		return py.TypeError("%s() takes at most %d positional argument%s (%d given)", s.last(), s.positional, plural(s.positional), n)
	}
	least, most, were := min(s.required, s.positional), s.positional, "were"
	if s.isMethod() {
		least, most, n = least+1, most+1, n+1
	}
	if n == 1 {
		were = "was"
	}
	if least < most {
		return py.TypeError("%s() takes from %d to %d positional arguments but %d %s given", s.name, least, most, n, were)
	}
	return py.TypeError("%s() takes %d positional argument%s but %d %s given", s.name, most, plural(most), n, were)
}

// isMethod reports whether self counts.
func (s *Signature) isMethod() bool { return s.kind == functionKind && strings.Contains(s.name, ".") }

// missing is the error about required arguments that were not given, nil if there are none.
func (s *Signature) missing(given []bool) error {
	var names []string
	for i, p := range s.params[:s.required] {
		if given[i] {
			continue
		}
		if s.kind == keywordsKind {
			return py.TypeError("%s() missing required argument '%s' (pos %d)", s.last(), p, i+1)
		}
		names = append(names, "'"+p+"'")
	}
	n := len(names)
	switch n {
	case 0:
		return nil
	case 2:
		names = []string{names[0] + " and " + names[1]}
	default:
		if n > 2 {
			names[n-1] = "and " + names[n-1]
		}
	}
	return py.TypeError("%s() missing %d required positional argument%s: %s", s.name, n, plural(n), strings.Join(names, ", "))
}
