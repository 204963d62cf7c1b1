package manager

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/py"
)

// heapNow is what the heap has without garbage. What pools and finalizers of earlier tests have kept goes only with a second collection.
func heapNow() int64 {
	var m runtime.MemStats
	for last := int64(math.MaxInt64); ; {
		runtime.GC()
		runtime.ReadMemStats(&m)
		now := int64(m.HeapAlloc)
		if last-now < 1<<20 {
			return now
		}
		last = now
	}
}

// TestRoom: what a few bytes would make of what is there is refused before it takes memory, and leaves everything as it was.
func TestRoom(t *testing.T) {
	_, address := started(t, Config{Limits: Limits{Bytes: heapNow() + 48<<20}, Logger: quiet})
	c := newClient(t, address)
	const n = 100_000_000 // less than py.MaxItems
	span := py.Range{Start: int64(0), Stop: int64(n), Step: int64(1)}
	list, dict := c.create("list", py.NewList(int64(1))), c.create("dict")
	set, half := c.create("set"), c.create("list", py.Range{Start: int64(0), Stop: int64(500_000), Step: int64(1)})
	calls := []struct {
		ident, method string
		args          []py.Value
	}{
		{list, "__mul__", []py.Value{int64(n)}},
		{list, "__rmul__", []py.Value{int64(n)}},
		{list, "__imul__", []py.Value{int64(n)}},
		{list, "extend", []py.Value{span}},
		{list, "__setitem__", []py.Value{py.Slice{}, span}},
		{list, "__setslice__", []py.Value{int64(0), int64(1), span}},
		{half, "__mul__", []py.Value{int64(100)}},
		{dict, "fromkeys", []py.Value{span}},
		{dict, "update", []py.Value{span}},
		{set, "update", []py.Value{span}},
		{set, "union", []py.Value{span}},
		{set, "symmetric_difference", []py.Value{span}},
		{set, "isdisjoint", []py.Value{span}},
	}
	refused := func(what string, kind, want string, v py.Value) {
		t.Helper()
		text, _ := py.Text(v)
		if e, ok := v.(*py.Exception); ok {
			text = e.Error()
		}
		if kind != want || !strings.Contains(text, "MemoryError: there is no room for ") {
			t.Errorf("%s: %s %.200v", what, kind, v)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, x := range calls {
		kind, v := c.kind(x.ident, x.method, x.args...)
		refused(x.method, kind, kindError, v)
	}
	for _, typeid := range []string{"list", "set"} {
		kind, v := c.serverKind("create", typeid, span)
		refused(typeid, kind, kindTraceback, v)
	}
	kind, v := c.serverKind("create", "Array", "d", span)
	refused("Array", kind, kindTraceback, v)
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 64<<20 {
		t.Errorf("%d MiB were allocated", taken>>20)
	}
	if v := c.call(list, "__len__"); v != int64(1) {
		t.Error(v)
	}
	if v := c.call(dict, "__len__"); v != int64(0) {
		t.Error(v)
	}
	c.call(list, "__imul__", int64(100_000)) // for which there is room
	c.call(list, "extend", py.Range{Start: int64(0), Stop: int64(100_000), Step: int64(1)})
}

// TestReservations: what is reserved is not given twice, and comes back.
func TestReservations(t *testing.T) {
	h := newHeap(heapNow() + 640<<20) // so much that it makes no difference what else comes and goes
	if err := h.reserve(400 << 20); err != nil {
		t.Fatal(err)
	}
	if err := h.reserve(400 << 20); !py.IsException(err, "MemoryError") {
		t.Fatal(err)
	}
	h.free(400 << 20)
	if err := h.reserve(400 << 20); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int64{-1, math.MaxInt64, math.MinInt64} {
		if err := h.room(n); !py.IsException(err, "MemoryError") {
			t.Error(n, err)
		}
	}
	if err := newHeap(math.MaxInt64).room(math.MaxInt64); err != nil {
		t.Error("without a limit:", err)
	}
}

// TestRoomBesideRefused: who asks for what there is does not wait for the collection that somebody else's question has brought about.
func TestRoomBesideRefused(t *testing.T) {
	h := newHeap(heapNow() + 64<<20)
	h.collecting.Lock() // so the collection has to wait
	refused := make(chan error, 1)
	go func() { refused <- h.reserve(h.limit) }()
	for range 50 {
		done := make(chan error, 1)
		go func() {
			err := h.reserve(1 << 20)
			h.free(1 << 20)
			h.free(h.reserveHalf(1, 1<<20))
			done <- err
		}()
		if err := within(t, "reserve", done); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Millisecond) // in which the other one has come to its collection
	}
	h.collecting.Unlock()
	if err := <-refused; !py.IsException(err, "MemoryError") {
		t.Error(err)
	}
}

// TestGarbageIsNoReason: nobody is refused for what the collector has only not looked at yet.
func TestGarbageIsNoReason(t *testing.T) {
	h := newHeap(heapNow() + 64<<20)
	for range 20 {
		for range 40 {
			garbage = make([]byte, 1<<20)
		}
		garbage = nil
		if err := h.room(40 << 20); err != nil {
			t.Fatal(err)
		}
		h.measure(true)
		if h.full.Load() {
			t.Fatal("it is full")
		}
	}
}

var garbage []byte

func TestDefaultBytes(t *testing.T) {
	if n := defaultBytes(1000, sys.Memory{Available: 1 << 40, Limit: "MemAvailable"}); n != 900 {
		t.Error(n)
	}
	if n := defaultBytes(math.MaxInt64, sys.Memory{Available: 4 << 30, Limit: "MemAvailable"}); n < 3<<30 || n > 4<<30 {
		t.Error(n)
	}
	for _, unknown := range []sys.Memory{{}, {Available: math.MaxInt64, Limit: "nothing"}} {
		if n := defaultBytes(math.MaxInt64, unknown); n != math.MaxInt64 {
			t.Error(n)
		}
	}
	if limits := (Limits{Bytes: 5}).resolved(); limits.Bytes != 5 {
		t.Error(limits.Bytes)
	}
}

// TestDecodeRoom: a message of which the values would take many times its size is refused in good time, and one that only is large is not.
func TestDecodeRoom(t *testing.T) {
	_, address := started(t, Config{Limits: Limits{Bytes: heapNow() + 100<<20}, Logger: quiet})
	c := newClient(t, address)
	list := c.create("list")
	dicts := make([]py.Value, 1_000_000)
	for i := range dicts {
		dicts[i] = py.NewDict()
	}
	kind, v := c.kind(list, "append", py.Tuple(dicts))
	if s, _ := py.Text(v); kind != kindTraceback || !strings.Contains(s, "MemoryError: ") || !strings.Contains(s, "more than the limit") {
		t.Errorf("%s %.300v", kind, v)
	}
	c.call(list, "append", py.Bytes(make([]byte, 20<<20)))
}

// TestFull: a server whose heap is beyond the limit, whatever has made it so, makes and stores nothing; all else it does.
func TestFull(t *testing.T) {
	s, address := started(t, Config{Limits: Limits{Bytes: math.MaxInt64 - 1}, Logger: quiet})
	c := newClient(t, address)
	list := c.create("list", py.NewList(int64(1)))
	s.heap.limit = 1 << 10 // less than any program has; nobody makes a request now
	s.heap.measure(true)
	if kind, v := c.kind(list, "append", int64(2)); kind != kindError || !py.IsException(v.(*py.Exception), "MemoryError") {
		t.Error(kind, v)
	}
	if kind, v := c.serverKind("create", "list"); kind != kindTraceback || !strings.Contains(v.(string), "\nMemoryError: the server's objects take more than 1024 bytes") {
		t.Error(kind, v)
	}
	if v := c.call(list, "pop"); v != int64(1) {
		t.Error(v)
	}
}
