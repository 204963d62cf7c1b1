package object

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// An actor is a client in tests: a Caller that can vanish.
type actor struct {
	*Caller
	vanish context.CancelFunc
	ctx    context.Context
	undo   func() // of the last call
}

func newActor(name string) *actor {
	a := &actor{Caller: &Caller{Name: name}}
	a.ctx, a.vanish = context.WithCancel(context.Background())
	a.Blocking = func(Object, string) (context.Context, func()) { return a.ctx, func() {} }
	return a
}

func newActors(n int) []*actor {
	var as []*actor
	for i := range n {
		as = append(as, newActor(fmt.Sprint("actor ", i)))
	}
	return as
}

// call calls a method as the client does.
func (a *actor) call(o Object, method string, args ...py.Value) (py.Value, error) {
	c := &Call{Args: args, Caller: a.Caller}
	v, err := o.Type().Methods[method](o, c)
	a.undo = c.Undo
	return v, err
}

// do is call for what must give want.
func (a *actor) do(t testing.TB, want string, o Object, method string, args ...py.Value) {
	t.Helper()
	if got := outcomeOf(a.call(o, method, args...)); got != want {
		t.Fatalf("%s: %s%v = %s; want %s", a.Name, method, py.Tuple(args), got, want)
	}
}

// start makes a call that waits, and returns when it does. The channel has its outcome.
func (a *actor) start(t testing.TB, o Holder, method string, args ...py.Value) <-chan string {
	t.Helper()
	n := len(waiting(o))
	out := make(chan string, 1)
	go func() { out <- outcomeOf(a.call(o, method, args...)) }()
	awaitWaiting(t, o, n+1)
	return out
}

// waiting has the names of those who wait, in their order.
func waiting(o Holder) []string {
	var names []string
	for _, h := range o.Holdings() {
		if h.Waits {
			names = append(names, h.Caller)
		}
	}
	return names
}

func holding(o Holder) []string {
	var names []string
	for _, h := range o.Holdings() {
		if !h.Waits {
			names = append(names, fmt.Sprintf("%s %d", h.Caller, h.Count))
		}
	}
	return names
}

// patience is how long tests wait for what must happen: for ever, but that somebody has to read what went wrong.
const patience = time.Minute

func eventually(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !f(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

func awaitWaiting(t testing.TB, o Holder, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " wait"), func() bool { return len(waiting(o)) == n })
}

// expect waits for an outcome.
func expect(t testing.TB, out <-chan string, want string) {
	t.Helper()
	select {
	case got := <-out:
		if got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("no outcome, want %s", want)
	}
}

func undecided(t testing.TB, out <-chan string) {
	t.Helper()
	select {
	case got := <-out:
		t.Fatalf("got %s, and it should still wait", got)
	default:
	}
}

func makeHolder(t testing.TB, typ *Type, args ...py.Value) Holder {
	t.Helper()
	return makeObject(t, typ, args...).(Holder)
}

var goneText = ErrGone.Error()

func newTestWaiter(ctx context.Context) *waiter {
	return &waiter{ready: make(chan struct{}), caller: &Caller{}, ctx: ctx}
}

func TestWaitList(t *testing.T) {
	left, leave := context.WithCancel(context.Background())
	leave()
	var l waitList
	var ws []*waiter
	for i := range 6 {
		ctx := context.Background()
		if i == 0 || i == 3 || i == 5 {
			ctx = left
		}
		ws = append(ws, newTestWaiter(ctx))
		l.push(ws[i])
	}
	if l.Len() != 6 || l.first() != ws[0] || l.Back().Value != ws[5] {
		t.Fatalf("n = %d after 6 pushes", l.Len())
	}
	if w := l.head(); w != ws[1] || l.Len() != 5 {
		t.Errorf("head is not the first one who is there, or n = %d", l.Len())
	}
	ws[2].leave()
	ws[2].leave()
	if n := l.live(); n != 2 || l.Back().Value != ws[4] {
		t.Errorf("%d live, want 2", n)
	}
	if l.pop() != ws[1] || l.pop() != ws[4] || l.pop() != nil || l.Len() != 0 {
		t.Error("pop does not give the others in their order, and then nil")
	}
	for _, w := range ws {
		l.push(w)
	}
	var woken []*waiter
	l.wake(func(w *waiter) { woken = append(woken, w) })
	if !slices.Equal(woken, ws) || l.Len() != 0 {
		t.Error("wake does not wake everybody in order")
	}
}

// TestWaitEnds: whoever was granted something knows it, whatever else has woken him.
func TestWaitEnds(t *testing.T) {
	for _, c := range []struct {
		grant, leave bool
		want         outcome
	}{{true, false, granted}, {true, true, tooLate}, {false, true, gone}, {false, false, expired}} {
		ctx, leave := context.WithCancel(context.Background())
		defer leave()
		var l waitList
		w := newTestWaiter(ctx)
		l.push(w)
		if c.grant {
			l.pop().grant()
		}
		if c.leave {
			leave()
		}
		w.sleep(0)
		if got := w.end(); got != c.want || l.Len() != 0 {
			t.Errorf("granted %v, left %v: outcome %d, want %d; %d in the list", c.grant, c.leave, got, c.want, l.Len())
		}
	}
}
