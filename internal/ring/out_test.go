//go:build linux

package ring

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// TestOut is what a caller of Get can ask for.
func TestOut(t *testing.T) {
	r := newRing(t, 100, 4096)
	item := text(24, 5)
	for _, c := range []struct {
		kind uint8
		out  Out
		want error
		need int
	}{
		{1, Out{}, nil, 24},
		{1, Out{Data: make([]byte, 24), Exact: true}, nil, 24},
		{1, Out{Data: make([]byte, 23), Exact: true}, &SizeError{23, 24}, 0},
		{1, Out{Data: make([]byte, 25), Exact: true}, &SizeError{25, 24}, 0},
		{1, Out{Data: make([]byte, 25), Fit: true}, nil, 24},
		{1, Out{Data: make([]byte, 23), Fit: true}, &SizeError{23, 24}, 0},
		{1, Out{Data: make([]byte, 3, 24)}, nil, 24},
		{1, Out{Raw: true}, ErrKind, 0},
		{KindRaw, Out{}, ErrKind, 0},
		{KindRaw, Out{Raw: true}, nil, 24},
	} {
		if err := r.TryPut(&Item{Kind: c.kind, Data: item}); err != nil {
			t.Fatal(err)
		}
		room := c.out.Data[:cap(c.out.Data)]
		for range 2 { // an item that is refused stays
			err := r.TryGet(&c.out)
			size := (*SizeError)(nil)
			if errors.As(err, &size) {
				if fmt.Sprint(size) != fmt.Sprint(c.want) {
					t.Errorf("%+v: %v", c, err)
				}
				continue
			}
			if err != c.want {
				t.Errorf("%+v: %v", c, err)
			}
			if err == nil {
				break
			}
		}
		if c.want != nil {
			if err := r.TryGet(&Out{Raw: c.kind == KindRaw}); err != nil {
				t.Errorf("%+v: the item is gone: %v", c, err)
			}
			continue
		}
		if !bytes.Equal(c.out.Data, item) || c.out.Kind != c.kind {
			t.Errorf("%+v", c)
		}
		if len(room) >= len(item) && !bytes.Equal(room[:24], item) {
			t.Errorf("%+v: not in the room that was given", c)
		}
	}
	if n := r.Len(); n != 0 {
		t.Errorf("%d left", n)
	}
}

// TestTaking: the hooks are told of an item around its commit, and can refuse it.
func TestTaking(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 1024)
	r.startAt(0, 77)
	var told []uint64
	refuse := errors.New("not now")
	var refused error = refuse
	r.Taking = func(item uint64) error {
		if head, _ := r.Places(); head != item {
			t.Errorf("taking item %d with the head at %d", item, head)
		}
		return refused
	}
	r.Taken = func(item uint64) {
		if head, _ := r.Places(); head != item+1 {
			t.Errorf("taken item %d with the head at %d", item, head)
		}
		told = append(told, item)
	}
	h := object(t, 7)
	mustPut(t, r, text(3, 1), h.Ref())
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		var o Out
		if err := r.TryGet(&o); err != refuse || o.Inbox != nil {
			t.Fatal(err, o.Inbox)
		}
	}
	refused = nil
	mustGet(t, r, text(3, 1)).Release()
	if fmt.Sprint(told) != "[77]" {
		t.Error(told)
	}
}
