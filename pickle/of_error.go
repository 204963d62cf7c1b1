package pickle

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// MarshalTypeError says why a Go value has no counterpart in Python, or could not be converted. The [EncodeError] around it tells where the value is.
type MarshalTypeError struct {
	Type reflect.Type
	// Reason is empty if Err says it all.
	Reason string
	// Err is what a method of the type returned, or Python's exception; else nil.
	Err error
}

func (e *MarshalTypeError) Error() string { return e.Type.String() + because(e.Reason, e.Err) }

// Unwrap returns Err.
func (e *MarshalTypeError) Unwrap() error { return e.Err }

// because is the end of an error's text.
func because(reason string, err error) string {
	switch {
	case err == nil && reason == "":
		return ""
	case err == nil:
		return ": " + reason
	case reason == "":
		return ": " + withoutPrefix(err)
	}
	return ": " + reason + ": " + withoutPrefix(err)
}

// withoutPrefix is the text of an error within one of this package, which says already whose it is.
func withoutPrefix(err error) string { return strings.TrimPrefix(err.Error(), "pickle: ") }

// validText tells whether s is what package py calls a str: UTF-8, in which each lone surrogate takes the three bytes that UTF-8's scheme gives its number.
func validText(s string) bool {
	for !utf8.ValidString(s) {
		i := 0
		for i < len(s) {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			i += n
		}
		if len(s)-i < 3 || s[i] != 0xED || s[i+1] < 0xA0 || s[i+1] > 0xBF || s[i+2] < 0x80 || s[i+2] > 0xBF {
			return false
		}
		s = s[i+3:]
	}
	return true
}
