package psync

import (
	"sync"

	"github.com/multiproc-go/multiproc/internal/await"
)

// waitRooms are where the goroutines of a handle, or of a process, wait, one room for each epoch. In a room the first waits for all, so nobody may be in it whose wait can end later than
// that of somebody behind him: a goroutine that is held up on its way to a wait which has ended meanwhile would otherwise queue behind one that waits for the next thing. Rooms of epochs
// that are over empty themselves, so one is slept in.
type waitRooms struct {
	mu sync.Mutex
	m  map[uint32]*waitRoom
}

type waitRoom struct {
	await.Room
	guests int
}

// enter returns the room of an epoch; leave gives it back.
func (rs *waitRooms) enter(epoch uint32) (r *waitRoom, leave func()) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	r = rs.m[epoch]
	if r == nil {
		if rs.m == nil {
			rs.m = map[uint32]*waitRoom{}
		}
		r = new(waitRoom)
		rs.m[epoch] = r
	}
	r.guests++
	return r, func() {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		if r.guests--; r.guests == 0 {
			delete(rs.m, epoch)
		}
	}
}

// queued is how many goroutines wait behind those that sleep.
func (rs *waitRooms) queued() (n int) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, r := range rs.m {
		n += r.Queued()
	}
	return n
}
