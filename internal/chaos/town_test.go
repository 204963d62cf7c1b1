//go:build linux

package chaos

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

// maxItems is how many items a run can number; a run that uses them up idles.
const maxItems = 1 << 22

// town is all kinds of primitives at once, and books about each in shared memory, which survive whoever keeps them.
type town struct {
	Slot  int
	Tasks *queue.JoinableQueue[[]byte]
	Gifts *queue.Queue[gift]
	RLock *psync.RLock
	Sem   *psync.Semaphore
	Pool  *psync.BoundedSemaphore
	Event *psync.Event
	Cond  *psync.Condition
	Gate  *psync.Barrier
	Books *shm.RawValue[books]
	// What became of each task: bit 0 set when its Put was acknowledged; from bit 8 on how often it was received.
	Fate *shm.RawArray[uint32]
}

// gift is an item with a handle in it.
type gift struct {
	N     int64
	Value *shm.Value[int64]
}

type books struct {
	NextItem  atomic.Uint64
	Torn      atomic.Uint64
	Wrong     atomic.Uint64 // calls that failed as they must not
	Inside    atomic.Uint64 // of the RLock: slot+1
	Doubled   atomic.Uint64 // two in the RLock at once
	RLocked   atomic.Uint64
	Posts     [64]counted
	Takes     [64]counted
	Rented    atomic.Uint64
	Events    atomic.Uint64
	Woken     atomic.Uint64
	Tokens    int64 // guarded by the condition's lock
	Passed    atomic.Uint64
	Broken    atomic.Uint64
	Delivered atomic.Uint64
	Longest   [64]int64 // ns that the slot's workers have waited at most for a task in a queue that was not empty
}

// counted is how often something was begun and how often it was done: a killed process leaves one more begun than done for each of its goroutines.
type counted struct{ Begun, Done atomic.Uint64 }

func newTown(t *testing.T) town {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var c town
	var err error
	c.Tasks, err = queue.NewJoinable[[]byte](64, queue.WithMemory(8<<10))
	must(err)
	c.Gifts, err = queue.New[gift](16)
	must(err)
	c.RLock, err = psync.NewRLock()
	must(err)
	c.Sem, err = psync.NewSemaphore(5)
	must(err)
	c.Pool, err = psync.NewBoundedSemaphore(4)
	must(err)
	c.Event, err = psync.NewEvent()
	must(err)
	c.Cond, err = psync.NewCondition(nil)
	must(err)
	c.Gate, err = psync.NewBarrier(3)
	must(err)
	c.Books, err = shm.NewRawValue(books{})
	must(err)
	c.Fate, err = shm.NewRawArray[uint32](maxItems)
	must(err)
	return c
}

func (c town) close() {
	for _, o := range []interface{ Close() error }{c.Tasks, c.Gifts, c.RLock, c.Sem, c.Pool, c.Event, c.Cond.Locker(), c.Cond, c.Gate, c.Books, c.Fate} {
		_ = o.Close()
	}
	_ = c.Tasks.Detach()
	_ = c.Gifts.Detach()
}

// live does everything at once until it is killed.
var live = multiproc.Register("chaos-town", func(ctx context.Context, c town) (int, error) {
	for i, job := range []func(*rand.Rand) error{c.put, c.take, c.take, c.give, c.unwrap, c.lock, c.post, c.acquire, c.rent, c.signal, c.await, c.produce, c.consume, c.meet} {
		go func() {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(time.Now().UnixNano())))
			for {
				if err := job(rng); err != nil && !errors.Is(err, context.DeadlineExceeded) {
					c.Books.Ptr().Wrong.Add(1)
					println("chaos-town: job", i, err.Error())
				}
			}
		}()
	}
	<-ctx.Done()
	return 0, nil
})

// soon is a context that ends soon, or, mostly, late.
func soon(rng *rand.Rand) (context.Context, context.CancelFunc) {
	d := time.Duration(rng.IntN(40)) * time.Millisecond
	if rng.IntN(4) == 0 {
		d = time.Duration(rng.IntN(100)) * time.Microsecond
	}
	return context.WithTimeout(context.Background(), d)
}

const received = 1 << 8

// put puts a numbered task, some of them larger than the queue.
func (c town) put(rng *rand.Rand) error {
	n := c.Books.Ptr().NextItem.Add(1) - 1
	if n >= maxItems {
		time.Sleep(time.Millisecond)
		return nil
	}
	size := rng.IntN(300)
	if rng.IntN(50) == 0 {
		size = 5000 + rng.IntN(20_000)
	}
	b := make([]byte, 12+size)
	binary.LittleEndian.PutUint64(b[4:], n)
	for i := range b[12:] {
		b[12+i] = byte(n) + byte(i)
	}
	binary.LittleEndian.PutUint32(b, crc32.ChecksumIEEE(b[4:]))
	ctx, cancel := soon(rng)
	defer cancel()
	if rng.IntN(3) == 0 {
		if err := c.Tasks.TryPut(b); err != nil {
			if err == queue.ErrFull {
				return nil
			}
			return err
		}
	} else if err := c.Tasks.Put(ctx, b); err != nil {
		return err
	}
	atomic.OrUint32(&c.Fate.Slice()[n], 1)
	return nil
}

