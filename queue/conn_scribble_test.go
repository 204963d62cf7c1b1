//go:build linux

package queue_test

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

// memoryOf is the memory of an object, and of the rings when it is an end of a pipe.
func memoryOf(t testing.TB, ref arena.Ref) (h *arena.Handle, mem []byte) {
	t.Helper()
	h, err := arena.Attach(ref)
	ok(t, err)
	return h, unsafe.Slice((*byte)(h.Payload()), h.Size())
}

func refOf(t testing.TB, c interface{ MarshalCBOR() ([]byte, error) }) arena.Ref {
	t.Helper()
	data, err := c.MarshalCBOR()
	ok(t, err)
	b, err := handle.Parse(data, handle.KindConn)
	ok(t, err)
	return b.Ref
}

// TestPipeEndLayout: the offsets of the table in ends_unsafe.go.
func TestPipeEndLayout(t *testing.T) {
	a, b := newPipe[int](t)
	h, mem := memoryOf(t, refOf(t, a))
	defer h.Close()
	g, there := memoryOf(t, refOf(t, b))
	defer g.Close()
	word := func(m []byte, at int) uint64 { return *(*uint64)(unsafe.Pointer(&m[at])) }
	if len(mem) != 56 || string(mem[:4]) != "MPEC" {
		t.Errorf("%d bytes, magic %q", len(mem), mem[:4])
	}
	for i := range 2 { // offset and serial
		want(t, "what it receives from is what the other sends into", word(mem, 8+8*i), word(there, 24+8*i))
		want(t, "what it sends into is what the other receives from", word(mem, 24+8*i), word(there, 8+8*i))
	}
	want(t, "the other end", arena.Ref{Off: word(mem, 40), Serial: word(mem, 48)}, g.Ref())
}

// swept is flat for a test that scribbles: what cells that were void had kept is found by the sweeps after a death.
func swept(t testing.TB) {
	flat(t)
	t.Cleanup(func() { testproc.Start(t).Bury() })
}

// TestPipeEndScribbled: a peer writes anything into the object of an end. Whoever decodes it, uses it or closes it gets an error or a working pipe.
func TestPipeEndScribbled(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 80
	}
	swept(t)
	for seed := range uint64(rounds) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		a, b, err := queue.NewPipe[int]()
		ok(t, err)
		h, mem := memoryOf(t, refOf(t, b))
		g, other := memoryOf(t, refOf(t, a))
		before := slices.Clone(mem)
		switch at := 8 * rnd.IntN(len(mem)/8); rnd.IntN(4) {
		case 0: // a bit
			mem[at+rnd.IntN(8)] ^= 1 << rnd.IntN(8)
		case 1: // another reference
			copy(mem[8+16*rnd.IntN(3):], other[8+16*rnd.IntN(3):][:16])
		case 2:
			clear(mem[at:])
		case 3:
			for i := range mem[at:] {
				mem[at+i] = byte(rnd.Uint32())
			}
		}
		testproc.Finish(t, "the use of a scribbled end", func() {
			data, err := b.MarshalCBOR()
			ok(t, err)
			c := new(queue.Conn[int])
			err = c.UnmarshalCBOR(data)
			for _, x := range []*queue.Conn[int]{c, b, a} {
				ctx, cancel := context.WithTimeout(context.Background(), 300*time.Microsecond)
				_ = x.Send(ctx, 1)
				_, _ = x.Recv(ctx)
				_, _ = x.Poll(0)
				cancel()
				_ = x.String()
			}
			if seed%2 == 0 {
				copy(mem, before) // else it closes what it finds
			}
			if err == nil {
				_ = c.Close()
			}
			_, _ = b.Close(), a.Close()
		})
		h.Close()
		g.Close()
	}
}

