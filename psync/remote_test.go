//go:build linux

package psync_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/race"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// decodable is a pointer to a type whose values travel.
type decodable[T any] interface {
	*T
	UnmarshalCBOR([]byte) error
	Close() error
}

// remotes are a child's objects, by type and encoded form.
var remotes struct {
	sync.Mutex
	m map[string]any
}

// remote is the child's one handle to the object of an encoded one.
func remote[T any, P decodable[T]](arg string) (P, error) {
	remotes.Lock()
	defer remotes.Unlock()
	key := fmt.Sprintf("%T %s", P(nil), arg)
	if v, ok := remotes.m[key]; ok {
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
	if remotes.m == nil {
		remotes.m = map[string]any{}
	}
	remotes.m[key] = v
	return v, nil
}

// handleWith makes an operation of a child on an object, whose encoded form is the first argument.
func handleWith[T any, P decodable[T]](op string, fn func(v P, args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		v, err := remote[T, P](args[0])
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
	if err != nil {
		t.Fatal(err)
	}
	out := P(new(T))
	if err := cbor.Unmarshal(data, out); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	return out
}

func init() {
	testproc.Handle("arm", func(args []string) (string, error) {
		n, _ := strconv.Atoi(args[1])
		killpoint.Arm(args[0], n)
		return "", nil
	})
	testproc.Handle("record", func([]string) (string, error) { killpoint.Record(); return "", nil })
	testproc.Handle("recorded", func([]string) (string, error) {
		out, err := json.Marshal(killpoint.Recorded())
		return string(out), err
	})
}

// crowdSize is how many goroutines a crowd has. The race detector has a limit on those alive.
func crowdSize() int {
	if testing.Short() || race.Enabled {
		return 1000
	}
	return 10_000
}

// threads is how many threads this process has.
func threads() int {
	tasks, _ := os.ReadDir("/proc/self/task")
	return len(tasks)
}

// num is an argument.
func num(args []string, i int) int {
	if i >= len(args) {
		return 1
	}
	n, _ := strconv.Atoi(args[i])
	return n
}
