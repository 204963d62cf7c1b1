//go:build linux

package psync_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/psync"
)

func newBarrier(t testing.TB, parties int, opts ...psync.BarrierOption) *psync.Barrier {
	t.Helper()
	b, err := psync.NewBarrier(parties, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// came is how a Wait ended.
type came struct {
	index int
	err   error
}

// comes starts a Wait and returns when the party has come: not for the last of a turn.
func comes(t testing.TB, b *psync.Barrier, ctx context.Context) <-chan came {
	t.Helper()
	before := b.Waiting()
	out := make(chan came, 1)
	go func() {
		i, err := b.Wait(ctx)
		out <- came{i, err}
	}()
	testproc.Eventually(t, "the party", func() bool { return b.Waiting() > before })
	return out
}

func ended(t testing.TB, out <-chan came) came {
	t.Helper()
	select {
	case c := <-out:
		return c
	case <-time.After(testproc.Watchdog):
		t.Fatal("Wait hangs")
		return came{}
	}
}

// brokenBy checks that a Wait ended by a break for this reason, by the process with this pid, or 0 for any.
func brokenBy(t testing.TB, err error, reason psync.BreakReason, pid int) *psync.BrokenError {
	t.Helper()
	var broken *psync.BrokenError
	if !errors.As(err, &broken) || !errors.Is(err, psync.ErrBroken) {
		t.Errorf("got %v", err)
		return &psync.BrokenError{}
	}
	if broken.Reason != reason || pid != 0 && (broken.PID != pid || !strings.Contains(broken.Who, fmt.Sprintf("pid %d", pid))) {
		t.Errorf("got %+v, want reason %d, pid %d", broken, reason, pid)
	}
	return broken
}

func TestBarrierTurns(t *testing.T) {
	for _, parties := range []int{1, 2, 5} {
		b := newBarrier(t, parties)
		turns := 200
		var mu sync.Mutex
		seen := make([][]int, turns)
		var wg sync.WaitGroup
		sum := make([]int, turns) // no lock: the barrier orders
		for p := range parties {
			wg.Go(func() {
				for turn := range turns {
					if p == turn%parties {
						sum[turn] = turn
					}
					i, err := b.Wait(bounded(t))
					if err != nil {
						t.Error(err)
						return
					}
					if sum[turn] != turn {
						t.Error("what was written before is not seen after")
					}
					mu.Lock()
					seen[turn] = append(seen[turn], i)
					mu.Unlock()
				}
			})
		}
		testproc.Finish(t, "the parties", wg.Wait)
		for turn, is := range seen {
			slices.Sort(is)
			for want, i := range is {
				if i != want || len(is) != parties {
					t.Fatalf("turn %d: indexes %v", turn, is)
				}
			}
		}
		if b.Waiting() != 0 || b.Broken() || b.Parties() != parties {
			t.Errorf("%v", b)
		}
	}
}

var (
	actionRuns atomic.Int32
	errCalm    = errors.New("there is no wind")
	actionOpen = make(chan struct{})
	counted    = psync.RegisterAction("test/counted", func(context.Context) error { actionRuns.Add(1); return nil })
	failing    = psync.RegisterAction("test/failing", func(context.Context) error { return errCalm })
	panicking  = psync.RegisterAction("test/panicking", func(context.Context) error { panic("no hands") })
	exiting    = psync.RegisterAction("test/exiting", func(context.Context) error { goexit(); return nil })
	blocking   = psync.RegisterAction("test/blocking", func(ctx context.Context) error { <-actionOpen; return nil })
	twice      = psync.RegisterAction("test/twice", func(context.Context) error { return nil })
	twiceAgain = psync.RegisterAction("test/twice", func(context.Context) error { return nil })
	nameless   = psync.RegisterAction("", func(context.Context) error { return nil })
	nothing    = psync.RegisterAction("test/nothing", nil)
)

func TestBarrierAction(t *testing.T) {
	b := newBarrier(t, 3, psync.WithAction(counted))
	for turn := range int32(5) {
		before := actionRuns.Load()
		first, second := comes(t, b, bounded(t)), comes(t, b, bounded(t))
		if i, err := b.Wait(bounded(t)); i != 2 || err != nil {
			t.Fatalf("%d, %v", i, err)
		}
		for want, out := range []<-chan came{first, second} {
			if c := ended(t, out); c.index != want || c.err != nil {
				t.Fatalf("turn %d: %+v", turn, c)
			}
		}
		if actionRuns.Load() != before+1 {
			t.Fatal("the action did not run once")
		}
	}
}

func TestBarrierActionFails(t *testing.T) {
	b := newBarrier(t, 2, psync.WithAction(failing))
	out := comes(t, b, bounded(t))
	_, err := b.Wait(bounded(t))
	if brokenBy(t, err, psync.BrokenByAction, 0); !errors.Is(err, errCalm) {
		t.Errorf("the last party's error: %v", err)
	}
	if e := brokenBy(t, ended(t, out).err, psync.BrokenByAction, 0); e.Text != errCalm.Error() || !strings.Contains(e.Error(), "the action failed in this process, ") {
		t.Errorf("%v", e)
	}

	b = newBarrier(t, 2, psync.WithAction(panicking))
	out = comes(t, b, bounded(t))
	func() {
		defer func() {
			if v := recover(); v != "no hands" {
				t.Errorf("recovered %v", v)
			}
		}()
		_, _ = b.Wait(bounded(t))
	}()
	if e := brokenBy(t, ended(t, out).err, psync.BrokenByAction, 0); e.Text != "panic: no hands" {
		t.Error(e)
	}

	b = newBarrier(t, 2, psync.WithAction(exiting))
	out = comes(t, b, bounded(t))
	go b.Wait(bounded(t))
	if e := brokenBy(t, ended(t, out).err, psync.BrokenByAction, 0); !strings.Contains(e.Text, "Goexit") {
		t.Error(e)
	}
}

func TestActionErrors(t *testing.T) {
	for _, a := range []psync.Action{twice, twiceAgain, nameless, nothing, {}} {
		if _, err := psync.NewBarrier(1, psync.WithAction(a)); err == nil {
			t.Errorf("%+v is taken", a)
		}
	}
	if _, err := psync.NewBarrier(1, psync.WithAction(twice)); err == nil || strings.Count(err.Error(), "barrier_test.go:") != 2 {
		t.Errorf("the places of a name that is taken twice: %v", err)
	}
	for _, n := range []int{0, -1, psync.MaxParties + 1} {
		if _, err := psync.NewBarrier(n); err == nil {
			t.Errorf("%d parties", n)
		}
	}
	if _, err := psync.NewBarrier(1, psync.WithTimeout(0)); err == nil {
		t.Error("a timeout of 0")
	}
}

// TestBarrierEarly: who comes while the action runs is a party of the next turn; its context ends without harm before.
func TestBarrierEarly(t *testing.T) {
	actionOpen = make(chan struct{})
	b := newBarrier(t, 2, psync.WithAction(blocking))
	out := comes(t, b, bounded(t))
	last := make(chan came, 1)
	go func() { i, err := b.Wait(bounded(t)); last <- came{i, err} }()
	testproc.Eventually(t, "the action", func() bool { return strings.HasSuffix(b.String(), "; the action runs)") })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Millisecond)
	defer cancel()
	if _, err := b.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, psync.ErrBroken) || b.Broken() {
		t.Errorf("got %v; %v", err, b)
	}
	early := make(chan came, 1)
	go func() { i, err := b.Wait(bounded(t)); early <- came{i, err} }()
	close(actionOpen)
	if c := ended(t, out); c.index != 0 || c.err != nil {
		t.Errorf("%+v", c)
	}
	if c := ended(t, last); c.index != 1 || c.err != nil {
		t.Errorf("%+v", c)
	}
	if _, err := b.Wait(bounded(t)); err != nil {
		t.Error(err)
	}
	if c := ended(t, early); c.err != nil {
		t.Errorf("%+v", c)
	}
	if b.Rooms() != 0 {
		t.Errorf("%d rooms are left", b.Rooms())
	}
}

