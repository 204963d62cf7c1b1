package connection_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/connection"
)

// TestTolerate: a message that is too large is an error until it is skipped, whatever its length and the interruptions, and nothing around it is lost.
func TestTolerate(t *testing.T) {
	for _, size := range []int{1001, 4090, 5000, 300_000} {
		c, nc := loose(t, connection.Config{MaxFrame: 1 << 20})
		c.Tolerate(1000, nil)
		if err := c.Skip(ctx); err != nil {
			t.Error("nothing to skip:", err)
		}
		go func() {
			sayRaw(t, nc, "before")
			frame := binary.BigEndian.AppendUint32(nil, uint32(size))
			half := size / 2
			_, _ = nc.Write(append(frame, make([]byte, half)...))
			if _, err := hearRaw(nc); err != nil { // until a skip was interrupted
				t.Error(err)
			}
			_, _ = nc.Write(make([]byte, size-half))
			sayRaw(t, nc, "behind")
		}()
		if m, err := c.RecvBytes(ctx); string(m) != "before" || err != nil {
			t.Fatal(m, err)
		}
		for range 2 {
			_, err := c.RecvBytes(ctx)
			var large *connection.FrameTooLargeError
			if !errors.As(err, &large) || large.Size != uint64(size) || large.Limit != 1000 || errors.Is(err, connection.ErrBroken) {
				t.Fatal(err)
			}
			if ready, err := c.Poll(0); !ready || err != nil {
				t.Error(ready, err)
			}
		}
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		if err := c.Skip(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
		if err := c.SendBytes(ctx, []byte("go on")); err != nil {
			t.Fatal(err)
		}
		if err := c.Skip(ctx); err != nil {
			t.Fatal(err)
		}
		if m, err := c.RecvBytes(ctx); string(m) != "behind" || err != nil {
			t.Fatal(m, err)
		}
	}
}

// TestTolerateRoom: memory that there is no room for is not taken, of a message that is within the limit.
func TestTolerateRoom(t *testing.T) {
	const size = 256 << 20
	full := errors.New("no room")
	c, nc := loose(t, connection.Config{})
	var asked []int64
	c.Tolerate(math.MaxInt64, func(n int64) error {
		asked = append(asked, n)
		return full
	})
	go func() {
		sayRaw(t, nc, strings.Repeat("m", 1<<20)) // which is not asked for
		_, _ = nc.Write(binary.BigEndian.AppendUint32(nil, size))
		chunk := make([]byte, 1<<20)
		for range size / len(chunk) {
			_, _ = nc.Write(chunk)
		}
		sayRaw(t, nc, "behind")
	}()
	if m, err := c.RecvBytes(ctx); len(m) != 1<<20 || err != nil {
		t.Fatal(len(m), err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.RecvBytes(ctx)
	var large *connection.FrameTooLargeError
	if !errors.As(err, &large) || large.Size != size || !errors.Is(err, full) || !strings.Contains(err.Error(), "no room") {
		t.Fatal(err)
	}
	if err := c.Skip(ctx); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 16<<20 {
		t.Errorf("%d bytes were allocated", taken)
	}
	if len(asked) != 1 || asked[0] > size {
		t.Error(asked)
	}
	if m, err := c.RecvBytesInto(ctx, make([]byte, 10)); m != len("behind") || err != nil {
		t.Fatal(m, err)
	}
}

// TestSkipEnd: a peer that dies inside the message breaks the connection.
func TestSkipEnd(t *testing.T) {
	c, nc := loose(t, connection.Config{})
	c.Tolerate(100, nil)
	if _, err := nc.Write(append([]byte{0, 0, 1, 0}, bytes.Repeat([]byte{1}, 50)...)); err != nil {
		t.Fatal(err)
	}
	var large *connection.FrameTooLargeError
	if _, err := c.Recv(ctx); !errors.As(err, &large) {
		t.Fatal(err)
	}
	_ = nc.Close()
	if err := c.Skip(ctx); !errors.Is(err, connection.ErrBroken) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if err := c.Skip(ctx); !errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
}
