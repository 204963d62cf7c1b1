//go:build linux

package linear

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/shm"
)

var (
	duration = flag.Duration("linear.duration", 500*time.Millisecond, "how long the rounds of each type go on")
	seed     = flag.Uint64("linear.seed", 0, "seed of calls and kills; 0: from the clock")
)

// watchdog is generous: it only turns a hang into a failure.
const watchdog = 2 * time.Minute

func TestMain(m *testing.M) { multiproctest.Main(m) }

// kind is a type under test. O are the objects of a round.
type kind[O any] struct {
	name   string
	work   *multiproc.Func[task[O], struct{}]
	calls  int      // that a client makes at most
	points []string // prefixes of the named points at which a worker may be killed
	fresh  func() (O, error)
	shut   func(O)
	probe  func(c *client, o O) error // looks at what is left when all workers have ended
	parts  func([]event) []part
	states func(O) string
}

// task is what a worker of a round is told.
type task[O any] struct {
	Objects O
	Log     *shm.RawArray[record] // a part for each client
	Control *shm.RawValue[control]
	Clients int
	Seed    uint64
	Pace    time.Duration
}

// register makes a worker's function of what one client does until there is no more to do.
func register[O any](name string, act func(c *client, o O) error) *multiproc.Func[task[O], struct{}] {
	return multiproc.Register("linear-"+name, func(ctx context.Context, t task[O]) (struct{}, error) {
		ctl := t.Control.Ptr()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for ctl.run.Load() == 0 {
			time.Sleep(20 * time.Microsecond)
		}
		go func() {
			for ctl.stop.Load() == 0 {
				time.Sleep(200 * time.Microsecond)
			}
			cancel()
		}()
		log := t.Log.Slice()
		size := len(log) / t.Clients
		failures := make(chan error, t.Clients)
		for i := range t.Clients {
			c := &client{ctx: ctx, rng: rand.New(rand.NewPCG(t.Seed, uint64(i))), ctl: ctl, log: log[i*size : (i+1)*size], alone: t.Clients == 1, pace: t.Pace}
			go func() { failures <- act(c, t.Objects) }()
		}
		var err error
		for range t.Clients {
			err = errors.Join(err, <-failures)
		}
		return struct{}{}, err
	})
}

// worker is one process of a round.
type worker struct {
	p       *multiproc.Process[struct{}]
	log     *shm.RawArray[record]
	clients int
	armed   bool // it may kill itself at a named point
	began   int64
	sent    int64        // when it was killed, 0 if it was not
	ended   atomic.Int64 // 0: its end is not known
	over    chan struct{}
}

// round is one history in the making.
type round[O any] struct {
	t       *testing.T
	k       *kind[O]
	rng     *rand.Rand
	control *shm.RawValue[control]
	objects O
	crowd   bool // several clients in a process
	workers []*worker
	mu      sync.Mutex
}

// totals of a run.
type totals struct{ rounds, ops, open, kills, selfKills, unknown int }

// run plays and checks rounds until the duration is over.
func run[O any](t *testing.T, k *kind[O]) {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", s)
	var sum totals
	begin := time.Now()
	more := func() bool { // until time is up, and most of the histories could be judged, if it takes no longer than the watchdog
		took := time.Since(begin)
		return sum.rounds == 0 || !t.Failed() && (took < *duration || sum.unknown > sum.rounds/2 && took < *duration+watchdog)
	}
	for ; more(); sum.rounds++ {
		r := &round[O]{t: t, k: k, rng: rand.New(rand.NewPCG(s, uint64(sum.rounds)))}
		events := r.play(&sum)
		hard := false
		for _, p := range k.parts(events) {
			switch p.check() {
			case porcupine.Illegal:
				p.show(t, k.name)
			case porcupine.Unknown:
				hard = true
			}
		}
		if hard {
			sum.unknown++
		}
	}
	t.Logf("%d histories, %d operations (%d cut off by a kill), %d kills and %d at named points, %d histories were too hard", sum.rounds, sum.ops, sum.open, sum.kills, sum.selfKills, sum.unknown)
	if sum.ops == 0 || sum.unknown > sum.rounds/2 {
		t.Error("hardly anything was checked: the test tested nothing")
	}
}

// play runs one round and returns its history.
func (r *round[O]) play(sum *totals) []event {
	t := r.t
	var err error
	if r.control, err = shm.NewRawValue(control{}); err != nil {
		t.Fatal(err)
	}
	defer r.control.Close()
	if r.objects, err = r.k.fresh(); err != nil {
		t.Fatal(err)
	}
	defer r.k.shut(r.objects)
	r.crowd = r.rng.IntN(3) == 0
	defer func() {
		for _, w := range r.workers {
			w.log.Close()
		}
	}()
	var starts sync.WaitGroup
	for range 3 + r.rng.IntN(2) {
		spec := r.spec()
		starts.Go(func() { r.start(spec) })
	}
	starts.Wait()
	ctl := r.control.Ptr()
	ctl.run.Store(1)
	r.kill(sum)
	time.Sleep(time.Duration(r.rng.Int64N(int64(3 * time.Millisecond))))
	ctl.stop.Store(1)
	deadline := time.After(watchdog)
	for _, w := range r.workers {
		select {
		case <-w.over:
		case <-deadline:
			t.Fatalf("%s: a worker waits for what does not come: %s", r.k.name, r.k.states(r.objects))
		}
	}
	for _, w := range r.workers {
		_, err := w.p.Wait(t.Context())
		var exit *multiproc.ExitError
		if err == nil || errors.As(err, &exit) && exit.SignalName == "SIGKILL" && (w.sent != 0 || w.armed) {
			if err != nil && w.sent == 0 {
				sum.selfKills++
			}
			continue
		}
		t.Fatalf("%s: a worker ended by itself: %v", r.k.name, err)
	}
	probe := &client{ctx: t.Context(), rng: r.rng, ctl: new(control), log: make([]record, 200), alone: true}
	if err := r.k.probe(probe, r.objects); err != nil {
		t.Fatalf("%s: after the last worker's end: %v: %s", r.k.name, err, r.k.states(r.objects))
	}
	return r.history(probe, sum)
}

