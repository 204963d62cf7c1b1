package manager

import (
	"math"
	"runtime/debug"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Limits bound what clients may cost. Who exceeds one gets a Python exception, mostly a MemoryError, and the server and the others go on. A zero field is its default. How long a message may be
// is the Listener's to say: connection.Config.MaxFrame.
type Limits struct {
	// Objects is how many objects there may be, those in containers included; 1<<20.
	Objects int
	// Bytes is how much memory, in bytes, all that is stored may take, as Go's heap measures it; the rest of the program's heap counts as well. Beyond it nothing can be created, and
	// methods of built-in types that store are refused; those that read and remove are not, nor those of registered types. A single request or message that needs much memory at once is refused before it takes that. All else is looked
	// at after each few MiB of traffic, so leave some room above the limit. The default is nine tenths of Go's memory limit (GOMEMLIMIT) if there is one; otherwise, on Linux, what
	// the heap has when the server is made and three quarters of what the machine, and the process's cgroup, have left then; elsewhere there is none. math.MaxInt64 is no limit.
	Bytes int64
	// Connections is how many connections there may be, each a client's thread, or one request; 16384.
	Connections int
	// Pending is how many requests a connection may send while it waits for the answer to one that blocks; 64. Python's clients send none. The next ones wait in the kernel.
	Pending int
	// Results is how many objects a connection may have that its calls have returned (iterators) and that no client has claimed yet; 1024.
	Results int
	// Unread is how many bytes of large answers (above 64 KiB) there may be that have been sent and that clients have not read. When another one comes and it is too much, the connection whose
	// client has taken longest is closed, if that is more than a second or there are twice as many bytes. The default is an eighth of Bytes, and 1 GiB at most.
	Unread int64
}

func (l Limits) resolved() Limits {
	fill := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	fill(&l.Objects, 1<<20)
	fill(&l.Connections, 16384)
	fill(&l.Pending, 64)
	fill(&l.Results, 1024)
	if l.Bytes <= 0 {
		l.Bytes = defaultBytes(debug.SetMemoryLimit(-1), sys.FreeMemory())
	}
	if l.Unread <= 0 {
		l.Unread = min(l.Bytes/8, 1<<30)
	}
	return l
}

// defaultBytes is Limits.Bytes for a limit of Go's own and what the system has left.
func defaultBytes(limit int64, free sys.Memory) int64 {
	switch {
	case limit < math.MaxInt64:
		return limit / 10 * 9
	case free.Limit == "" || free.Available == math.MaxInt64: // unknown
		return math.MaxInt64
	}
	return heapSize(objectBytes) + free.Available/4*3
}