func TestBarrierContext(t *testing.T) {
	b := newBarrier(t, 3)
	cause := errors.New("the process has died that would come")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	if i, err := b.Wait(ctx); i != -1 || !errors.Is(err, cause) || errors.Is(err, psync.ErrBroken) || b.Broken() {
		t.Errorf("before it came: %d, %v", i, err)
	}
	ctx, cancel = context.WithCancelCause(context.Background())
	out, other := comes(t, b, ctx), comes(t, b, bounded(t))
	cancel(cause)
	c := ended(t, out)
	if c.index != -1 || !errors.Is(c.err, context.Canceled) || !errors.Is(c.err, cause) || !errors.Is(c.err, psync.ErrBroken) || !strings.Contains(c.err.Error(), "waiting for psync.Barrier(") {
		t.Errorf("%+v", c)
	}
	if e := brokenBy(t, ended(t, other).err, psync.BrokenByContext, 0); !strings.Contains(e.Text, cause.Error()) {
		t.Error(e)
	}
	_, err := b.Wait(bounded(t))
	brokenBy(t, err, psync.BrokenByContext, 0)

	b = newBarrier(t, 2, psync.WithTimeout(2*time.Millisecond))
	for _, b := range []*psync.Barrier{b, twin[psync.Barrier](t, b)} {
		testproc.Eventually(t, "a Wait that comes before the timeout is over", func() bool {
			_, err := b.Wait(context.Background())
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the barrier's timeout") || errors.Is(err, psync.ErrBroken) != b.Broken() {
				t.Errorf("got %v; %v", err, b)
			}
			return errors.Is(err, psync.ErrBroken)
		})
		if err := b.Reset(); err != nil {
			t.Error(err)
		}
	}
	out = comes(t, b, bounded(t)) // its own deadline counts
	time.Sleep(5 * time.Millisecond)
	if _, err := b.Wait(bounded(t)); err != nil {
		t.Error(err)
	}
	if c := ended(t, out); c.err != nil {
		t.Error(c.err)
	}
}

