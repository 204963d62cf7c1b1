package object

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
	"pgregory.net/rapid"
)

// A stage has some actors, each of whom makes one call at a time, and a model that says which of these have to wait. After every step everything comes to rest: the calls that
// the model lets return have returned with the model's outcome, and all others wait in the model's order.
type stage struct {
	t       *rapid.T
	actors  []*actor
	pending []chan string // nil: the actor makes no call
	done    map[int]string
	settled func() string // what still differs from the model
}

func newStage(t *rapid.T, n int) *stage {
	return &stage{t: t, actors: newActors(n), pending: make([]chan string, n), done: map[int]string{}}
}

// one draws an actor who makes no call, or one who does. ok is false if there is none.
func (s *stage) one(busy bool) (i int, ok bool) {
	var of []int
	for i, p := range s.pending {
		if (p != nil) == busy {
			of = append(of, i)
		}
	}
	if len(of) == 0 {
		return 0, false
	}
	return rapid.SampledFrom(of).Draw(s.t, "actor"), true
}

func (s *stage) start(i int, o Object, method string, args ...py.Value) {
	a, out := s.actors[i], make(chan string, 1)
	s.pending[i] = out
	go func() { out <- outcomeOf(a.call(o, method, args...)) }()
}

// finish is the model's: the actor's call returns.
func (s *stage) finish(i int, outcome string) { s.done[i] = outcome }

// rest waits until all is as the model says.
func (s *stage) rest() {
	for i, want := range s.done {
		select {
		case got := <-s.pending[i]:
			if got != want {
				s.t.Fatalf("actor %d got %s, want %s", i, got, want)
			}
		case <-time.After(patience):
			s.t.Fatalf("actor %d should have got %s", i, want)
		}
		s.pending[i] = nil
	}
	clear(s.done)
	differs := s.settled()
	for end := time.Now().Add(patience); differs != ""; differs = s.settled() {
		if runtime.Gosched(); time.Now().After(end) {
			s.t.Fatalf("%s", differs)
		}
	}
	for i, p := range s.pending {
		select {
		case got := <-p:
			s.t.Fatalf("actor %d got %s, and should wait", i, got)
		default:
		}
	}
}

// vanish ends an actor, and puts another one in his place.
func (s *stage) vanish(i int) {
	s.actors[i].vanish()
	if s.pending[i] != nil {
		if got := <-s.pending[i]; got != goneText {
			s.t.Fatalf("actor %d vanished and got %s", i, got)
		}
		s.pending[i] = nil
	}
	s.actors[i].Gone()
	s.actors[i] = newActor(fmt.Sprint("actor ", i))
}

// names are the actors of a list, by their numbers.
func names(is []int) []string {
	out := []string{}
	for _, i := range is {
		out = append(out, fmt.Sprint("actor ", i))
	}
	return out
}

func differ(what string, got, want any) string {
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		return fmt.Sprintf("%s: %s, want %s", what, g, w)
	}
	return ""
}

func (l *waitList) names() []string {
	out := []string{}
	for w := range l.all {
		out = append(out, w.caller.Name)
	}
	return out
}

// queueModel is a Queue: who waits, and what is in it.
type queueModel struct {
	*stage
	o          *queue
	items      []int64
	getters    []int
	putters    []int
	joiners    []int
	brings     map[int]int64
	unfinished int
	shut       bool
	next       int64
}

func (m *queueModel) full() bool { return m.o.max > 0 && len(m.items) >= int(m.o.max) }

func (m *queueModel) store(id int64) {
	m.unfinished++
	if len(m.getters) > 0 {
		m.finish(m.getters[0], fmt.Sprint(id))
		m.getters = m.getters[1:]
		return
	}
	m.items = append(m.items, id)
}

func (m *queueModel) finished(n int) {
	if m.unfinished = max(m.unfinished-n, 0); m.unfinished == 0 {
		for _, i := range m.joiners {
			m.finish(i, "None")
		}
		m.joiners = nil
	}
}

