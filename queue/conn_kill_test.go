//go:build linux

package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// lettersInTraffic is what traffic sends; every third has an end of a new pipe.
const lettersInTraffic = 60

// traffic sends letters and receives as many. acked counts what was sent, and received, for sure.
func traffic(c *queue.Conn[letter], acked []uint64) error {
	var wg sync.WaitGroup
	var failed [2]error
	wg.Go(func() {
		failed[0] = func() error {
			for i := range lettersInTraffic {
				l := letter{N: i, Text: strings.Repeat("x", i*7)}
				if i%3 == 0 {
					a, b, err := queue.NewPipe[int]()
					if err != nil {
						return err
					}
					defer a.Close()
					l.End = b
					_ = a.Send(context.Background(), i)
				}
				if err := c.Send(context.Background(), l); err != nil {
					return err
				}
				atomic.AddUint64(&acked[0], 1)
				if l.End != nil {
					l.End.Close()
				}
				if i%10 == 9 {
					time.Sleep(200 * time.Microsecond) // the other side is to sleep now and then
				}
			}
			return nil
		}()
	})
	wg.Go(func() {
		failed[1] = func() error {
			for i := range lettersInTraffic {
				l, err := c.Recv(context.Background())
				if err != nil {
					return err
				}
				if l.N != i {
					return fmt.Errorf("letter %d is number %d", i, l.N)
				}
				atomic.AddUint64(&acked[1], 1)
				if l.End != nil {
					if n, err := l.End.Recv(context.Background()); err != nil || n != i {
						return fmt.Errorf("the end that came with letter %d: %d, %v", i, n, err)
					}
					l.End.Close()
				}
			}
			return nil
		}()
	})
	wg.Wait()
	return errors.Join(failed[:]...)
}

// survivor is the other end of traffic, whose peer may be killed. It returns how many letters it has received and whether the peer's end was seen.
func survivor(ctx context.Context, c *queue.Conn[letter]) (received int, err error) {
	sent := make(chan error, 1)
	go func() {
		for i := range lettersInTraffic {
			l := letter{N: i}
			var a *queue.Conn[int]
			if i%3 == 0 {
				if a, l.End, err = queue.NewPipe[int](); err != nil {
					sent <- err
					return
				}
				_ = a.Send(ctx, i)
			}
			err := c.Send(ctx, l)
			if l.End != nil {
				l.End.Close()
			}
			if err == nil && l.End != nil && i%6 == 0 {
				_, err = a.Recv(ctx) // until the peer has received the letter and closed the end, or is gone, read or not
				if err == io.EOF {
					err = nil
				}
			}
			if a != nil {
				a.Close()
			}
			if err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for {
		l, err := c.Recv(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			return received, err
		}
		if l.N != received || len(l.Text) != 7*l.N {
			return received, fmt.Errorf("letter %d is number %d with %d bytes", received, l.N, len(l.Text))
		}
		received++
		if l.End != nil {
			if n, err := l.End.Recv(ctx); err != nil || n != l.N {
				return received, fmt.Errorf("the end of letter %d: %d, %v", l.N, n, err)
			}
			l.End.Close()
		}
	}
	if err := <-sent; err != nil && !errors.Is(err, queue.ErrNoPeer) {
		return received, err
	}
	return received, nil
}

// TestPipeKilledAtEveryPoint kills one side of busy traffic, with ends of other pipes in it, at every point that it passes. The other side receives all that was
// sent for sure, in order, and then sees the end; nothing stays behind.
func TestPipeKilledAtEveryPoint(t *testing.T) {
	round := func(t *testing.T, arm func(p *testproc.Proc), mode string) (out string, err error) {
		a, b, err := queue.NewPipe[letter](queue.WithMemory(512))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		acked, err := shm.NewRawArray[uint64](2)
		if err != nil {
			t.Fatal(err)
		}
		defer acked.Close()
		p := testproc.Start(t)
		end := encoded(t, b)
		p.Must("letters.take", end)
		arm(p)
		b.Close()
		call := p.Go("pipe.traffic", end, encoded(t, acked), mode)
		var received int
		var serr error
		var wg sync.WaitGroup
		wg.Go(func() { received, serr = survivor(within(t), a) })
		out, err = call.Wait()
		p.Bury()
		testproc.Finish(t, "the survivor", wg.Wait)
		sure := int(atomic.LoadUint64(&acked.Slice()[0]))
		if serr != nil || received < sure || received > sure+1 {
			t.Errorf("received %d of %d that were sent for sure: %v", received, sure, serr)
		}
		return out, err
	}
	flat(t)
	must := []string{"ring.written", "ring.kept", "ring.committed", "ring.read", "ring.held", "ring.taken", "ring.flagged", "ring.get-waiting", "ring.rung", "pipe.closed", "arena.keeping"}
	points := testproc.Meet(t, 3, must, func() (met map[string]int) {
		out, err := round(t, func(*testproc.Proc) {}, "record")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(out), &met); err != nil {
			t.Fatal(err)
		}
		return met
	})
	kills := 3
	if testing.Short() {
		kills = 1
	}
	killed := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(points)) {
		for i := range kills {
			n := 1 + i*points[name]/(2*kills)
			_, err := round(t, func(p *testproc.Proc) { p.Must("pipe.arm", name, n) }, "")
			if errors.Is(err, testproc.ErrGone) {
				killed[name]++
			} else if err != nil {
				t.Errorf("%s:%d: %v", name, n, err)
			}
			if t.Failed() {
				t.Fatalf("after a kill at %s:%d", name, n)
			}
		}
	}
	t.Log("killed:", killed)
}

// TestPipeKilledAnywhere kills one side of traffic at random moments.
func TestPipeKilledAnywhere(t *testing.T) {
	kills := 30
	if testing.Short() {
		kills = 6
	}
	flat(t)
	acked, err := shm.NewRawArray[uint64](2)
	if err != nil {
		t.Fatal(err)
	}
	defer acked.Close()
	for range kills {
		a, b, err := queue.NewPipe[letter](queue.WithMemory(512))
		if err != nil {
			t.Fatal(err)
		}
		clear(acked.Slice())
		p := testproc.Start(t)
		end := encoded(t, b)
		p.Must("letters.take", end)
		b.Close()
		p.Go("pipe.traffic", end, encoded(t, acked), "")
		var wg sync.WaitGroup
		wg.Go(func() {
			received, err := survivor(within(t), a)
			if sure := int(atomic.LoadUint64(&acked.Slice()[0])); err != nil || received < sure || received > sure+1 {
				t.Errorf("received %d of %d that were sent for sure: %v", received, sure, err)
			}
		})
		time.Sleep(time.Duration(rand.IntN(15000)) * time.Microsecond)
		p.Bury()
		testproc.Finish(t, "the survivor", wg.Wait)
		a.Close()
	}
}