// spec is how a worker of the round will be.
type spec struct {
	clients int
	seed    uint64
	pace    time.Duration
	point   string // where it kills itself, "" for nowhere
	nth     int
}

func (r *round[O]) spec() spec {
	s := spec{clients: 1, seed: r.rng.Uint64(), pace: []time.Duration{0, 2 * time.Microsecond, 20 * time.Microsecond, 200 * time.Microsecond}[r.rng.IntN(4)]}
	if r.crowd {
		s.clients = 2
	}
	if r.rng.IntN(6) == 0 {
		var points []string
		for _, p := range multiproctest.Points() {
			for _, prefix := range r.k.points {
				if strings.HasPrefix(p, prefix) {
					points = append(points, p)
				}
			}
		}
		if len(points) > 0 {
			s.point, s.nth = points[r.rng.IntN(len(points))], 1+r.rng.IntN(4)
		}
	}
	return s
}

// start starts a worker. It may be called from several goroutines.
func (r *round[O]) start(s spec) {
	w := &worker{began: sys.Monotonic(), clients: s.clients, armed: s.point != "", over: make(chan struct{})}
	var err error
	if w.log, err = shm.NewRawArray[record](s.clients * r.k.calls); err != nil {
		r.t.Error(err)
		return
	}
	opts := []multiproc.Option{multiproc.WithStartTimeout(watchdog)}
	if w.armed {
		opts = append(opts, multiproctest.KillAt(s.point, s.nth))
	}
	w.p, err = r.k.work.Start(r.t.Context(), task[O]{r.objects, w.log, r.control, s.clients, s.seed, s.pace}, opts...)
	if err != nil {
		if !w.armed { // it may have come to its point before it was there
			r.t.Error(err)
		}
		w.log.Close()
		return
	}
	go func() {
		<-w.p.Done()
		w.ended.Store(sys.Monotonic())
		close(w.over)
	}()
	r.mu.Lock()
	r.workers = append(r.workers, w)
	r.mu.Unlock()
}

// kill kills some workers at random moments, and replaces some of them.
func (r *round[O]) kill(sum *totals) {
	for range r.rng.IntN(4) {
		window := []time.Duration{50 * time.Microsecond, 300 * time.Microsecond, 3 * time.Millisecond}[r.rng.IntN(3)]
		for end := sys.Monotonic() + r.rng.Int64N(int64(window)); sys.Monotonic() < end; {
			time.Sleep(time.Microsecond)
		}
		if len(r.workers) == 0 {
			return
		}
		w := r.workers[r.rng.IntN(len(r.workers))]
		if w.sent != 0 || w.ended.Load() != 0 {
			continue
		}
		now := sys.Monotonic()
		if err := w.p.Kill(); err != nil {
			continue // it has just ended by itself
		}
		w.sent = now
		sum.kills++
		if r.rng.IntN(2) == 0 {
			r.start(r.spec())
		}
	}
}

// history is what the records tell.
func (r *round[O]) history(probe *client, sum *totals) []event {
	pids := map[int64]int64{}
	var events []event
	clients := 0
	read := func(proc int, log []record) (alive int64) {
		clients++
		for i := range log {
			rec := &log[i]
			e := event{call: call{Op: op(rec.op), Proc: proc, Client: clients, Key: int(rec.key), In: rec.in}, from: rec.call.Load(), to: rec.ret.Load()}
			if e.from == 0 {
				break
			}
			if alive = max(alive, e.from, e.to); e.to == 0 {
				e.Open = true
				sum.open++
			} else {
				e.result = result{Verdict: verdict(rec.verdict), Out: rec.out}
			}
			events = append(events, e)
		}
		return alive
	}
	for i, w := range r.workers {
		proc := i + 1
		pids[int64(w.p.PID())] = int64(proc)
		alive := int64(0)
		if code, _ := w.p.ExitCode(); code == -int(syscall.SIGKILL) && !w.armed {
			alive = w.sent // else it may have been over already
		}
		log := w.log.Slice()
		for c := range w.clients {
			size := len(log) / w.clients
			alive = max(alive, read(proc, log[c*size:(c+1)*size]))
		}
		events = append(events, event{call: call{Op: opDeath, Proc: proc, Key: -1}, from: cmp.Or(alive, w.began), to: w.ended.Load()})
	}
	read(0, probe.log[:probe.n])
	sum.ops += len(events)
	for i := range events {
		events[i].result = r.named(events[i].result, events[i].Op, pids)
	}
	return settle(events)
}

// someone stands for a process of which nothing is known but that there was one.
const someone = -1

// named turns the pid that a result names into the number of its process in the history.
func (r *round[O]) named(out result, o op, pids map[int64]int64) result {
	names := out.Verdict == poisoned || out.Verdict == did && (o == opLock || o == opTry || o == opAcquire)
	if !names || out.Open || out.Out[0] == 0 || out.Out[0] == someone {
		return out
	}
	proc, ok := pids[out.Out[0]]
	if !ok {
		r.t.Errorf("%s: a call names the dead process %d, which is not one of the round", r.k.name, out.Out[0])
	}
	out.Out[0] = proc
	return out
}

// unexpected is what a worker returns for an error that its call can't have.
func unexpected(o op, err error) error { return fmt.Errorf("%v: %w", o, err) }