// take takes a task, notes it, and says that it is done.
func (c town) take(rng *rand.Rand) error {
	ctx, cancel := soon(rng)
	defer cancel()
	begin := time.Now()
	b, err := c.Tasks.Get(ctx)
	if err != nil {
		return err
	}
	l := c.Books.Ptr()
	if waited := int64(time.Since(begin)); waited > atomic.LoadInt64(&l.Longest[c.Slot]) {
		atomic.StoreInt64(&l.Longest[c.Slot], waited)
	}
	c.note(b)
	if err := c.Tasks.TaskDone(); err != nil {
		return err
	}
	l.Delivered.Add(1)
	return nil
}

func (c town) note(b []byte) {
	l := c.Books.Ptr()
	if len(b) < 12 || binary.LittleEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:]) || binary.LittleEndian.Uint64(b[4:]) >= maxItems {
		l.Torn.Add(1)
		return
	}
	atomic.AddUint32(&c.Fate.Slice()[binary.LittleEndian.Uint64(b[4:])], received)
}

// give sends an object whose only handle is the item.
func (c town) give(rng *rand.Rand) error {
	n := rng.Int64()
	v, err := shm.NewValue(n)
	if err != nil {
		return err
	}
	defer v.Close()
	ctx, cancel := soon(rng)
	defer cancel()
	return c.Gifts.Put(ctx, gift{n, v})
}

func (c town) unwrap(rng *rand.Rand) error {
	ctx, cancel := soon(rng)
	defer cancel()
	g, err := c.Gifts.Get(ctx)
	if err != nil {
		return err
	}
	defer g.Value.Close()
	if n, err := g.Value.Load(); err != nil || n != g.N {
		c.Books.Ptr().Torn.Add(1)
		return err
	}
	return nil
}

func (c town) lock(rng *rand.Rand) error {
	h := c.RLock.Holder()
	ctx, cancel := soon(rng)
	defer cancel()
	rec, err := h.Acquire(ctx)
	if err != nil {
		return err
	}
	l := c.Books.Ptr()
	if l.Inside.Swap(uint64(c.Slot)+1) != 0 && !rec.Recovered() {
		l.Doubled.Add(1)
	}
	for range rng.IntN(4) {
		h.Lock()
		defer h.Unlock()
	}
	l.RLocked.Add(1)
	if !l.Inside.CompareAndSwap(uint64(c.Slot)+1, 0) {
		l.Doubled.Add(1)
	}
	h.Unlock()
	return nil
}

func (c town) post(rng *rand.Rand) error {
	if c.Sem.Value() > 20 {
		time.Sleep(time.Millisecond)
		return nil
	}
	l := &c.Books.Ptr().Posts[c.Slot]
	n := uint64(1 + rng.IntN(3))
	l.Begun.Add(n)
	if err := c.Sem.ReleaseN(int(n)); err != nil {
		return err
	}
	l.Done.Add(n)
	return nil
}

func (c town) acquire(rng *rand.Rand) error {
	l := &c.Books.Ptr().Takes[c.Slot]
	n := uint64(1 + rng.IntN(3))
	ctx, cancel := soon(rng)
	defer cancel()
	l.Begun.Add(n)
	if err := c.Sem.AcquireN(ctx, int(n)); err != nil {
		l.Begun.Add(-n)
		return err
	}
	l.Done.Add(n)
	return nil
}

func (c town) rent(rng *rand.Rand) error {
	ctx, cancel := soon(rng)
	defer cancel()
	n := 1 + rng.IntN(3)
	if err := c.Pool.AcquireN(ctx, n); err != nil {
		return err
	}
	c.Books.Ptr().Rented.Add(1)
	if rng.IntN(4) == 0 {
		time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
	}
	return c.Pool.ReleaseN(n)
}

func (c town) signal(rng *rand.Rand) error {
	time.Sleep(time.Duration(rng.IntN(500)) * time.Microsecond)
	if err := c.Event.Set(); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		return c.Event.Clear()
	}
	return nil
}

func (c town) await(rng *rand.Rand) error {
	ctx, cancel := soon(rng)
	defer cancel()
	err := c.Event.Wait(ctx)
	if err == nil {
		c.Books.Ptr().Events.Add(1)
		time.Sleep(time.Duration(rng.IntN(100)) * time.Microsecond)
	}
	return err
}

func (c town) produce(rng *rand.Rand) error {
	time.Sleep(time.Duration(rng.IntN(200)) * time.Microsecond)
	l := c.Cond.Locker()
	l.Lock()
	defer l.Unlock()
	if rng.IntN(8) == 0 {
		c.Books.Ptr().Tokens += 3
		return c.Cond.NotifyAll()
	}
	c.Books.Ptr().Tokens++
	return c.Cond.Notify(1)
}

func (c town) consume(rng *rand.Rand) error {
	ctx, cancel := soon(rng)
	defer cancel()
	l := c.Cond.Locker()
	if _, err := l.Acquire(ctx); err != nil {
		return err
	}
	defer l.Unlock()
	b := c.Books.Ptr()
	if err := c.Cond.WaitFor(ctx, func() bool { return b.Tokens > 0 }); err != nil {
		return err
	}
	b.Tokens--
	b.Woken.Add(1)
	return nil
}

func (c town) meet(rng *rand.Rand) error {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := c.Gate.Wait(ctx)
	switch {
	case err == nil:
		c.Books.Ptr().Passed.Add(1)
	case errors.Is(err, psync.ErrBroken), errors.Is(err, context.DeadlineExceeded):
		c.Books.Ptr().Broken.Add(1)
		if !c.Gate.Broken() && rng.IntN(8) > 0 {
			return nil // another has reset it, and each further time breaks it for those who have come since
		}
		return c.Gate.Reset()
	default:
		return err
	}
	time.Sleep(time.Duration(rng.IntN(300)) * time.Microsecond)
	return nil
}