func TestBarrierAbortAndReset(t *testing.T) {
	b := newBarrier(t, 3)
	if err := b.Reset(); err != nil || b.Broken() {
		t.Error(err)
	}
	out := comes(t, b, bounded(t))
	if err := b.Abort(); err != nil || !b.Broken() || b.Waiting() != 0 {
		t.Errorf("%v, %v", err, b)
	}
	brokenBy(t, ended(t, out).err, psync.BrokenByAbort, 0)
	if err := b.Abort(); err != nil {
		t.Error(err)
	}
	_, err := b.Wait(bounded(t))
	brokenBy(t, err, psync.BrokenByAbort, 0)
	if s := b.String(); !strings.HasPrefix(s, "psync.Barrier(broken: this process, ") {
		t.Error(s)
	}
	if err := b.Reset(); err != nil || b.Broken() {
		t.Errorf("%v, %v", err, b)
	}
	out = comes(t, b, bounded(t))
	if err := b.Reset(); err != nil || b.Broken() {
		t.Errorf("%v, %v", err, b)
	}
	brokenBy(t, ended(t, out).err, psync.BrokenByReset, 0)
	one, two := comes(t, b, bounded(t)), comes(t, b, bounded(t))
	if i, err := b.Wait(bounded(t)); i != 2 || err != nil {
		t.Errorf("after Reset: %d, %v", i, err)
	}
	if c := ended(t, one); c.err != nil {
		t.Error(c.err)
	}
	ended(t, two)
}

// TestBarrierTurnWraps: turns are counted modulo 2^31.
func TestBarrierTurnWraps(t *testing.T) {
	b := newBarrier(t, 2)
	b.SetTurn(1<<31 - 3)
	for range 8 {
		out := comes(t, b, bounded(t))
		if _, err := b.Wait(bounded(t)); err != nil {
			t.Fatal(err)
		}
		if c := ended(t, out); c.err != nil {
			t.Fatal(c.err)
		}
	}
}

func TestBarrierClosed(t *testing.T) {
	b := newBarrier(t, 3)
	other := twin[psync.Barrier](t, b)
	out, rest := comes(t, b, context.Background()), comes(t, other, bounded(t))
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if c := ended(t, out); !errors.Is(c.err, psync.ErrClosed) {
		t.Errorf("%+v", c)
	}
	brokenBy(t, ended(t, rest).err, psync.BrokenByClose, 0)
	_, err := b.Wait(context.Background())
	for what, err := range map[string]error{"Wait": err, "Reset": b.Reset(), "Abort": b.Abort(), "Close": b.Close()} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if b.Broken() || b.Waiting() != 0 || b.String() != "psync.Barrier(closed)" {
		t.Error(b)
	}
	if _, err := cbor.Marshal(b); !errors.Is(err, psync.ErrClosed) {
		t.Errorf("Marshal: %v", err)
	}
	zero := new(psync.Barrier)
	_, err = zero.Wait(context.Background())
	for what, err := range map[string]error{"Wait": err, "Reset": zero.Reset(), "Abort": zero.Abort(), "Close": zero.Close()} {
		if !errors.Is(err, psync.ErrClosed) {
			t.Errorf("%s of a zero Barrier: %v", what, err)
		}
	}
	for _, z := range []*psync.Barrier{zero, nil} {
		if _, err := z.MarshalCBOR(); err == nil || z.String() != "psync.Barrier(none)" {
			t.Errorf("%v, %v", err, z)
		}
	}
}

func TestBarrierTravels(t *testing.T) {
	b := newBarrier(t, 2, psync.WithAction(counted))
	other := twin[psync.Barrier](t, b)
	before := actionRuns.Load()
	out := comes(t, b, bounded(t))
	if i, err := other.Wait(bounded(t)); i != 1 || err != nil || actionRuns.Load() != before+1 {
		t.Errorf("%d, %v: the action did not arrive", i, err)
	}
	ended(t, out)
	data, err := cbor.Marshal(newBarrier(t, 2, psync.WithAction(failing)))
	if err != nil {
		t.Fatal(err)
	}
	unknown := []byte(strings.Replace(string(data), "test/failing", "test/unknown", 1))
	if err := new(psync.Barrier).UnmarshalCBOR(unknown); err == nil || !strings.Contains(err.Error(), "not registered") {
		t.Errorf("an unknown action: %v", err)
	}
	for _, data := range [][]byte{{0xf6}, nil} {
		if err := new(psync.Barrier).UnmarshalCBOR(data); err == nil {
			t.Errorf("% x is no barrier", data)
		}
	}
}
