package manager

import (
	"slices"
	"strings"
	"unicode"
)

// pythonName is a Go name as Python would spell it: AddAll is add_all, HTTPGet http_get, GetURLs get_urls. A word ends before a capital that follows a small letter or a digit, and
// before the last capital of several that a small letter follows.
func pythonName(name string) string {
	in := []rune(name)
	var b strings.Builder
	for i, c := range in {
		if i > 0 && unicode.IsUpper(c) && in[i-1] != '_' && (!unicode.IsUpper(in[i-1]) || i+1 < len(in) && unicode.IsLower(in[i+1]) && !plural(in[i+1:])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// plural tells whether what follows the last capital of several is the s of a plural: that of IDs.
func plural(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || !unicode.IsLower(rest[1]))
}

// keywords3 are Python's keywords, which can't stand behind a dot.
var keywords3 = strings.Fields(`False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return
	try while with yield`)

// callableName tells whether Python can call a method of that name.
func callableName(name string) bool {
	for i, c := range name {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c)) {
			return false
		}
	}
	return name != "" && !slices.Contains(keywords3, name)
}

// private tells whether a name is one that Python's managers don't expose unless they are told to. Here special names are no such: they are only there if somebody has asked for them.
func private(name string) bool {
	return strings.HasPrefix(name, "_") && !(strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__"))
}
