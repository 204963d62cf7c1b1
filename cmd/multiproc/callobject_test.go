package main

import (
	"context"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// maker has methods whose results are objects.
type maker struct{ server *manager.Server }

func (m *maker) List(n int) (*manager.Object, error) { return m.server.New("list", make([]int, n)) }

func (m *maker) Lock() (*manager.Object, error) { return m.server.New("Lock") }

// A result that is an object is gone with the command, so its value is what to print; that of an object which others have is the same.
func TestCallForObject(t *testing.T) {
	withKey(t, testKey)
	s, err := manager.NewServer(manager.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Register("Maker", func() *maker { return &maker{s} }); err != nil {
		t.Fatal(err)
	}
	l, err := connection.Listen("tcp", "127.0.0.1:0", connection.Config{Key: []byte(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(context.Background(), l) }()
	t.Cleanup(func() { s.Close() })
	address := l.Addr().String()
	for _, tc := range []callCase{
		{args: []string{"call", address, "Maker", "list", "3"}, stdout: "[0, 0, 0]\n"},
		{args: []string{"call", "--json", address, "Maker", "list", "2"}, stdout: "[0,0]\n"},
		{args: []string{"call", "--json", address, "Maker", "lock"}, stderr: "which has no value", code: 1},
	} {
		run1(t, tc)
	}
	if stdout, stderr, code := command(t, "call", address, "Maker", "lock"); code != 0 || !strings.HasPrefix(stdout, "<unlocked _thread.lock object at ") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout, stderr)
	}
	c, err := manager.Dial(t.Context(), "", address, connection.Config{Key: []byte(testKey)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	inner, err := c.Create(t.Context(), "list", py.NewList(int64(7)))
	if err != nil {
		t.Fatal(err)
	}
	outer, err := c.Create(t.Context(), "list", []any{inner})
	if err != nil {
		t.Fatal(err)
	}
	run1(t, callCase{args: []string{"call", address, outer.Ident(), "__getitem__", "0"}, stdout: "[7]\n"})
}
