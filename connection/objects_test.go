package connection_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// forPython is the Config for a Python, which is Python 2's protocol where it needs that.
func forPython(p pythons.Python) connection.Config {
	c := keyed
	if !p.AtLeast(3, 4) {
		c.Pickle.Protocol = p.Protocol()
	}
	return c
}

// TestPythonObjects: what a Python sends comes back as it was, and so does what Go sends.
func TestPythonObjects(t *testing.T) {
	eachPython(t, func(t *testing.T, p pythons.Python, py2 *python, kind string) {
		network, address := place(t, kind)
		l := listen(t, network, address, forPython(p))
		done := py2.begin(at(kind, l).with(ask{"op": "client", "do": "exchange_objects", "key": hexKey(key)}))
		c := accept(t, l)
		for {
			v, err := c.Recv(ctx)
			if err == io.EOF { // an empty message, at the end
				break
			}
			if err == nil {
				err = c.Send(ctx, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if a := <-done; a.Error != "" {
			t.Error(a)
		}
		c.Close()

		d := py.NewDict()
		for k, v := range map[string]py.Value{"a": py.NewList(int64(1), "x", py.Tuple{nil, true}), "b": 2.5} {
			if err := d.Set(k, v); err != nil {
				t.Fatal(err)
			}
		}
		values := []py.Value{nil, int64(5), new(big.Int).Lsh(big.NewInt(1), 100), "text", d, py.Tuple{}, py.NewList(d, d), py.Bytes(bytes.Repeat([]byte("b"), 200_000))}
		done = py2.begin(at(kind, l).with(ask{"op": "client", "do": "echo_objects", "count": len(values), "key": hexKey(key)}))
		c = accept(t, l)
		for _, v := range values {
			if err := c.Send(ctx, v); err != nil {
				t.Fatal(err)
			}
			got, err := c.Recv(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if b, ok := v.(py.Bytes); ok && p.Major == 2 {
				v = py.Str2(b) // which bytes are there
			}
			if same, err := py.Equal(got, v); !same || err != nil {
				t.Errorf("%v came back as %v, %v", v, got, err)
			}
		}
		if a := <-done; a.Error != "" {
			t.Error(a)
		}
	})
}

func TestObjects(t *testing.T) {
	type point struct {
		X int `pickle:"x"`
		Y int `pickle:"y"`
	}
	server, client := pair(t, "unix", keyed)
	for _, n := range []int{0, 1, 1000, 50_000} {
		want := map[string][]point{"points": make([]point, n)}
		for i := range want["points"] {
			want["points"][i] = point{i, -i}
		}
		done := make(chan error, 1)
		go func() { done <- client.Send(ctx, want) }()
		var got map[string][]point
		if err := server.RecvInto(ctx, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%d: %v", n, err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestBadPickles: a pickle that is none, or a value that has none, harms nothing but itself.
func TestBadPickles(t *testing.T) {
	server, client := pair(t, "unix", keyed)
	long := strings.Repeat("\x80\x04\x8c\xff", 10_000)
	for _, text := range []string{"", "garbage", "\x80\x04", "\x80\x04N.N.", long} {
		if err := client.SendBytes(ctx, []byte(text)); err != nil {
			t.Fatal(err)
		}
		v, err := server.Recv(ctx)
		if err == nil || errors.Is(err, connection.ErrBroken) || text == "" != (err == io.EOF) || v != nil {
			t.Errorf("%.20q: %v, %v", text, v, err)
		}
	}
	if err := client.Send(ctx, make(chan int)); err == nil || errors.Is(err, connection.ErrBroken) {
		t.Error(err)
	}
	for range 2 {
		if err := client.Send(ctx, 1); err != nil {
			t.Error(err)
		}
		var n int
		if err := server.RecvInto(ctx, &n); err != nil || n != 1 {
			t.Error(n, err)
		}
	}
	// The message is gone, also when it does not fit.
	var s []string
	client.Send(ctx, 1)
	client.Send(ctx, "next")
	if err := server.RecvInto(ctx, &s); err == nil {
		t.Error(s)
	}
	if v, err := server.Recv(ctx); v != "next" || err != nil {
		t.Error(v, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := server.Recv(ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestAlias: values never share memory with what the connection uses again.
func TestAlias(t *testing.T) {
	config := keyed
	config.Pickle = pickle.Config{Alias: true}
	server, client := pair(t, "unix", config)
	var got []py.Value
	var want []string
	for i, n := range []int{1, 100, 4000, 5000, 100_000, 2 << 20, 4000, 100_000} {
		s := strings.Repeat(string(rune('a'+i)), n)
		want = append(want, s)
		go client.Send(ctx, s)
		v, err := server.Recv(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("string %d has changed", i)
		}
	}
}