func (m *queueModel) put(block bool) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.next++
	m.start(i, m.o, "put", m.next, block)
	switch {
	case m.shut:
		m.finish(i, textShutOff)
	case !m.full():
		m.finish(i, "None")
		m.store(m.next)
	case block:
		m.putters, m.brings[i] = append(m.putters, i), m.next
	default:
		m.finish(i, textFull)
	}
	m.rest()
}

func (m *queueModel) get(block bool) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.start(i, m.o, "get", block)
	switch {
	case len(m.items) > 0:
		m.finish(i, fmt.Sprint(m.items[0]))
		if m.items = m.items[1:]; len(m.putters) > 0 {
			m.finish(m.putters[0], "None")
			m.store(m.brings[m.putters[0]])
			m.putters = m.putters[1:]
		}
	case m.shut:
		m.finish(i, textShutOff)
	case block:
		m.getters = append(m.getters, i)
	default:
		m.finish(i, textEmpty)
	}
	m.rest()
}

func (m *queueModel) other(method string, args ...py.Value) {
	i, ok := m.one(false)
	if !ok {
		return
	}
	m.start(i, m.o, method, args...)
	switch method {
	case "join":
		if m.joiners = append(m.joiners, i); m.unfinished == 0 {
			m.finished(0)
		}
	case "task_done":
		if m.unfinished == 0 {
			m.finish(i, "ValueError: task_done() called too many times")
			break
		}
		m.finish(i, "None")
		m.finished(1)
	case "shutdown":
		m.finish(i, "None")
		m.shut = true
		if args[0] == true {
			m.finished(len(m.items))
			m.items = nil
		}
		for _, i := range append(m.getters, m.putters...) {
			m.finish(i, textShutOff)
		}
		m.getters, m.putters = nil, nil
	}
	m.rest()
}

func (m *queueModel) settledQueue() string {
	q := m.o
	q.mu.Lock()
	defer q.mu.Unlock()
	items := []int64{}
	for _, x := range slices.Backward(q.items.back) {
		items = append(items, x.v.(int64))
	}
	for i := range q.items.n {
		items = append(items, (*q.items.at(i)).(int64))
	}
	return differ("queue", []any{items, q.getters.names(), q.putters.names(), q.joiners.names(), q.unfinished},
		[]any{slices.Concat([]int64{}, m.items), names(m.getters), names(m.putters), names(m.joiners), m.unfinished})
}

func without(is []int, i int) []int {
	return slices.DeleteFunc(slices.Clone(is), func(j int) bool { return i == j })
}

func TestQueueModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &queueModel{stage: newStage(t, 5), brings: map[int]int64{}}
		o, err := QueueType.New(&Call{Args: py.Tuple{rapid.Int64Range(0, 2).Draw(t, "maxsize")}})
		if err != nil {
			t.Fatal(err)
		}
		m.o, m.settled = o.(*queue), m.settledQueue
		t.Repeat(map[string]func(*rapid.T){
			"put":        func(*rapid.T) { m.put(true) },
			"put more":   func(*rapid.T) { m.put(true) },
			"put_nowait": func(*rapid.T) { m.put(false) },
			"get":        func(*rapid.T) { m.get(true) },
			"get more":   func(*rapid.T) { m.get(true) },
			"get_nowait": func(*rapid.T) { m.get(false) },
			"join":       func(*rapid.T) { m.other("join") },
			"task_done":  func(*rapid.T) { m.other("task_done") },
			"shutdown": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") == 0 {
					m.other("shutdown", rapid.Bool().Draw(t, "immediate"))
				}
			},
			"vanish": func(*rapid.T) {
				if i, ok := m.one(true); ok {
					m.vanish(i)
					m.getters, m.putters, m.joiners = without(m.getters, i), without(m.putters, i), without(m.joiners, i)
					m.rest()
				}
			},
		})
	})
}
