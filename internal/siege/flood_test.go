//go:build linux

package siege

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// TestBeyondConnections: who comes when all places are taken is told so, or closed without a word, and those who are there notice nothing.
func TestBeyondConnections(t *testing.T) {
	const places = 20
	s := build(t, manager.Config{Limits: manager.Limits{Connections: places}})
	isTold := func(err error) bool {
		return strings.HasSuffix(reason(err), fmt.Sprintf("MemoryError: the server has %d connections, which is its limit\n", places))
	}
	s.assault(t, func(h *honest) {
		eventually(t, "there is the honest client alone", func() bool { return s.crowd() == 1 })
		var all sync.WaitGroup
		var served, told, closed atomic.Int64
		leave := make(chan struct{})
		for range 10 * places {
			all.Go(func() {
				p := newPeer(s, "one of many")
				switch err := p.connect(); {
				case err == nil:
					served.Add(1)
				case isTold(err):
					told.Add(1)
				default:
					closed.Add(1)
				}
				<-leave
				p.close()
			})
		}
		eventually(t, "all know", func() bool { return served.Load()+told.Load()+closed.Load() == 10*places })
		h.goesOn(t)
		if n := served.Load(); n != places-1 { // one is the honest client
			t.Errorf("%d were served, expected %d", n, places-1)
		}
		// The server does not wait for long for who has no place: on a busy machine it may be another one who is told.
		eventually(t, "somebody is told", func() bool {
			p := newPeer(s, "one more")
			defer p.close()
			return told.Load() > 0 || isTold(p.connect())
		})
		close(leave)
		all.Wait()
		eventually(t, "there is room again", func() bool { return s.crowd() == 1 })
		if _, err := h.server("dummy"); err != nil {
			t.Error(err)
		}
	})
}

// TestBeyondObjects: clients create as many objects as they may. Who has some already can use them; with the last reference of others there is room again.
func TestBeyondObjects(t *testing.T) {
	const places = 1000
	s := build(t, manager.Config{Limits: manager.Limits{Objects: places}})
	s.assault(t, func(h *honest) {
		var all sync.WaitGroup
		made := make(chan string, places)
		for range 4 {
			all.Go(func() {
				p := newPeer(s, "greedy")
				for {
					v, err := p.server("create", "list")
					if err != nil {
						if want := fmt.Sprintf("MemoryError: the server has %d objects, which is its limit\n", places); !strings.HasSuffix(reason(err), want) {
							t.Errorf("%v, expected %s", err, want)
						}
						return
					}
					made <- v.(py.Tuple)[0].(string)
				}
			})
		}
		all.Wait()
		h.goesOn(t)
		close(made)
		for range 4 {
			all.Go(func() {
				p := newPeer(s, "greedy")
				for ident := range made {
					if _, err := p.server("decref", ident); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if _, err := h.server("decref", h.create("list")); err != nil {
			t.Error(err)
		}
	})
}

// pipelined is a client that sends requests without waiting for answers.
func pipelined(t *testing.T, s *town, name string) (*peer, func(py.Value) error) {
	t.Helper()
	p := newPeer(s, name)
	if err := p.connect(); err != nil {
		t.Fatal(err)
	}
	return p, func(r py.Value) error {
		_ = p.conn.SetSendDeadline(time.Now().Add(watchdog))
		return p.conn.SendBytes(context.Background(), encode(t, r))
	}
}

// TestManyPending: a client that sends thousands of requests before it reads an answer gets all answers, in order; one that leaves instead of reading takes nothing with it.
func TestManyPending(t *testing.T) {
	s := build(t, townConfig)
	s.assault(t, func(h *honest) {
		const requests = 20_000
		list, queue := h.create("list"), h.create("Queue")
		reader, send := pipelined(t, s, "pipelined")
		sent := make(chan error, 1)
		go func() {
			err := send(request(queue, "get"))
			for i := 0; i < requests && err == nil; i++ {
				err = send(request(list, "append", int64(i)))
			}
			sent <- err
		}()
		eventually(t, "the first call waits", func() bool { return s.waiting(queue) == 1 })
		h.goesOn(t)
		put := newPeer(s, "helper")
		defer put.close()
		if _, err := put.try(queue, "put", "go on"); err != nil {
			t.Error(err)
		}
		if v, err := answer(reader.conn); v != "go on" || err != nil {
			t.Errorf("the first answer is %v, %v", v, err)
		}
		for i := range requests {
			if v, err := answer(reader.conn); v != nil || err != nil {
				t.Fatalf("answer %d is %v, %v", i, v, err)
			}
		}
		for _, i := range []int64{0, requests / 2, requests - 1} {
			if v, err := put.try(list, "__getitem__", i); v != i || err != nil {
				t.Errorf("item %d is %v, %v", i, v, err)
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
		reader.close()
		for _, ident := range []string{list, queue} {
			_, _ = h.server("decref", ident)
		}
	})
}

// TestLeavesBehindRequests: a client that has sent more requests behind a call that waits than the server reads ahead, and goes, is noticed nevertheless: else it would take a place for ever, and could be given an item.
func TestLeavesBehindRequests(t *testing.T) {
	s := build(t, manager.Config{Limits: manager.Limits{Pending: 8}})
	s.assault(t, func(h *honest) {
		queue := h.create("Queue")
		for range 20 {
			p, send := pipelined(t, s, "leaver")
			if err := send(request(queue, "get")); err != nil {
				t.Fatal(err)
			}
			for range 100 {
				if err := send(request(queue, "qsize")); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "it waits", func() bool { return s.waiting(queue) > 0 })
			p.close()
		}
		eventually(t, "nobody waits any more", func() bool { return s.waiting(queue) == 0 })
		if _, err := h.server("decref", queue); err != nil {
			t.Error(err)
		}
	})
}

// TestErrorsForever: clients that make nothing but errors.
func TestErrorsForever(t *testing.T) {
	s := build(t, townConfig)
	s.assault(t, func(h *honest) {
		list := h.create("list", py.NewList(py.NewList(), py.NewList()))
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				p := newPeer(s, "wrong")
				defer p.close()
				for i := range 400 {
					why := ""
					switch i % 5 {
					case 0:
						why = p.fails(list, "nothing")
					case 1:
						why = p.fails("nothing", "append")
					case 2:
						why = p.fails(list, "__getitem__", py.NewList(int64(1)))
					case 3:
						why = p.fails(list, "sort", int64(1))
					default:
						_, err := p.server("create", "nothing", int64(i))
						why = reason(err)
					}
					if why == "" || strings.HasPrefix(why, "broken") {
						t.Errorf("%d: %q", i, why)
					}
				}
			})
		}
		all.Wait()
		_, _ = h.server("decref", list)
	})
}
