//go:build linux

package robust

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

// scribbled is a lock of arbitrary bytes: what a peer may have made of it.
func scribbled(b []byte, members *cast) *Core {
	at := area()
	copy(unsafe.Slice((*byte)(at), Size), b)
	return view(at, member{members, 1})
}

// try uses a lock in every way. Whatever its bytes, each call ends with the lock or with the context's error.
func try(t *testing.T, b []byte) {
	members := newCast()
	members.kill(3)
	for _, dirty := range []uint32{0, Dirty} {
		c := scribbled(b, members)
		c.State(12345)
		c.Busy()
		held := c.Held()
		if c.TryAcquire(dirty) {
			if !c.Held() || held {
				t.Fatalf("% x: TryAcquire left %#x", b, wordOf(c))
			}
			c.Recovery()
			if err := c.Release(); err != nil {
				t.Fatalf("% x: release: %v", b, err)
			}
		}
		c = scribbled(b, members)
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
		_, err := c.Acquire(ctx, new(handle), dirty)
		cancel()
		switch {
		case err == nil:
			if !c.Held() || held || wordOf(c)&Dirty != dirty {
				t.Fatalf("% x: Acquire left %#x", b, wordOf(c))
			}
			if err := c.Release(); err != nil || c.Held() {
				t.Fatalf("% x: release: %v, %#x", b, err, wordOf(c))
			}
		case !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("% x: %v", b, err)
		}
		c = scribbled(b, members)
		if err := c.Release(); (err == nil) != held {
			t.Fatalf("% x: held %v, release: %v", b, held, err)
		}
		c = scribbled(b, members)
		c.Abandon()
		if c.Held() {
			t.Fatalf("% x: abandoned and held", b)
		}
	}
}

// bytesOf is a lock's bytes.
func bytesOf(word, busy uint32, next uint64, recoveries uint32) []byte {
	b := make([]byte, Size)
	binary.NativeEndian.PutUint32(b, word)
	binary.NativeEndian.PutUint32(b[4:], busy)
	binary.NativeEndian.PutUint64(b[8:], next)
	binary.NativeEndian.PutUint32(b[16:], recoveries)
	return b
}

// owners: nobody, this process, another, a dead one, one who never was.
var owners = []uint32{0, 1, 2, 3, 500, 1<<29 - 1}

func TestScribbled(t *testing.T) {
	for flags := range uint32(8) {
		for _, owner := range owners {
			for _, next := range []uint64{0, 1, 2, 3, 500, 1<<64 - 1, 1 << 63} {
				if testing.Short() && next > 3 {
					continue
				}
				try(t, bytesOf(flags<<29|owner, flags, next, 1<<32-1))
			}
		}
	}
}

func FuzzScribbled(f *testing.F) {
	for flags := range uint32(8) {
		for _, owner := range owners {
			f.Add(bytesOf(flags<<29|owner, flags, uint64(owner), owner))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { try(t, b) })
}

// TestScribbledWhileWaiting: bytes that change while a goroutine waits end its wait or leave it waiting, and its context ends it in any case.
func TestScribbledWhileWaiting(t *testing.T) {
	n := 40
	if testing.Short() {
		n = 8
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for range n {
		members := newCast()
		members.kill(3)
		c := scribbled(bytesOf(2, 0, 0, 0), members)
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { _, err := c.Acquire(ctx, new(handle), 0); done <- err }()
		var err error
		for ended := false; !ended; {
			select {
			case err = <-done:
				ended = true
			default:
				atomic.StoreUint32(c.word, rnd.Uint32()<<29|owners[1+rnd.IntN(len(owners)-1)])
				atomic.StoreUint64(c.next(), rnd.Uint64())
				if rnd.IntN(200) == 0 {
					cancel()
				}
				time.Sleep(20 * time.Microsecond)
			}
		}
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
