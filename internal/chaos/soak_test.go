//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/testproc"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// parcel is an item of every sort: small ones, some larger than the queue's memory, some with a handle.
type parcel struct {
	N     uint64
	Text  string
	Bytes []byte
	Map   map[string]int
	Value *shm.Value[uint64]
}

type soakTask struct {
	Small *queue.Queue[[64]byte]
	Mixed *queue.Queue[parcel]
	Back  *queue.Conn[[]float64]
	Count *shm.RawArray[uint64] // sent and received: small, mixed, pipe
}

func (s soakTask) add(i int) { atomic.AddUint64(&s.Count.Slice()[i], 1) }

var soakSend = multiproc.Register("soak-send", func(ctx context.Context, s soakTask) (int, error) {
	rng := rand.New(rand.NewPCG(1, uint64(os.Getpid())))
	for n := uint64(0); ctx.Err() == nil; n++ {
		var small [64]byte
		for range 200 {
			if err := s.Small.Put(ctx, small); err != nil {
				return 0, over(ctx, err)
			}
			s.add(0)
		}
		p := parcel{N: n, Text: strings.Repeat("x", rng.IntN(200)), Map: map[string]int{"a": 1, "b": rng.IntN(9)}}
		if n%20 == 0 {
			p.Bytes = make([]byte, 200_000)
		}
		if n%5 == 0 {
			v, err := shm.NewValue(n)
			if err != nil {
				return 0, err
			}
			p.Value = v
		}
		if err := s.Mixed.Put(ctx, p); err != nil {
			return 0, over(ctx, err)
		}
		if p.Value != nil {
			_ = p.Value.Close()
		}
		s.add(2)
		floats, err := s.Back.Recv(ctx)
		if err != nil {
			return 0, over(ctx, err)
		}
		if len(floats) != int(floats[0]) {
			return 0, fmt.Errorf("%d floats arrived, the first says %v", len(floats), floats[0])
		}
		s.add(5)
	}
	return 0, nil
})

var soakReceive = multiproc.Register("soak-receive", func(ctx context.Context, s soakTask) (int, error) {
	done := make(chan error, 2)
	go func() {
		for {
			if _, err := s.Small.Get(ctx); err != nil {
				done <- over(ctx, err)
				return
			}
			s.add(1)
		}
	}()
	go func() {
		floats := make([]float64, 100)
		for {
			p, err := s.Mixed.Get(ctx)
			if err != nil {
				done <- over(ctx, err)
				return
			}
			s.add(3)
			_ = crc32.ChecksumIEEE(p.Bytes)
			if p.Value != nil {
				if v, err := p.Value.Load(); err != nil || v != p.N {
					done <- fmt.Errorf("value of parcel %d is %d: %v", p.N, v, err)
					return
				}
				_ = p.Value.Close()
			}
			floats[0] = float64(1 + p.N%100)
			if err := s.Back.Send(ctx, floats[:1+p.N%100]); err != nil {
				done <- over(ctx, err)
				return
			}
			s.add(4)
		}
	}()
	return 0, errors.Join(<-done, <-done)
})

// over is no error when the run is over.
func over(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// usage is what a process takes.
type usage struct{ rss, fds, threads int }

func usageOf(pid int) (u usage) {
	data, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	for line := range strings.SplitSeq(string(data), "\n") {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch n, _ := strconv.Atoi(f[1]); f[0] {
		case "RssAnon:":
			u.rss = n
		case "Threads:":
			u.threads = n
		}
	}
	fds, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/fd/*")
	u.fds = len(fds)
	return u
}

func (u *usage) grow(v usage) {
	u.rss, u.fds, u.threads = max(u.rss, v.rss), max(u.fds, v.fds), max(u.threads, v.threads)
}

// TestSoakQueues sends items of all sorts through queues and a pipe for the whole duration. What each process takes must be the same at the end as after a short while, however much
// has gone through.
func TestSoakQueues(t *testing.T) {
	baseline := settle(t, arena.Census{})
	baseline.Bytes += slack
	small, err1 := queue.New[[64]byte](128)
	mixed, err2 := queue.New[parcel](32, queue.WithMemory(32<<10))
	back, forth, err3 := queue.NewPipe[[]float64]()
	count, err4 := shm.NewRawArray[uint64](6)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	send, err1 := soakSend.Start(ctx, soakTask{small, mixed, back, count}, multiproc.WithStartTimeout(watchdog), multiproc.WithGrace(watchdog))
	receive, err2 := soakReceive.Start(ctx, soakTask{small, mixed, forth, count}, multiproc.WithStartTimeout(watchdog), multiproc.WithGrace(watchdog))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	pids := map[string]int{"sender": send.PID(), "receiver": receive.PID(), "parent": os.Getpid()}
	early, late := map[string]*usage{}, map[string]*usage{}
	for name := range pids {
		early[name], late[name] = new(usage), new(usage)
	}
	// What each process takes from the beginning it has taken when items of each sort have come through.
	testproc.Eventually(t, "a hundred messages", func() bool {
		return atomic.LoadUint64(&count.Slice()[5]) >= 100 || send.Context().Err() != nil || receive.Context().Err() != nil
	})
	var memory [2]int64
	begin := time.Now()
	for elapsed := time.Duration(0); elapsed < *duration; elapsed = time.Since(begin) {
		time.Sleep(max(*duration/200, 10*time.Millisecond))
		into, half := early, 0
		if elapsed > *duration/2 {
			into, half = late, 1
		}
		for name, pid := range pids {
			into[name].grow(usageOf(pid))
		}
		c, err := arena.Count()
		if err != nil {
			t.Fatal(err)
		}
		memory[half] = max(memory[half], c.Bytes)
	}
	cancel()
	for name, p := range map[string]interface {
		Wait(context.Context) (int, error)
	}{"sender": send, "receiver": receive} {
		if _, err := p.Wait(context.Background()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := count.Slice()
	t.Logf("%d small items, %d mixed ones, %d messages through the pipe; shared memory at most %d KiB in the first half, %d in the second", n[1], n[3], n[5], memory[0]>>10, memory[1]>>10)
	for name := range pids {
		e, l := early[name], late[name]
		t.Logf("%s: first half at most %d KiB, %d descriptors, %d threads; second half %d, %d, %d", name, e.rss, e.fds, e.threads, l.rss, l.fds, l.threads)
		// The Go heap breathes; threads are started when the scheduler likes. What leaks grows with the items, of which there are millions.
		if l.rss > e.rss*3/2+16<<10 || l.fds > e.fds+2 || l.threads > e.threads+8 {
			t.Errorf("the %s has grown: %+v, then %+v", name, *e, *l)
		}
	}
	if memory[1] > memory[0]*3/2+slack {
		t.Errorf("shared memory has grown from %d to %d bytes", memory[0], memory[1])
	}
	if n[1] == 0 || n[3] == 0 || n[5] == 0 {
		t.Error("too little went through: the test tested nothing")
	}
	for _, o := range []interface{ Close() error }{back, forth, count} {
		_ = o.Close()
	}
	_, _ = small.Detach(), mixed.Detach()
	settle(t, baseline)
}
