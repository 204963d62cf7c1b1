package manager

import (
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/internal/sys"
	"github.com/multiproc-go/multiproc/py"
)

// heap watches the size of what is stored. The heap is the only thing that knows it: values share parts, and go unnoticed when nothing refers to them any more.
type heap struct {
	limit int64
	full  atomic.Bool
	since atomic.Int64 // bytes of traffic since the heap was looked at

	looking sync.Mutex // held by the one connection whose traffic has made it look

	asking   sync.Mutex // held for a look
	reserved int64      // for calls that are about to take it

	collecting sync.Mutex
	begun      time.Time     // of the last collection
	rest       time.Duration // that has to lie between its end and the next one
	ended      time.Time
}

const (
	// look is the traffic in bytes after which the heap is looked at again; each connection reports its own share of it.
	look, share = 8 << 20, 256 << 10
	// perRequest is what a request counts for besides its bytes: what it may have made out of what was there already.
	perRequest = 256
	// large is what is not reserved before the system has been asked as well, which takes about 50 us.
	large = 16 << 20
)

// A collection costs CPU in proportion to the heap, and clients can bring it about: so there is a pause of some times its length behind each.
const (
	restFactor = 4
	maxRest    = time.Second
)

func newHeap(limit int64) *heap { return &heap{limit: limit} }

const (
	objectBytes = "/memory/classes/heap/objects:bytes" // with those that nobody refers to any more
	liveBytes   = "/gc/heap/live:bytes"                // of the last collection
	freeBytes   = "/memory/classes/heap/free:bytes"    // that the system has not got back yet
)

func heapSize(metric string) int64 {
	sample := [1]metrics.Sample{{Name: metric}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}

// traffic notes that n bytes have come or gone.
func (h *heap) traffic(n int64) {
	if h.limit == math.MaxInt64 {
		return
	}
	if s := h.since.Add(n); s < min(look, h.limit/16) && !h.full.Load() {
		return
	}
	if h.looking.TryLock() { // else somebody else is at it
		defer h.looking.Unlock()
		h.measure(false)
	}
}

// measure looks at the heap. What it has in it that is garbage counts only as long as the collector has not run, which it is made to do before anybody is refused. If it has to rest before, it
// is waited for, or what it has found the last time, not long ago, is taken for true.
func (h *heap) measure(wait bool) {
	h.since.Store(0)
	if heapSize(objectBytes) <= h.limit {
		h.full.Store(false)
	} else {
		h.collect(wait)
		h.full.Store(heapSize(liveBytes) > h.limit)
	}
}

// collect runs the collector, unless somebody else has begun to since collect was called, or it would have to wait and is not to.
func (h *heap) collect(wait bool) {
	called := time.Now()
	h.collecting.Lock()
	defer h.collecting.Unlock()
	if h.begun.After(called) {
		return
	}
	if left := h.rest - time.Since(h.ended); left > 0 {
		if !wait {
			return
		}
		time.Sleep(left)
	}
	h.begun = time.Now()
	runtime.GC()
	h.ended = time.Now()
	h.rest = min(restFactor*h.ended.Sub(h.begun), maxRest)
}

func (h *heap) exceeded() error {
	return py.MemoryError("the server's objects take more than %d bytes, which is its limit", h.limit)
}

// storing are the methods of built-in types that make an object larger, or return something larger than it. They are refused when the heap is full; all others must work, so that there is a way back.
var storing = map[string]bool{
	"append": true, "extend": true, "insert": true, "__setitem__": true, "__setslice__": true, "__add__": true, "__iadd__": true, "__mul__": true, "__rmul__": true, "__imul__": true,
	"setdefault": true, "update": true, "__ior__": true, "__or__": true, "__ror__": true, "add": true, "put": true, "put_nowait": true, "set": true, "__setattr__": true,
}

// refuses is the error for a call that the heap has no room for. What a method of a user's type does nobody knows, whatever it is called: those are made.
func (h *heap) refuses(o object.Object, method string, args int) error {
	if _, own := o.(*instance); !own && h.full.Load() && args > 0 && storing[method] {
		h.measure(true)
		if h.full.Load() {
			return h.exceeded()
		}
	}
	return nil
}

// room is an error if n more bytes would not fit.
func (h *heap) room(n int64) error { return h.ask(n, 0) }

// reserve is room, and counts the bytes as taken until free.
func (h *heap) reserve(n int64) error { return h.ask(n, n) }

// ask is an error if n more bytes would not fit, and counts some as taken if they do. Nobody has to wait for the collection that another one's question has brought about.
func (h *heap) ask(n, taken int64) error {
	if n >= 0 && h.fits(n, taken) {
		return nil
	}
	if n >= 0 && n <= h.limit {
		if h.collect(true); h.fits(n, taken) {
			return nil
		}
	}
	return py.MemoryError("there is no room for %d more bytes: the server's objects may take %d", n, h.limit)
}

// fits is ask without a collection.
func (h *heap) fits(n, taken int64) bool {
	h.asking.Lock()
	defer h.asking.Unlock()
	if h.limit < math.MaxInt64 && (n > h.limit-h.reserved-heapSize(objectBytes) || n >= large && !h.systemHas(n)) {
		return false
	}
	h.reserved += taken
	return true
}

// systemHas needs asking.
func (h *heap) systemHas(n int64) bool {
	free := sys.FreeMemory()
	return free.Limit == "" || n <= free.Available-h.reserved+heapSize(freeBytes)
}

// reserveHalf reserves half of what there is room for, but at least least and at most most bytes, and returns how many these are.
func (h *heap) reserveHalf(least, most int64) int64 {
	if got := h.half(least, most, 2*least); got > 0 {
		return got
	}
	h.collect(true)
	return h.half(least, most, math.MinInt64)
}

// half is reserveHalf without a collection. It reserves nothing if the half is less than enough.
func (h *heap) half(least, most, enough int64) int64 {
	h.asking.Lock()
	defer h.asking.Unlock()
	half := (h.limit - h.reserved - heapSize(objectBytes)) / 2
	if half < enough {
		return 0
	}
	got := min(max(half, least), most)
	h.reserved += got
	return got
}

// free gives back what was reserved: the heap has it in its own books now, or it is not needed any more.
func (h *heap) free(n int64) {
	h.asking.Lock()
	defer h.asking.Unlock()
	h.reserved -= n
}
