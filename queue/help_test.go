//go:build linux

package queue_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// bounded is a context that no correct wait outlives.
func bounded(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
	t.Cleanup(cancel)
	return ctx
}

// must fails the test on an error.
func must[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ok fails the test on an error.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want fails the test unless got is what it should be.
func want[V comparable](t testing.TB, what string, got, should V) {
	t.Helper()
	if got != should {
		t.Errorf("%s: %v, want %v", what, got, should)
	}
}

func wantErr(t testing.TB, what string, err, is error) {
	t.Helper()
	if !errors.Is(err, is) {
		t.Errorf("%s: error %v, want %v", what, err, is)
	}
}

// objects is how many shared objects there are, when the collector has closed what was forgotten.
func objects(t testing.TB) int {
	t.Helper()
	runtime.GC()
	c, err := arena.Count()
	ok(t, err)
	return c.Objects
}

// census fails the test unless, after its later cleanups, no more objects are there than now.
func census(t testing.TB) {
	t.Helper()
	before := objects(t)
	t.Cleanup(func() { testproc.Eventually(t, "the objects gone", func() bool { return objects(t) <= before }) })
}

// wire is a handle as it travels to a child.
func wire(t testing.TB, v cbor.Marshaler) string {
	t.Helper()
	return hex.EncodeToString(must(v.MarshalCBOR())(t))
}

// decodable is a pointer to a type whose values travel.
type decodable[T any] interface {
	*T
	UnmarshalCBOR([]byte) error
}

// handlesHere are a child's handles, by type and encoded form.
var handlesHere struct {
	sync.Mutex
	m map[string]any
}

// childHas is the child's one handle to the object of an encoded one.
func childHas[T any, P decodable[T]](arg string) (P, error) {
	handlesHere.Lock()
	defer handlesHere.Unlock()
	key := fmt.Sprintf("%T %s", P(nil), arg)
	if v, ok := handlesHere.m[key]; ok {
		return v.(P), nil
	}
	data, err := hex.DecodeString(arg)
	if err != nil {
		return nil, err
	}
	v := P(new(T))
	if err := v.UnmarshalCBOR(data); err != nil {
		return nil, err
	}
	if handlesHere.m == nil {
		handlesHere.m = map[string]any{}
	}
	handlesHere.m[key] = v
	return v, nil
}

// childOp makes an operation of a child on an object, whose encoded form is the first argument.
func childOp[T any, P decodable[T]](op string, fn func(v P, args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		v, err := childHas[T, P](args[0])
		if err != nil {
			return "", err
		}
		return fn(v, args[1:])
	})
}

// twin decodes another handle to the same object.
func twin[T any, P decodable[T]](t testing.TB, v P) P {
	t.Helper()
	data, err := cbor.Marshal(v)
	ok(t, err)
	out := P(new(T))
	ok(t, out.UnmarshalCBOR(data))
	return out
}

func init() {
	testproc.Handle("arm", func(args []string) (string, error) {
		killpoint.Arm(args[0], argNum(args, 1))
		return "", nil
	})
	testproc.Handle("record", func([]string) (string, error) { killpoint.Record(); return "", nil })
	testproc.Handle("recorded", func([]string) (string, error) {
		out, err := json.Marshal(killpoint.Recorded())
		return string(out), err
	})
}

// argNum is an argument.
func argNum(args []string, i int) int {
	if i >= len(args) {
		return 1
	}
	n, _ := strconv.Atoi(args[i])
	return n
}
