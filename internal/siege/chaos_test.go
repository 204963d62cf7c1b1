//go:build linux

package siege

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

//go:embed testdata/worker.py
var workerScript string

// An auditor hears what all workers say, and knows what each was about when it was killed.
type auditor struct {
	mu     sync.Mutex
	open   map[string][2]string // by worker: what it has begun, and with which item
	done   map[string]int       // how often something was done
	items  map[string]fate
	failed []string
}

// fate is what is known of an item.
type fate struct {
	putBegun, put, refused, got, bookBegun, booked bool
	times                                          int // got
}

func newAuditor() *auditor {
	return &auditor{open: map[string][2]string{}, done: map[string]int{}, items: map[string]fate{}}
}

// hear is called with all that one worker says, in its order.
func (a *auditor) hear(worker string, line []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(line) != 2 || line[0] == "failed" {
		a.failed = append(a.failed, fmt.Sprint(worker, ": ", readable(line)))
		return
	}
	what, item := line[0], line[1]
	f := a.items[item]
	switch what {
	case "put?":
		f.putBegun = true
	case "put+":
		f.put = true
	case "put-":
		f.refused = true
	case "get+":
		f.got = true
		f.times++
	case "book?":
		f.bookBegun = true
	case "book+":
		f.booked = true
	}
	if item != "-" {
		a.items[item] = f
	}
	if name, begun := strings.CutSuffix(what, "?"); begun {
		a.open[worker] = [2]string{name, item}
	} else {
		delete(a.open, worker)
		a.done[strings.TrimRight(what, "+-")]++
	}
}

// opened counts those that were killed when they had begun something.
func (a *auditor) opened(what string) (n int) {
	for _, o := range a.open {
		if o[0] == what {
			n++
		}
	}
	return n
}

// missing names something that workers do and that none has done yet; "" if there is nothing.
func (a *auditor) missing(pythons []*zygote) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, name := range []string{"put", "get", "book", "tally", "hits", "permit", "give", "take", "make", "keys"} {
		if a.done[name] == 0 {
			return name
		}
	}
	if a.done["meet"] == 0 && pythons[len(pythons)-1].Major > 2 { // there are no barriers before
		return "meet"
	}
	return ""
}

// TestChaos has workers of all Pythons do everything with the same objects, kills them at random, and looks at the books afterwards:
//
//   - An item whose put has returned was got by exactly one, or is still there, or was got by a client that was killed before it could say so: each takes one at most.
//   - An item whose put has not returned, as its client was killed, may be there. One that was refused is not.
//   - What was done under a lock was done by one at a time.
//   - Nobody waits in the server any more; locks are free, permits are all there; there are no more objects than those that killed clients had just made.
func TestChaos(t *testing.T) {
	s := build(t, manager.Config{Reclaim: true})
	c := s.citizen(t, "citizen")
	ids, fill := workplace(c)
	objects := c.objects()
	rng := dice(t, 1)
	audit := newAuditor()
	all := hatch(t)
	begin := func() *pyClient {
		z := all[rng.IntN(len(all))]
		var worker *pyClient
		var name string
		ready := make(chan struct{})
		worker = z.listen(t, s, func(line []string) { <-ready; audit.hear(name, line) }, workerScript, append(fill, "makes", "1", "seed", fmt.Sprint(rng.Uint32()))...)
		name = worker.tag
		close(ready)
		return worker
	}
	alive := make([]*pyClient, 6)
	for i := range alive {
		alive[i] = begin()
	}
	kills := map[string]int{}
	for end := time.Now().Add(lasting(*duration)); lasts(end, audit.missing(all) == ""); {
		time.Sleep(time.Duration(rng.IntN(int(30 * time.Millisecond))))
		i := rng.IntN(len(alive))
		way := ways[min(rng.IntN(4), 1)^1]
		kills[way]++
		alive[i].goes(way)
		alive[i] = begin()
	}
	for _, worker := range alive {
		worker.kill()
		kills[ways[0]]++
	}
	s.isQuiet(t, 1)
	if name := audit.missing(all); name != "" {
		t.Errorf("no %s: the test tested nothing", name)
	}
	audit.report(t, c, ids, kills, objects)
}

