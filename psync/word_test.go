//go:build linux

package psync

import (
	"testing"
	"unsafe"
)

func TestWordLayout(t *testing.T) {
	s, err := NewSemaphore(12345)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.h.Size() != wordSize || wordSize != 8 || *(*uint32)(s.h.Payload()) != 12345 {
		t.Error("the word is not the first of 8 bytes")
	}
	if s.word.Load() != (*uint32)(s.h.Payload()) || uintptr(unsafe.Pointer(s.word.Load()))%4 != 0 {
		t.Error("the word is elsewhere")
	}
	for _, c := range []struct{ got, want uint32 }{{semWaiting, 1 << 31}, {semHungry, 1 << 30}, {MaxPermits, 1<<30 - 1}, {eventSet, 1}, {eventWaiting, 2}, {eventOne, 4}, {eventCount, ^uint32(3)}} {
		if c.got != c.want {
			t.Errorf("%#x, want %#x", c.got, c.want)
		}
	}
	if shutWord&semHungry == 0 || shutWord&MaxPermits != 0 || shutWord < MaxPermits || shutWord&eventSet != 0 {
		t.Error("a closed handle has a fast path")
	}
}
