package manager

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// impostor is a server that has the key, answers requests to itself as a server would, and all others with what replies has for the method.
func impostor(t *testing.T, replies map[string][]byte) string {
	t.Helper()
	return answering(t, func(_ context.Context, method string, _ py.Tuple) []byte {
		reply, ok := replies[method]
		switch {
		case ok:
			return reply
		case method == "create":
			return pickled(t, kindReturn, py.Tuple{"ident", py.Tuple{"get"}})
		}
		return pickled(t, kindReturn, nil)
	})
}

// answering is a server with answers of the test's: nil is the end of the connection.
func answering(t *testing.T, answer func(ctx context.Context, method string, args py.Tuple) []byte) string {
	t.Helper()
	l, err := connection.Listen("unix", t.TempDir()+"/s", keyed)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	serve := func(conn *connection.Conn) {
		defer conn.Close()
		for {
			v, err := conn.Recv(ctx)
			if err != nil {
				return
			}
			request := v.(py.Tuple)
			reply := answer(ctx, request[1].(string), request[2].(py.Tuple))
			if reply == nil || conn.SendBytes(ctx, reply) != nil {
				return
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for conn, err := l.Accept(ctx); err == nil; conn, err = l.Accept(ctx) {
			wg.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

func pickled(t *testing.T, kind string, v py.Value) []byte {
	b, err := pickle.Marshal(py.Tuple{kind, v})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestHostileServer: whatever a server answers, there is an error that tells it, and Close ends.
func TestHostileServer(t *testing.T) {
	noIdent := token{typeid: "x", address: "y"}
	cases := map[string]struct {
		reply []byte
		lost  bool // the connection is closed, as nobody knows what comes next
		text  string
	}{
		"garbage":          {[]byte("garbage"), false, "can't be read"},
		"empty":            {[]byte{}, false, "can't be read"},
		"end":              {nil, true, "ended"},
		"no pair":          {[]byte("\x80\x04N."), true, "NoneType"},
		"a triple":         {[]byte("\x80\x04NNN\x87."), true, "tuple"},
		"no kind":          {[]byte("\x80\x04NN\x86."), true, "tuple"},
		"unknown kind":     {pickled(t, "#NEW", nil), true, `"#NEW"`},
		"long kind":        {pickled(t, strings.Repeat("x", 1<<20), nil), true, "unknown kind"},
		"no exception":     {pickled(t, kindError, int64(1)), true, "int"},
		"no text":          {pickled(t, kindTraceback, int64(1)), true, "int"},
		"empty text":       {pickled(t, kindTraceback, ""), false, "Queue.get"},
		"no proxy":         {pickled(t, kindProxy, int64(1)), true, "int"},
		"no token":         {pickled(t, kindProxy, py.Tuple{py.Tuple{}, int64(1)}), true, "int"},
		"no ident":         {pickled(t, kindProxy, py.Tuple{py.Tuple{}, noIdent.value(int64(1))}), true, "Token"},
		"deep":             {[]byte("\x80\x04" + strings.Repeat("]", 1_000_000) + strings.Repeat("a", 999_999) + "."), false, "can't be read"},
		"too large":        {make([]byte, 1<<16+1), true, "65536"},
		"larger than said": {[]byte("\x80\x04B\xff\xff\xff\x7fabc."), false, "can't be read"},
	}
	for name, x := range cases {
		t.Run(name, func(t *testing.T) {
			address := impostor(t, map[string][]byte{"get": x.reply})
			config := keyed
			config.MaxFrame = 1 << 16
			if len(x.reply) > 1<<17 {
				config.MaxFrame = 0
			}
			ctx := testContext(t)
			client, err := Dial(ctx, "", address, config)
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			queue, err := client.Create(ctx, "Queue")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err = queue.Call(ctx, "get")
				if err == nil || errors.Is(err, ErrConnectionLost) != x.lost || !strings.Contains(err.Error(), x.text) || len(err.Error()) > 4<<10 {
					t.Error(err)
				}
			}
			if v, err := queue.Call(ctx, "put", 1); v != nil || err != nil {
				t.Error("the next call fails:", v, err)
			}
		})
	}
	for name, reply := range map[string][]byte{"garbage": []byte("x"), "nothing": pickled(t, kindReturn, nil), "no ident": pickled(t, kindReturn, py.Tuple{nil, nil}), "end": nil} {
		client := dialed(t, impostor(t, map[string][]byte{"create": reply}))
		if p, err := client.Create(testContext(t), "list"); p != nil || err == nil {
			t.Error(name, p, err)
		}
	}
	if _, err := Dial(testContext(t), "", impostor(t, map[string][]byte{"dummy": pickled(t, kindTraceback, "no")}), keyed); err == nil {
		t.Error("there is no manager")
	}
}
