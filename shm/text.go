package shm

import (
	"bytes"
	"strings"
)

// Text is a byte array seen as a string that ends at the first NUL, as the value of a c_char array in Python's ctypes does.
type Text struct{ a *Array[byte] }

// TextOf views an array as a string. The view shares the array's handle and lock.
func TextOf(a *Array[byte]) Text { return Text{a} }

// Load returns the bytes up to the first NUL, or all of them.
func (t Text) Load() (string, error) {
	var out string
	b := make([]byte, t.a.Len())
	if _, err := t.a.CopyTo(b); err != nil {
		return "", err
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	out = string(b)
	return out, nil
}

// Store writes s and, if there is room, NULs to the end. A string that is too long, or has a NUL itself, is a *TextError, and nothing is changed.
func (t Text) Store(s string) error {
	if i := strings.IndexByte(s, 0); i >= 0 || len(s) > t.Cap() {
		return &TextError{Len: len(s), Cap: t.Cap(), NUL: i}
	}
	return t.a.Update(func(b []byte) {
		clear(b[copy(b, s):])
	})
}

// Cap is the longest string that fits, in bytes.
func (t Text) Cap() int { return t.a.Len() }
