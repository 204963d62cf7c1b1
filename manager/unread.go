package manager

import (
	"sync"
	"time"
)

// A client that asks for something large and does not read the answer keeps it in the server's memory for as long as it likes; many such clients would fill it. A slow client, or one that is stopped in a
// debugger, must not be closed for that alone. So nothing happens as long as there is room for all such answers.
type unread struct {
	limit int64

	mu    sync.Mutex
	bytes int64
	all   []*sending // the oldest first
}

// sending is a large answer on its way to a client.
type sending struct {
	x     *session
	size  int64
	since time.Time
}

const (
	// largeAnswer is what is counted. Smaller ones are bounded by the number of connections.
	largeAnswer = 64 << 10
	// readTime is how long a client has for an answer in any case, until there is twice as much as there may be.
	readTime = time.Second
)

// begin notes an answer that is about to be sent, and makes room for it.
func (u *unread) begin(x *session, size int64) *sending {
	s := &sending{x: x, size: size, since: time.Now()}
	var late []*sending
	u.mu.Lock()
	u.bytes += size
	for u.bytes > u.limit && len(u.all) > 0 {
		oldest := u.all[0]
		if s.since.Sub(oldest.since) < readTime && u.bytes <= 2*u.limit {
			break
		}
		u.remove(0)
		_ = oldest.x.conn.Close() // its own goroutine does the rest
		late = append(late, oldest)
	}
	u.all = append(u.all, s)
	u.mu.Unlock()
	for _, l := range late { // without the mutex, as nobody knows what the Logger does
		l.x.unread()
	}
	return s
}

// end notes that the answer is sent, or never will be.
func (u *unread) end(s *sending) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i, other := range u.all {
		if other == s {
			u.remove(i)
			return
		}
	}
}

// remove takes one out. The mutex must be held.
func (u *unread) remove(i int) {
	u.bytes -= u.all[i].size
	u.all = append(u.all[:i], u.all[i+1:]...)
}

// unread tells of a client that was closed because it does not read. Others than its own goroutine call it.
func (x *session) unread() {
	x.server.incidents.overLimit.Add(1)
	x.server.log.Warn("a client was closed, for it does not read its answer, and there are too many such answers", append(x.who(), "limit", x.server.limits.Unread)...)
}
