package monitor

import (
	"fmt"
	"unicode"
	"unicode/utf16"
)

// chosen is a text that a client has chosen. In JSON everything in it is escaped that is not printed: package json leaves some characters alone that tell a terminal to do something, such as U+009B, or that turn
// the text around it about.
type chosen string

// MarshalJSON is the text in quotes. Bytes that are no UTF-8 become U+FFFD.
func (c chosen) MarshalJSON() ([]byte, error) {
	b := []byte{'"'}
	for _, r := range string(c) {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case unicode.IsPrint(r):
			b = append(b, string(r)...)
		default:
			for _, u := range utf16.AppendRune(nil, r) {
				b = fmt.Appendf(b, `\u%04x`, u)
			}
		}
	}
	return append(b, '"'), nil
}