// workplace makes the objects of the workers, which are filled into their script.
func workplace(c *citizen) (ids map[string]string, fill []string) {
	c.t.Helper()
	ids = map[string]string{
		"queue": c.create("Queue", int64(20)), "book": c.create("list"), "rlock": c.create("RLock"), "tally": c.create("Value", "i", int64(0)), "lock": c.create("Lock"), "hits": c.create("Value", "i", int64(0)),
		"semaphore": c.create("Semaphore", int64(3)), "condition": c.create("Condition"), "namespace": c.create("Namespace"), "barrier": c.create("Barrier", int64(2)),
		"dict": c.create("dict", py.NewList(py.Tuple{int64(1), int64(2)})),
	}
	c.want(nil, ids["namespace"], "__setattr__", "tokens", int64(0))
	for _, name := range sortedKeys(ids) {
		fill = append(fill, name, ids[name])
	}
	return ids, fill
}

// report looks at everything after the last kill.
func (a *auditor) report(t *testing.T, c *citizen, ids map[string]string, kills map[string]int, objects int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, text := range a.failed {
		t.Error(text)
	}
	left := map[string]bool{}
	for c.call(ids["queue"], "qsize") != int64(0) {
		item := c.call(ids["queue"], "get").(string)
		if f := a.items[item]; left[item] || f.got || f.refused || !f.putBegun {
			t.Errorf("%s is in the queue: %+v", item, f)
		}
		left[item] = true
	}
	booked := map[string]bool{}
	for _, v := range c.call(ids["book"], "__getitem__", py.Slice{}).(*py.List).Items {
		item := v.(string)
		if f := a.items[item]; booked[item] || !f.bookBegun {
			t.Errorf("%s is in the list: %+v", item, f)
		}
		booked[item] = true
	}
	lost := 0
	for item, f := range a.items {
		switch {
		case f.times > 1 || f.got && (f.refused || !f.putBegun):
			t.Errorf("%s: %+v", item, f)
		case f.put && !f.got && !left[item]:
			lost++
		}
		if f.booked && !booked[item] {
			t.Errorf("%s was appended, and is not in the list", item)
		}
	}
	t.Logf("kills: %v", kills)
	for _, name := range sortedKeys(a.done) {
		t.Logf("%-8s %6d done, %3d clients killed in it", name, a.done[name], a.opened(name))
	}
	if in := a.opened("get"); lost > in {
		t.Errorf("%d items are lost, and only %d clients were killed in a get", lost, in)
	}
	t.Logf("%d items: %d are left, %d lost with the clients that had been given them", len(a.items), len(left), lost)
	a.within(t, c, "tally", ids["tally"])
	a.within(t, c, "hits", ids["hits"])
	tokens := int(c.call(ids["namespace"], "__getattribute__", "tokens").(int64))
	given, taken := a.done["give"], a.done["take"]
	if tokens < given-taken-a.opened("take") || tokens > given+a.opened("give")-taken {
		t.Errorf("%d tokens, with %d given and %d taken", tokens, given, taken)
	}
	for _, name := range []string{"rlock", "lock", "condition"} {
		isFree(&citizen{c.peer, t}, ids[name])
	}
	for range 3 {
		c.want(true, ids["semaphore"], "acquire", false)
	}
	c.want(false, ids["semaphore"], "acquire", false)
	if b := ids["barrier"]; c.call(b, "__getattribute__", "broken") == false {
		c.want(int64(0), b, "__getattribute__", "n_waiting")
	}
	if n := c.objects(); n < objects || n > objects+a.opened("make") {
		t.Errorf("%d objects, there were %d, and %d clients were killed when they were making one", n, objects, a.opened("make"))
	}
}

// within checks a number that each one raised by one.
func (a *auditor) within(t *testing.T, c *citizen, what, ident string) {
	t.Helper()
	if n := int(c.call(ident, "get").(int64)); n < a.done[what] || n > a.done[what]+a.opened(what) {
		t.Errorf("%s: %d, and it was raised %d times, and perhaps %d times more", what, n, a.done[what], a.opened(what))
	}
}