// TestPipeRingScribbled: a peer writes anything into a pipe's ring while others use it.
func TestPipeRingScribbled(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	swept(t)
	corrupt := 0
	watchdog := time.Now().Add(testproc.Watchdog)
	for seed := uint64(0); seed < uint64(rounds) || corrupt == 0 && time.Now().Before(watchdog); seed++ {
		rnd := rand.New(rand.NewPCG(seed, 8))
		a, b, err := queue.NewPipe[letter](queue.WithMemory(1024))
		ok(t, err)
		e, end := memoryOf(t, refOf(t, a))
		ring, mem := memoryOf(t, *(*arena.Ref)(unsafe.Pointer(&end[24])))
		stop := make(chan struct{})
		var wg sync.WaitGroup
		var mu sync.Mutex
		use := func(op func(ctx context.Context) error) {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					ctx, cancel := context.WithTimeout(context.Background(), 200*time.Microsecond)
					if err := op(ctx); errors.Is(err, queue.ErrCorrupt) {
						mu.Lock()
						corrupt++
						mu.Unlock()
					}
					cancel()
				}
			})
		}
		use(func(ctx context.Context) error {
			return a.Send(ctx, letter{N: 1, Text: strings.Repeat("x", int(seed%100))})
		})
		use(func(ctx context.Context) error {
			x, y, err := queue.NewPipe[int]()
			ok(t, err)
			defer x.Close()
			defer y.Close()
			return a.Send(ctx, letter{N: 1, End: y})
		})
		use(func(ctx context.Context) error { return a.SendBytes(ctx, make([]byte, seed*20)) })
		use(func(ctx context.Context) error {
			l, err := b.Recv(ctx)
			if l.End != nil {
				l.End.Close()
			}
			return err
		})
		use(func(ctx context.Context) error { _, err := b.RecvBytes(ctx, make([]byte, 600)); return err })
		use(func(ctx context.Context) error { _ = b.String(); _, err := b.Poll(time.Microsecond); return err })
		for range 30 {
			time.Sleep(50 * time.Microsecond)
			at := 64 * rnd.IntN(len(mem)/64)
			if rnd.IntN(3) == 0 {
				at = []int{16, 96, 192, 200, 256, 264, 384}[rnd.IntN(7)]
			}
			n := 1 + rnd.IntN(min(8, len(mem)-at))
			if rnd.IntN(2) == 0 {
				mem[at+rnd.IntN(n)] ^= 1 << rnd.IntN(8)
				continue
			}
			for i := range n {
				mem[at+i] = byte(rnd.Uint32())
			}
		}
		close(stop)
		testproc.Finish(t, "the users of a scribbled pipe", wg.Wait)
		testproc.Finish(t, "Close", func() { _, _ = a.Close(), b.Close() })
		ring.Close()
		e.Close()
	}
	if corrupt == 0 {
		t.Error("nobody ever noticed")
	}
}

// TestPipeForeign: handles of other kinds, other types, and those whose pipe is gone.
func TestPipeForeign(t *testing.T) {
	a, b := newPipe[int](t)
	data, err := a.MarshalCBOR()
	ok(t, err)
	var mismatch *queue.TypeMismatchError
	if err := new(queue.Conn[string]).UnmarshalCBOR(data); !errors.As(err, &mismatch) || !errors.Is(err, queue.ErrWrongType) {
		t.Errorf("another type: %v", err)
	} else if mismatch.Want != "string" || !strings.HasPrefix(mismatch.Have, "int") {
		t.Errorf("%+v", mismatch)
	}
	wantErr(t, "a pipe as a queue", new(queue.Queue[int]).UnmarshalCBOR(data), queue.ErrWrongType)
	q, err := queue.New[int](1)
	ok(t, err)
	defer q.Detach()
	qdata, err := q.MarshalCBOR()
	ok(t, err)
	wantErr(t, "a queue as a pipe", new(queue.Conn[int]).UnmarshalCBOR(qdata), queue.ErrWrongType)
	for _, junk := range []string{"", "00", "f6", "da6d70726341", hex.EncodeToString(data[:len(data)-1])} {
		raw, _ := hex.DecodeString(junk)
		if err := new(queue.Conn[int]).UnmarshalCBOR(raw); err == nil {
			t.Errorf("%q was decoded", junk)
		}
	}
	// Failing to decode an end leaves nothing behind: it ends when its last handle does.
	a.Close()
	over(t, b)
	wantErr(t, "a pipe that is gone", new(queue.Conn[int]).UnmarshalCBOR(data), queue.ErrStale)
	// An end that is gone while the other is there.
	if _, err := b.Recv(within(t)); err != io.EOF {
		t.Error(err)
	}
}
