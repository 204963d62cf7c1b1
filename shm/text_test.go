//go:build linux

package shm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/shm"
)

func TestText(t *testing.T) {
	flat(t)
	a := made(shm.NewArray[byte](8))(t)
	text := shm.TextOf(a)
	want(t, "Cap", text.Cap(), 8)
	want(t, "a new one", must(text.Load())(t), "")
	for _, s := range []string{"12345678", "", "one", "grüß", "日本!!", "\xff\xfe bad"} {
		if err := text.Store(s); err != nil {
			t.Errorf("Store %q: %v", s, err)
		}
		want(t, "Load", must(text.Load())(t), s)
		want(t, "in the array", string(contents(t, a)), s+strings.Repeat("\x00", 8-len(s)))
	}
	if err := text.Store("kept"); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		s    string
		want shm.TextError
		text string
	}{
		{"123456789", shm.TextError{Len: 9, Cap: 8, NUL: -1}, "shm: a string of 9 bytes does not fit into an array of 8"},
		{"grüße!!", shm.TextError{Len: 9, Cap: 8, NUL: -1}, "9 bytes"},
		{"a\x00b", shm.TextError{Len: 3, Cap: 8, NUL: 1}, "shm: the string has a NUL byte at 1, which would end it there"},
		{"\x00", shm.TextError{Len: 1, Cap: 8, NUL: 0}, "NUL byte at 0"},
		{"too long and\x00", shm.TextError{Len: 13, Cap: 8, NUL: 12}, "NUL byte at 12"},
	} {
		err := text.Store(c.s)
		var e *shm.TextError
		if !errors.As(err, &e) || *e != c.want || !strings.Contains(err.Error(), c.text) {
			t.Errorf("Store %q: %v", c.s, err)
		}
		want(t, "what was there", must(text.Load())(t), "kept")
	}
	if err := a.Set(2, 0); err != nil {
		t.Error(err)
	}
	want(t, "up to the first NUL", must(text.Load())(t), "ke")

	part := shm.TextOf(made(a.View(1, 4))(t))
	want(t, "of a view", must(part.Load())(t), "e")
	if err := part.Store("xyz"); err != nil {
		t.Error(err)
	}
	want(t, "around a view", must(text.Load())(t), "kxyz")
	none := shm.TextOf(made(shm.NewArray[byte](0))(t))
	if err := none.Store(""); err != nil || none.Store("x") == nil {
		t.Error("an array of no bytes:", err)
	}
	want(t, "no bytes", must(none.Load())(t), "")
	a.Close()
	_, err := text.Load()
	wantErr(t, "Load after Close", err, shm.ErrClosed)
	wantErr(t, "Store after Close", text.Store("x"), shm.ErrClosed)
}
