//go:build linux

package siege

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/manager"
)

// plannedScript makes calls that were planned, and says when each began and ended, by the clock that all processes share. The clock is a float: so it says a microsecond too much.
const plannedScript = `
o = at('{typeid}', '{ident}')
wire(o)
held = False
for do, a, b, method, args in [{plan}]:
    if do == 'release' and not held:
        continue
    say('call', do, a, b, int(time.monotonic() * 1e9) - 1000)
    try:
        saw = str(o._callmethod(method, args))
    except Exception as e:
        saw = type(e).__name__
    say('saw', saw, int(time.monotonic() * 1e9) + 1000)
    held = do != 'release' and (held or saw == 'True')
`

// A scribe writes down what one Python client says, and has it killed in the midst of one of its calls.
type scribe struct {
	who   int
	h     *history
	lucky int // after how many calls it is to be killed

	mu     sync.Mutex
	x      act // of the present call; without a name there is none
	from   int64
	calls  int
	broken string
	now    chan struct{} // closed when it is time to kill it
	over   sync.Once
}

func (r *scribe) hear(line []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	number := func(word string) int64 {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			r.broken = fmt.Sprint(line)
		}
		return n
	}
	switch {
	case line[0] == "call" && len(line) == 5:
		r.x, r.from = act{r.who, line[1], number(line[2]), number(line[3])}, number(line[4])
		if r.calls++; r.calls == r.lucky {
			r.over.Do(func() { close(r.now) })
		}
	case line[0] == "saw" && len(line) == 3:
		to := number(line[2])
		r.h.note(r.x, line[1], r.from, to)
		r.x, r.from = act{who: r.who}, to
	case line[0] == "end":
		r.over.Do(func() { close(r.now) })
	default:
		r.broken = fmt.Sprint(readable(line))
	}
}

// TestLinearizableForPython is TestLinearizable with processes of Python, which are killed by SIGKILL.
func TestLinearizableForPython(t *testing.T) {
	s := build(t, manager.Config{Reclaim: true})
	rng := dice(t, 3)
	all := slices.DeleteFunc(hatch(t), func(z *zygote) bool { return !z.AtLeast(3, 3) }) // older ones don't have the clock
	if len(all) == 0 {
		t.Skip("no Python that has time.monotonic was found")
	}
	rounds, undecided, calls, cuts := 0, 0, 0, 0
	for end := time.Now().Add(lasting(*duration)); rounds < len(subjects) || lasts(end, cuts > 0 && undecided <= rounds/4); rounds++ {
		x := &subjects[rounds%len(subjects)]
		c := s.citizen(t, "citizen")
		ident := c.create(x.typeid, x.args...)
		h := &history{}
		workers, scribes := make([]*pyClient, 3), make([]*scribe, 3)
		for i := range workers {
			r := &scribe{who: h.newcomer(), h: h, lucky: 1 + rng.IntN(16), now: make(chan struct{})}
			r.x.who = r.who
			r.from = sys.Monotonic()
			scribes[i] = r
			workers[i] = all[rng.IntN(len(all))].listen(t, s, r.hear, plannedScript, "typeid", x.typeid, "ident", ident, "plan", x.planned(rng, 12))
		}
		for i, r := range scribes {
			select {
			case <-r.now:
			case <-time.After(watchdog):
				t.Fatalf("%s: has not made its calls in %v", workers[i].tag, watchdog)
			}
			workers[i].kill()
			eventually(t, "the server knows of the death", func() bool { return !s.has(workers[i].tag) })
			r.mu.Lock()
			if r.broken != "" {
				t.Fatal(r.broken)
			}
			calls += r.calls
			if r.x.do != "" {
				cuts++
			}
			h.gone(r.x, r.from, sys.Monotonic())
			r.mu.Unlock()
		}
		x.judge(t, s, c, ident, h, &undecided)
	}
	t.Logf("%d rounds, %d of them undecided, %d calls, %d clients killed in a call", rounds, undecided, calls, cuts)
	if cuts == 0 || undecided > rounds/4 {
		t.Error("the test tested nothing")
	}
}

// planned are calls as Python has them.
func (s *subject) planned(rng *rand.Rand, n int) string {
	var b strings.Builder
	for i := range n {
		x := s.plan(rng, i%2 == 1)
		method, args := x.call()
		list := literals(args)
		if len(args) == 1 {
			list += ","
		}
		fmt.Fprintf(&b, "('%s', %d, %d, '%s', (%s)), ", x.do, x.a, x.b, method, list)
	}
	return b.String()
}
