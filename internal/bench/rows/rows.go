package rows

import (
	"slices"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
)

// All returns every row, in the order in which they are measured and shown.
func All() []bench.Row { return build(full) }

func build(w workload) []bench.Row {
	return slices.Concat(lockRows(w), contendedRows(w), semaphoreRows(w), boundedRows(w), eventRows(w), conditionRows(w), arrayRows(w), valueRows(w),
		channelRows(w), queueRows(w), blockRows(w), structRows(w), pingPongRows(w), startRows(w), recoveryRows(w), orphanRows(w), pickleRows(w), connectionRows(w), managerRows(w))
}

// workload is how much one round of each row does. Python does less where its
// cost for one operation is the same.
type workload struct {
	lockPairs, pythonLockPairs int
	contendFor                 time.Duration
	arrayLen, pythonArrayLen   int
	updates, pythonUpdates     int
	starts, pythonStarts       int
	kills, orphans             int // in all rounds together

	messages, pythonMessages      int // of the channel
	items, pipeItems, pythonItems int // of 64 B
	mediums, larges               int // blocks
	orders, pythonOrders          int
	roundTrips, pythonRoundTrips  int

	entries, floats int // of the objects that are pickled
	large, requests int // how many large and small objects are pickled

	connects, pythonConnects    int
	block, blocks, pythonBlocks int // bytes of a large message, and how many are sent

	callFor                  time.Duration
	creations, pythonCreates int
	idle, busy               int // connections of a manager
}

// full is what is measured. Everything else is for tests.
var full = workload{
	lockPairs: 2_000_000, pythonLockPairs: 100_000,
	contendFor: 150 * time.Millisecond,
	arrayLen:   10_000_000, pythonArrayLen: 1_000_000, // 80 MB, beyond any cache
	updates: 1_000_000, pythonUpdates: 30_000,
	starts: 20, pythonStarts: 3,
	kills: 1000, orphans: 200,
	messages: 10_000, pythonMessages: 200,
	items: 500_000, pipeItems: 200_000, pythonItems: 20_000,
	mediums: 20_000, larges: 1500,
	orders: 50_000, pythonOrders: 20_000,
	roundTrips: 20_000, pythonRoundTrips: 1000,
	entries: 100_000, floats: 1_000_000,
	large: 2, requests: 50_000,
	connects: 20, pythonConnects: 4,
	block: 64 << 20, blocks: 4, pythonBlocks: 1,
	callFor: 150 * time.Millisecond, creations: 20, pythonCreates: 1, idle: 1000, busy: 200,
}

// The keys by which targets name the other side.
const (
	python       = "python"        // CPython's multiprocessing, as it is used
	pythonCall   = "python-call"   // its locks and their like by calls
	pythonWith   = "python-with"   // the same by a with block
	pythonSimple = "python-simple" // its SimpleQueue
	pipe         = "pipe"          // os.Pipe between two processes
	copying      = "copying"       // two processes that copy and don't wait
	mutex        = "mutex"         // sync.Mutex
	floor        = "floor"         // what the CPU asks for in any case
	slice        = "slice"         // a plain Go slice
	osExec       = "exec"          // os/exec
	ogRek        = "og-rek"        // github.com/kisielk/og-rek
	socket       = "socket"        // a bare unix socket
	echoing      = "echo"          // a server that speaks the same protocol and does nothing
)

// ours is the key and the label of this library's case.
const ours = "multiproc"

// closeAll returns a function that calls all of the given in turn and returns
// the first error.
func closeAll(fns ...func() error) func() error {
	return func() error {
		var first error
		for _, fn := range fns {
			if err := fn(); err != nil && first == nil {
				first = err
			}
		}
		return first
	}
}
