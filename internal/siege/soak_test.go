//go:build linux

package siege

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// politeScript makes objects of all kinds, uses them, and leaves.
const politeScript = `
for i in range({rounds}):
    l, d, q, ns, v, a = m.list([1]), m.dict({1: 2}), m.Queue(), m.Namespace(x=1), m.Value('i', 1), m.Array('i', [1, 2])
    l.append(d)
    q.put(l)
    d['q'] = 1
    with m.RLock(), m.Lock(), m.Semaphore(2), m.Condition():
        v.value += 1
        assert a[1] == 2 and ns.x == 1
    for k in d.keys():
        d.pop(k)
    del l, d, q, ns, v, a
`

// A mob is what goes on during a soak.
type mob struct {
	t       *testing.T
	s       *town
	c       *citizen
	ids     map[string]string
	fill    []string
	zygotes []*zygote

	kills, pythons, gophers, attacks atomic.Int64
	failures                         chan string
}

func (m *mob) failed(format string, args ...any) {
	select {
	case m.failures <- fmt.Sprintf(format, args...):
	default: // there are enough
	}
}

// slaughter starts workers, and kills each some time later. They make no objects of their own: references of the killed stay, as with Python's server.
func (m *mob) slaughter(ctx context.Context, rng *rand.Rand) {
	for ctx.Err() == nil {
		tell := func(line []string) {
			if line[0] == "failed" {
				m.failed("a worker: %v", readable(line))
			}
		}
		z := m.zygotes[rng.IntN(len(m.zygotes))]
		p := z.listen(m.t, m.s, tell, workerScript, append(slices.Clone(m.fill), "makes", "0", "seed", fmt.Sprint(rng.Uint32()))...)
		m.pythons.Add(1)
		rest(ctx, time.Duration(rng.IntN(int(300*time.Millisecond))))
		p.goes(ways[min(rng.IntN(4), 1)^1])
		m.kills.Add(1)
	}
}

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// polite starts clients that come, work, and leave.
func (m *mob) polite(ctx context.Context, rng *rand.Rand) {
	for ctx.Err() == nil {
		m.zygotes[rng.IntN(len(m.zygotes))].run(m.t, m.s, politeScript, "rounds", fmt.Sprint(1+rng.IntN(5))).finish()
		m.pythons.Add(1)
	}
}

// gopher are Go clients, some of whose contexts end in the midst of a call.
func (m *mob) gopher(ctx context.Context, rng *rand.Rand) {
	for ctx.Err() == nil {
		if err := m.dig(rng); err != nil {
			m.failed("a Go client: %v", err)
		}
		m.gophers.Add(1)
	}
}

func (m *mob) dig(rng *rand.Rand) error {
	ctx, cancel := context.WithTimeout(context.Background(), watchdog)
	defer cancel()
	client, err := manager.Dial(ctx, "unix", m.s.address, keyed)
	if err != nil {
		return err
	}
	defer client.Close()
	list, err := client.Create(ctx, "list")
	if err != nil {
		return err
	}
	for i := range 20 {
		if _, err := list.Call(ctx, "append", strings.Repeat("x", rng.IntN(1000))); err != nil {
			return err
		}
		if n, err := manager.As[int](list.Call(ctx, "__len__")); err != nil || n != i+1 {
			return fmt.Errorf("%d items, %v; expected %d", n, err, i+1)
		}
	}
	queue, err := client.Create(ctx, "Queue")
	if err != nil {
		return err
	}
	short, stop := context.WithTimeout(ctx, time.Duration(rng.IntN(2000))*time.Microsecond)
	defer stop()
	if _, err := queue.Call(short, "get"); err == nil {
		return fmt.Errorf("an empty queue has given something")
	}
	return nil
}

// hostile attacks in all kinds of ways, one after the other.
func (m *mob) hostile(ctx context.Context, rng *rand.Rand) {
	all := bombs()
	for ctx.Err() == nil {
		switch rng.IntN(4) {
		case 0:
			if nc, err := m.s.raw(); err == nil {
				x := &stranger{nc, atOnce}
				for _, step := range steps[:1+rng.IntN(len(steps))] {
					if step.do(x) != nil {
						break
					}
				}
				_ = x.write(x, rubbish[rng.IntN(len(rubbish))].make(rng))
				_ = nc.(*net.UnixConn).CloseWrite()
				_, _ = io.Copy(io.Discard, nc)
				_ = nc.Close()
			}
		case 1:
			m.explode(&all[1+rng.IntN(len(all)-1)]) // but for the first, which takes a second
		default:
			m.greedy(ctx, rng.IntN(200), rng)
		}
		m.attacks.Add(1)
		rest(ctx, time.Duration(rng.IntN(int(20*time.Millisecond))))
	}
}

// greedy sends so many requests, reads few answers, and leaves.
func (m *mob) greedy(ctx context.Context, requests int, rng *rand.Rand) {
	p := newPeer(m.s, "hostile")
	defer p.close()
	if p.connect() != nil {
		return
	}
	for range requests {
		if p.conn.SendBytes(ctx, encode(m.t, request(m.ids["book"], "__getitem__", sliceOfAll))) != nil {
			return
		}
		if rng.IntN(20) == 0 {
			_, _ = p.conn.RecvBytes(ctx)
		}
	}
}

