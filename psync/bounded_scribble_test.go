//go:build linux

package psync_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/ledger"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

// useBounded does everything that can be done with a semaphore. It may fail; it must not crash, hang or say nonsense that is out of bounds.
func useBounded(t testing.TB, s *sem, rnd *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rnd.IntN(300))*time.Microsecond)
	defer cancel()
	n := rnd.IntN(s.Max() + 1)
	switch rnd.IntN(8) {
	case 0, 1:
		_ = s.AcquireN(ctx, n)
	case 2:
		_ = s.TryAcquireN(n)
	case 3, 4:
		_ = s.ReleaseN(n)
	case 5:
		if v := s.Value(); v < 0 || v > s.Max() {
			t.Errorf("%d free of %d", v, s.Max())
		}
	case 6:
		if h := s.Held(); h < 0 || h > psync.MaxBounded {
			t.Errorf("%d held", h)
		}
	case 7:
		if str := s.String(); len(str) > 1000 {
			t.Error(str)
		}
	}
}

// rowsEnd is how many words of the payload come before and in the rows; offsets of the spill object are among them.
const rowsEnd = psync.BoundedSize / 8

// TestBoundedScribbled: a peer writes nonsense over the payload while it is used.
func TestBoundedScribbled(t *testing.T) {
	runs := 60
	if testing.Short() {
		runs = 12
	}
	for run := range runs {
		s := newBounded(t, 1+run%5)
		if run%2 == 1 {
			fillInline(t, newBounded(t, 14)) // more participants for idents to hit
		}
		good := s.Words()[psync.OffRows/8+2]
		words := s.Words()
		var stop atomic.Bool
		var users, scribbler sync.WaitGroup
		scribbler.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(run), 1))
			for !stop.Load() {
				w := &words[rnd.IntN(rowsEnd)]
				old := atomic.LoadUint64(w)
				switch rnd.IntN(7) {
				case 0:
					atomic.StoreUint64(w, rnd.Uint64())
				case 1:
					atomic.StoreUint64(w, old^1<<rnd.IntN(64))
				case 2:
					atomic.StoreUint64(w, atomic.LoadUint64(&words[rnd.IntN(rowsEnd)]))
				case 3:
					atomic.StoreUint64(w, old|ledger.Counts)
				case 4:
					atomic.StoreUint64(w, ^uint64(0))
				case 5:
					atomic.StoreUint64(w, good|rnd.Uint64()&ledger.Counts)
				case 6:
					atomic.StoreUint64(w, 0)
				}
				time.Sleep(time.Duration(rnd.IntN(30)) * time.Microsecond)
			}
		})
		for g := range 3 {
			users.Go(func() {
				rnd := rand.New(rand.NewPCG(uint64(run), uint64(g)+2))
				for range 60 {
					useBounded(t, s, rnd)
				}
			})
		}
		testproc.Finish(t, fmt.Sprintf("users in run %d", run), users.Wait)
		stop.Store(true)
		scribbler.Wait()
		useBounded(t, s, rand.New(rand.NewPCG(1, 1)))
		clear(words[1:rowsEnd]) // it is as good as new when the nonsense is gone
		words[0] = uint64(s.Max())
		whole(t, s)
		s.Close()
	}
}

// TestBoundedRowsLost: when rows can't be seen nobody gets a permit that may be theirs.
func TestBoundedRowsLost(t *testing.T) {
	s := newBounded(t, 3)
	must(t, s.AcquireN(bounded(t), 2))
	s.Words()[psync.OffRows/8+1] = 1
	s.Words()[psync.OffRows/8] = 5 // the spill object's offset
	if err := s.Acquire(bounded(t)); !errors.Is(err, psync.ErrCorrupt) || s.TryAcquire() {
		t.Errorf("got %v", err)
	}
	must(t, s.ReleaseN(2))
	s.Words()[psync.OffRows/8] = 0
	whole(t, s)
}

// FuzzBoundedScribbled writes a fuzzer's bytes over the payload of a semaphore that this process, and a twin that attaches afterwards, use.
func FuzzBoundedScribbled(f *testing.F) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		b := make([]byte, 11*(1+rnd.IntN(12)))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 400)]
		s := newBounded(t, 3)
		must(t, s.AcquireN(bounded(t), 2))
		encoded, err := cbor.Marshal(s)
		must(t, err)
		rnd := rand.New(rand.NewPCG(1, uint64(len(data))))
		testproc.Finish(t, "a user", func() {
			for ; len(data) >= 11; data = data[11:] {
				w := &s.Words()[int(binary.LittleEndian.Uint16(data))%rowsEnd]
				v := binary.LittleEndian.Uint64(data[3:])
				switch data[2] % 4 {
				case 0:
					atomic.StoreUint64(w, v)
				case 1:
					atomic.AddUint64(w, v)
				case 2:
					atomic.StoreUint64(w, *w^1<<(v%64))
				case 3: // counts of somebody who lives
					atomic.StoreUint64(w, s.Words()[4]|v&ledger.Counts)
				}
				for range 4 {
					useBounded(t, s, rnd)
				}
			}
			var other sem
			if cbor.Unmarshal(encoded, &other) == nil {
				for range 8 {
					useBounded(t, &other, rnd)
				}
				other.Close()
			}
		})
	})
}
