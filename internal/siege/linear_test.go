//go:build linux

package siege

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// seen is a result as specs have it.
func seen(v py.Value, err error) (saw string, ok bool) {
	var e *py.Exception
	switch {
	case errors.As(err, &e):
		return e.Class.Name, true
	case err != nil:
		return "", false
	}
	switch v := v.(type) {
	case nil:
		return none, true
	case bool:
		if v {
			return yes, true
		}
		return no, true
	}
	return fmt.Sprint(v), true
}

// TestLinearizable: what Go clients see of each type, some of which are cut off in the midst of calls: their connection is closed, or their context ends.
func TestLinearizable(t *testing.T) {
	s := build(t, manager.Config{Reclaim: true})
	rng := dice(t, 2)
	var calls, cuts atomic.Int64
	rounds, undecided := 0, 0
	for end := time.Now().Add(lasting(*duration)); rounds < len(subjects) || lasts(end, cuts.Load() > 0 && undecided <= rounds/4); rounds++ {
		x := &subjects[rounds%len(subjects)]
		c := s.citizen(t, "citizen")
		ident := c.create(x.typeid, x.args...)
		h := &history{}
		var all sync.WaitGroup
		for range 4 {
			mine := rand.New(rand.NewPCG(rng.Uint64(), 1))
			all.Go(func() {
				n, k, err := x.live(t.Context(), s, ident, h, mine)
				if err != nil {
					t.Error(err)
				}
				calls.Add(int64(n))
				cuts.Add(int64(k))
			})
		}
		all.Wait()
		x.judge(t, s, c, ident, h, &undecided)
	}
	st := s.Stats()
	t.Logf("%d rounds, %d of them undecided, %d calls, %d clients cut off in a call; the server has given up %d calls, and undone %d", rounds, undecided, calls.Load(), cuts.Load(), st.GivenUp, st.Undone)
	if cuts.Load() == 0 || undecided > rounds/4 {
		t.Error("the test tested nothing")
	}
}

// live is the life of a client, which comes back under another number when it was cut off.
func (s *subject) live(ctx context.Context, town *town, ident string, h *history, rng *rand.Rand) (calls, cuts int, err error) {
	var client *manager.Client
	var proxy *manager.Proxy
	who, held := 0, false
	leave := func(since int64) {
		if client != nil {
			h.gone(act{who: who}, since, 0)
			_ = client.Close()
			client = nil
		}
	}
	defer func() { leave(sys.Monotonic()) }()
	for range 10 {
		if client == nil {
			if client, err = manager.Dial(ctx, "unix", town.address, keyed); err != nil {
				return calls, cuts, err
			}
			if proxy, err = client.Attach(ctx, ident); err != nil {
				return calls, cuts, err
			}
			who, held = h.newcomer(), false
		}
		x := s.plan(rng, held)
		x.who = who
		method, args := x.call()
		callCtx, cancel := context.WithTimeout(ctx, watchdog)
		var scissors *time.Timer
		from := sys.Monotonic() // before the scissors are: they may be faster than the call
		if rng.IntN(7) == 0 {
			after, victim := time.Duration(rng.IntN(int(150*time.Microsecond))), client
			scissors = time.AfterFunc(after, func() {
				if after%2 == 0 {
					cancel()
				} else {
					_ = victim.Close()
				}
			})
		}
		v, err := proxy.Call(callCtx, method, args...)
		to := sys.Monotonic()
		calls++
		cut := scissors != nil && !scissors.Stop()
		saw, ok := seen(v, err)
		switch {
		case ok:
			h.note(x, saw, from, to)
			held = saw == yes || held && x.do != "release"
			if cut { // too late for this call, but the client may be gone since it began
				leave(from)
			}
		case callCtx.Err() != nil || errors.Is(err, manager.ErrClosed):
			cuts++
			h.gone(x, from, 0)
			_ = client.Close()
			client = nil
		default:
			cancel()
			return calls, cuts, err
		}
		cancel()
	}
	return calls, cuts, nil
}

// judge ends a round: it looks at what is left, and whether the whole history can be explained.
func (s *subject) judge(t *testing.T, town *town, c *citizen, ident string, h *history, undecided *int) {
	t.Helper()
	town.isQuiet(t, 1)
	s.audit(c, ident, h)
	h.check(t, s.spec.model(s.init), undecided)
	c.close()
	if t.Failed() {
		t.Fatalf("a round with a %s", s.typeid)
	}
}

// audit adds what is left of an object to its history.
func (s *subject) audit(c *citizen, ident string, h *history) {
	c.t.Helper()
	who := h.newcomer()
	for n := 0; n < keys || s.stop != ""; n++ {
		x := s.rest(n)
		x.who = who
		method, args := x.call()
		from := sys.Monotonic()
		v, err := c.try(ident, method, values(args)...)
		saw, ok := seen(v, raised(err))
		if !ok {
			c.t.Fatalf("%s%v: %v", method, args, err)
		}
		h.note(x, saw, from, sys.Monotonic())
		if saw == s.stop {
			return
		}
	}
}

// values are arguments for a peer, which sends them as they are.
func values(args []any) []py.Value {
	out := make([]py.Value, len(args))
	copy(out, args)
	return out
}

// raised is the exception in a peer's error, if there is one.
func raised(err error) error {
	var r *refusal
	if errors.As(err, &r) {
		if e, ok := r.Value.(*py.Exception); ok {
			return e
		}
	}
	return err
}

// literals are arguments as Python writes them.
func literals(args []any) string {
	var out []string
	for _, a := range args {
		out = append(out, strings.NewReplacer("true", "True", "false", "False").Replace(fmt.Sprint(a)))
	}
	return strings.Join(out, ", ")
}
