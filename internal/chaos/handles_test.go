//go:build linux

package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

// cargo is a message full of handles.
type cargo struct {
	Depth  int
	Big    *shm.RawArray[int64]
	Small  map[string]*shm.Value[int64]
	Locked []*shm.Array[byte]
	Lock   *psync.Lock
}

func newCargo(depth int, rng *rand.Rand) (cargo, error) {
	c := cargo{Depth: depth, Small: map[string]*shm.Value[int64]{}}
	var err error
	if c.Big, err = shm.NewRawArray[int64](1 + rng.IntN(300_000)); err != nil {
		return c, err
	}
	if c.Lock, err = psync.NewLock(); err != nil {
		return c, err
	}
	for i := range 5 {
		if c.Small[fmt.Sprint(i)], err = shm.NewValue(int64(i), shm.WithLock(c.Lock)); err != nil {
			return c, err
		}
		a, err := shm.ArrayOf([]byte("some text to look at later"))
		if err != nil {
			return c, err
		}
		c.Locked = append(c.Locked, a)
	}
	c.Big.Fill(int64(depth))
	return c, nil
}

// check fails if what arrived is not what was sent.
func (c cargo) check() error {
	for i, x := range c.Big.All() {
		if x != int64(c.Depth) {
			return fmt.Errorf("element %d of %d is %d, want %d", i, c.Big.Len(), x, c.Depth)
		}
		if i > 1000 {
			break
		}
	}
	for i := range 5 {
		if n, err := c.Small[fmt.Sprint(i)].Load(); err != nil || n != int64(i) {
			return fmt.Errorf("value %d is %d, %v", i, n, err)
		}
		if s, err := shm.TextOf(c.Locked[i]).Load(); err != nil || s != "some text to look at later" {
			return fmt.Errorf("text %d is %q, %v", i, s, err)
		}
	}
	return nil
}

// relay makes, checks, passes on and returns handles: at each moment some are in arguments and results on their way.
var relay *multiproc.Func[cargo, cargo]

func init() {
	relay = multiproc.Register("chaos-relay", func(ctx context.Context, in cargo) (cargo, error) {
		if err := in.check(); err != nil {
			return cargo{}, err
		}
		rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
		out, err := newCargo(in.Depth-1, rng)
		if err != nil {
			return cargo{}, err
		}
		if in.Depth > 0 && rng.IntN(2) == 0 {
			p, err := relay.Start(ctx, out, multiproc.WithStartTimeout(watchdog))
			if err != nil {
				return cargo{}, err
			}
			if rng.IntN(4) == 0 {
				_ = p.Kill()
				return out, nil
			}
			return p.Wait(ctx)
		}
		if rng.IntN(2) == 0 {
			return in, nil // back to where it came from
		}
		return out, nil
	})
}

// TestChaosHandles sends handles through processes that are killed with handles in their hands and on their way, and expects what arrives to be
// whole and the memory to come back.
func TestChaosHandles(t *testing.T) {
	baseline := settle(t, arena.Census{})
	baseline.Bytes += slack
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 3))
	var sent, arrived, kills int
	var peak int64
	begin := time.Now()
	for took := time.Duration(0); took < *duration || arrived == 0 && took < *duration+watchdog; sent++ {
		in, err := newCargo(3, rng)
		if err != nil {
			t.Fatal(err)
		}
		p, err := relay.Start(t.Context(), in, multiproc.WithStartTimeout(watchdog))
		if err != nil {
			t.Fatal(err)
		}
		if rng.IntN(2) == 0 {
			in.close() // the worker's are the only ones now
		}
		if rng.IntN(2) == 0 {
			time.Sleep(time.Duration(rng.IntN(int(6 * time.Millisecond))))
			_ = p.Kill()
			kills++
		}
		out, err := p.Wait(t.Context())
		if err == nil {
			arrived++
			if err := out.check(); err != nil {
				t.Fatalf("a result arrived damaged: %v", err)
			}
			out.close()
		}
		in.close()
		c, err := arena.Count()
		if err != nil {
			t.Fatal(err)
		}
		peak = max(peak, c.Bytes)
		took = time.Since(begin)
	}
	t.Logf("%d messages of 12 handles, %d results arrived, %d kills, peak %d MiB", sent, arrived, kills, peak>>20)
	if arrived == 0 {
		t.Error("no result arrived: the test tested nothing")
	}
	settle(t, baseline) // sweeping follows a death at once, but in the background
}

func (c cargo) close() {
	_ = c.Big.Close()
	_ = c.Lock.Close()
	for i := range 5 {
		_ = c.Small[fmt.Sprint(i)].Close()
		_ = c.Locked[i].Close()
	}
}
