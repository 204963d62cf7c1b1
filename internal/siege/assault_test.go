//go:build linux

package siege

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

// figures are what a server has of everything that can leak. Attackers are in the same process: so theirs are in it, too, until they are gone.
type figures struct {
	goroutines, fds, objects, connections int
	heap                                  int64 // bytes, after a collection
}

func (s *town) figures() figures {
	runtime.GC()
	st := s.Stats()
	return figures{goroutines: runtime.NumGoroutine(), fds: descriptors(), objects: st.Known, connections: st.Connections, heap: heapBytes()}
}

func descriptors() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}

// heapBytes is what is on the heap, with what is not collected yet.
func heapBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// heapSlack is how much the heap may be larger after an attack: pools and buffers that are kept.
const heapSlack = 16 << 20

// over names what is more than it was.
func (f figures) over(before figures) string {
	switch {
	case f.connections > before.connections:
		return fmt.Sprintf("%d connections, %d before", f.connections, before.connections)
	case f.goroutines > before.goroutines:
		return fmt.Sprintf("%d goroutines, %d before", f.goroutines, before.goroutines)
	case f.fds > before.fds:
		return fmt.Sprintf("%d descriptors, %d before", f.fds, before.fds)
	case f.objects > before.objects:
		return fmt.Sprintf("%d objects, %d before", f.objects, before.objects)
	case f.heap > before.heap+heapSlack:
		return fmt.Sprintf("a heap of %d KiB, %d before", f.heap>>10, before.heap>>10)
	}
	return ""
}

// An honest client goes on with its work, whatever the others do.
type honest struct {
	*citizen
	list, dict, queue, lock string
	calls                   atomic.Int64
	longest                 atomic.Int64 // ns
	peak                    atomic.Int64 // of the heap
	quit, gone              chan struct{}
}

func (s *town) honest(t testing.TB) *honest {
	t.Helper()
	h := &honest{citizen: s.citizen(t, "honest"), quit: make(chan struct{}), gone: make(chan struct{})}
	h.list, h.dict, h.queue, h.lock = h.create("list"), h.create("dict"), h.create("Queue"), h.create("Lock")
	return h
}

// work makes calls, and compares their results, until stop.
func (h *honest) work() {
	defer close(h.gone)
	for n := int64(0); ; n++ {
		select {
		case <-h.quit:
			return
		default:
		}
		for _, x := range []struct {
			ident, method string
			args          []py.Value
			want          py.Value
		}{
			{h.list, "append", []py.Value{n}, nil},
			{h.dict, "__setitem__", []py.Value{"n", n}, nil},
			{h.lock, "acquire", nil, true},
			{h.queue, "put", []py.Value{n}, nil},
			{h.dict, "get", []py.Value{"n"}, n},
			{h.queue, "get", nil, n},
			{h.lock, "release", nil, nil},
			{h.list, "pop", nil, n},
		} {
			begun := time.Now()
			v, err := h.try(x.ident, x.method, x.args...)
			if err != nil || v != x.want {
				h.t.Errorf("the honest client's %s%v: %v, %v; expected %v", x.method, x.args, v, err, x.want)
				return
			}
			h.longest.Store(max(h.longest.Load(), int64(time.Since(begun))))
			h.calls.Add(1)
		}
		h.peak.Store(max(h.peak.Load(), heapBytes()))
		time.Sleep(time.Millisecond) // it is not what the server is to be busy with
	}
}

// goesOn waits until the honest client has made some more calls.
func (h *honest) goesOn(t testing.TB) {
	t.Helper()
	before := h.calls.Load()
	eventually(t, "the honest client goes on", func() bool {
		select {
		case <-h.gone:
			return true // it has failed, and told it
		default:
			return h.calls.Load() >= before+50
		}
	})
}

// assault is an attack on a town: while it goes on the honest client must not notice anything, and afterwards everything must be as it was. The attack ends with all that it has opened being closed.
func (s *town) assault(t *testing.T, attack func(h *honest)) {
	t.Helper()
	h := s.honest(t)
	begun := time.Now()
	before := s.figures()
	go h.work()
	h.goesOn(t)
	attack(h)
	h.goesOn(t)
	close(h.quit)
	<-h.gone
	last := ""
	for end := time.Now().Add(watchdog); ; time.Sleep(5 * time.Millisecond) {
		if last = s.figures().over(before); last == "" || time.Now().After(end) {
			break
		}
	}
	if last != "" {
		t.Errorf("afterwards there are %s", last)
	}
	if n := s.Stats().Panics; n > 0 {
		t.Errorf("%d calls have failed in the server", n)
	}
	t.Logf("%6.2f s, %6d calls of the honest client, the longest %8v; heap before %4d MiB, at most %4d", time.Since(begun).Seconds(), h.calls.Load(), time.Duration(h.longest.Load()).Round(10*time.Microsecond), before.heap>>20, h.peak.Load()>>20)
	for _, ident := range []string{h.list, h.dict, h.queue, h.lock} {
		if _, err := h.server("decref", ident); err != nil {
			t.Error(err)
		}
	}
	h.close()
}
