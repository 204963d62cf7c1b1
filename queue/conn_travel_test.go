//go:build linux

package queue_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
)

func TestPipeEndTravels(t *testing.T) {
	for name, carry := range map[string]func(t *testing.T, end *queue.Conn[int]) (take func()){
		"in a pipe": func(t *testing.T, end *queue.Conn[int]) func() {
			c, d := newPipe[letter](t)
			p := testproc.Start(t)
			send(t, c, letter{N: 5, End: end})
			return func() { p.Must("letters.recv", encoded(t, d)) }
		},
		"in a queue": func(t *testing.T, end *queue.Conn[int]) func() {
			q, err := queue.New[letter](3)
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Put(within(t), letter{N: 5, End: end}); err != nil {
				t.Fatal(err)
			}
			return func() {
				l, err := q.Get(within(t))
				if err != nil {
					t.Fatal(err)
				}
				q.Detach()
				send(t, l.End, 5)
				l.End.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newPipe[int](t)
			take := carry(t, b)
			b.Close()
			waits := sleeping(t, func() error { v, err := a.Recv(within(t)); return errors.Join(err, is(v == 5)) })
			collect()
			polled(t, a, 0, false)
			send(t, a, 1) // there is one who could receive
			take()
			if err := waits(); err != nil {
				t.Errorf("while the end is on its way: %v", err)
			}
		})
	}
	t.Run("from a child that is dead", func(t *testing.T) {
		c, d := newPipe[letter](t)
		q := testproc.Start(t)
		q.Must("letters.send", encoded(t, d), 9)
		q.Bury()
		l, err := c.Recv(within(t))
		if err != nil {
			t.Fatal(err)
		}
		receive(t, l.End, 9)
		over(t, l.End)
		l.End.Close()
	})
}

// TestPipeEndLost: an end is in an item that nobody will ever receive. It is gone then.
func TestPipeEndLost(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, end *queue.Conn[int]) (lost func()){
		"in a pipe of which both ends are closed": func(t *testing.T, end *queue.Conn[int]) func() {
			c, d := newPipe[letter](t)
			send(t, c, letter{End: end})
			return func() { c.Close(); d.Close() }
		},
		"in a pipe whose receiver is closed": func(t *testing.T, end *queue.Conn[int]) func() {
			c, d := newPipe[letter](t)
			send(t, c, letter{End: end})
			return func() { d.Close() }
		},
		"in a pipe whose receiver is killed": func(t *testing.T, end *queue.Conn[int]) func() {
			c, d := newPipe[letter](t)
			send(t, c, letter{End: end})
			p := testproc.Start(t)
			p.Must("letters.take", encoded(t, d))
			d.Close()
			return p.Bury
		},
		"in a queue that is gone": func(t *testing.T, end *queue.Conn[int]) func() {
			q, err := queue.New[letter](3)
			if err != nil {
				t.Fatal(err)
			}
			if err := q.Put(within(t), letter{End: end}); err != nil {
				t.Fatal(err)
			}
			return func() { q.Detach() }
		},
		"in a large item": func(t *testing.T, end *queue.Conn[int]) func() {
			c, d := newPipe[letter](t)
			send(t, c, letter{End: end, Text: strings.Repeat("long", 50_000)})
			return func() { d.Close() }
		},
		"in a pipe in a pipe": func(t *testing.T, end *queue.Conn[int]) func() {
			flat(t)
			c, d := newPipe[letter](t)
			type envelope struct{ End *queue.Conn[letter] }
			e, f := newPipe[envelope](t)
			send(t, c, letter{End: end})
			send(t, e, envelope{End: d})
			d.Close()
			return func() { f.Close() }
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newPipe[int](t, queue.WithMemory(1))
			lost := lose(t, b)
			b.Close()
			n := fill(t, a)
			waits := sleeping(t, func() error { _, err := a.Recv(within(t)); return err })
			blocked := sleeping(t, func() error { return a.Send(within(t), n) })
			lost()
			if err := waits(); err != io.EOF {
				t.Errorf("the waiting Recv: %v", err)
			}
			if err := blocked(); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("the blocked Send: %v", err)
			}
			if err := a.Send(within(t), n); !errors.Is(err, queue.ErrNoPeer) {
				t.Errorf("a later Send: %v", err)
			}
		})
	}
}