func (m *mob) explode(b *bomb) {
	p := newPeer(m.s, b.name)
	defer p.close()
	v, err := p.server("create", append([]py.Value{b.typeid}, b.args...)...)
	if err != nil {
		return
	}
	ident := v.(py.Tuple)[0].(string)
	for _, call := range b.calls {
		if call.method != "__repr__" && p.fails(ident, call.method, call.args...) == "" && call.method == "acquire" {
			_ = p.fails(ident, "release")
		}
	}
	if _, err := p.server("decref", ident); err != nil {
		m.failed("%s: %v", b.name, err)
	}
}

// sample is what is looked at during a soak.
type sample struct {
	figures
	rss int64
}

func rss() int64 {
	data, _ := os.ReadFile("/proc/self/statm")
	var total, resident int64
	_, _ = fmt.Sscan(string(data), &total, &resident)
	return resident * int64(os.Getpagesize())
}

// of is the median of one number of some samples.
func of(samples []sample, number func(sample) int64) int64 {
	var all []int64
	for _, s := range samples {
		all = append(all, number(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// soaked are the numbers that must not grow: by how much the last third of the samples may have more than the first.
var soaked = []struct {
	name  string
	unit  int64
	slack int64
	of    func(sample) int64
}{
	{"heap, KiB", 1 << 10, heapSlack, func(s sample) int64 { return s.heap }},
	{"RSS, KiB", 1 << 10, 48 << 20, func(s sample) int64 { return s.rss }},
	{"descriptors", 1, 40, func(s sample) int64 { return int64(s.fds) }},
	{"goroutines", 1, 80, func(s sample) int64 { return int64(s.goroutines) }},
	{"objects", 1, 60, func(s sample) int64 { return int64(s.objects) }},
}

// fewest is how many samples there have to be.
const fewest = 9

// TestSoak: clients of all kinds come and go for as long as -siege.soak says, killed and hostile ones among them, and what the server has stays what it was.
func TestSoak(t *testing.T) {
	s := build(t, manager.Config{Reclaim: true, Limits: manager.Limits{Bytes: heapBytes() + 512<<20, Unread: 64 << 20}})
	m := &mob{t: t, s: s, c: s.citizen(t, "citizen"), zygotes: hatch(t), failures: make(chan string, 10)}
	m.ids, m.fill = workplace(m.c)
	before := s.figures()
	rng := dice(t, 5)
	// What an attack needs at most is taken once, so that it makes no difference when the first one comes.
	for _, b := range bombs()[1:] {
		m.explode(&b)
	}
	m.c.want(nil, m.ids["book"], "extend", py.NewList(make([]py.Value, 2000)...))
	m.greedy(t.Context(), 200, rng)
	m.c.want(nil, m.ids["book"], "__delitem__", sliceOfAll)
	whole := lasting(*soak)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for _, life := range []func(context.Context, *rand.Rand){m.slaughter, m.slaughter, m.slaughter, m.polite, m.gopher, m.gopher, m.hostile} {
		mine := rand.New(rand.NewPCG(rng.Uint64(), 1))
		all.Go(func() { life(ctx, mine) })
	}
	var samples []sample
	enough := func() bool {
		return len(samples) >= fewest && m.kills.Load() > 0 && m.gophers.Load() > 0 && m.attacks.Load() > 0
	}
	for end := time.Now().Add(whole); lasts(end, enough()); {
		if m.c.call(m.ids["book"], "__len__").(int64) > 2000 {
			m.c.want(nil, m.ids["book"], "__delitem__", sliceOfAll)
		}
		samples = append(samples, sample{s.figures(), rss()})
		rest(ctx, max(whole/60, 20*time.Millisecond))
	}
	cancel()
	all.Wait()
	close(m.failures)
	for text := range m.failures {
		t.Error(text)
	}
	m.report(samples, before, whole)
}

func (m *mob) report(samples []sample, before figures, whole time.Duration) {
	t, st := m.t, m.s.Stats()
	if len(samples) < fewest {
		t.Fatalf("%d samples are too few", len(samples))
	}
	third := len(samples) / 3
	line := fmt.Sprintf("| %v | %d requests | %d clients: %d Python processes, %d in Go, %d attacks; %d connections | %d kills |", whole, st.Returned+st.Raised+st.Failed,
		m.pythons.Load()+m.gophers.Load()+m.attacks.Load(), m.pythons.Load(), m.gophers.Load(), m.attacks.Load(), st.ConnectionsEver, m.kills.Load())
	for _, x := range soaked {
		first, last := of(samples[:third], x.of), of(samples[len(samples)-third:], x.of)
		line += fmt.Sprintf(" %s %d, %d |", x.name, first/x.unit, last/x.unit)
		if last > first+first/4+x.slack {
			t.Errorf("%s: %d in the first third, %d in the last", x.name, first/x.unit, last/x.unit)
		}
	}
	t.Log(line)
	if m.kills.Load() == 0 || m.gophers.Load() == 0 || m.attacks.Load() == 0 {
		t.Error("the test tested nothing")
	}
	m.s.isQuiet(t, 1)
	for m.c.call(m.ids["queue"], "qsize") != int64(0) {
		m.c.call(m.ids["queue"], "get")
	}
	m.c.want(nil, m.ids["book"], "__delitem__", sliceOfAll)
	last := ""
	eventually(t, "everything is as before", func() bool { last = m.s.figures().over(before); return last == "" })
	if last != "" {
		t.Error(last)
	}
	for _, name := range []string{"rlock", "lock", "condition"} {
		isFree(m.c, m.ids[name])
	}
}
