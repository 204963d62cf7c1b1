package tour

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

const (
	channelSize     = 10_000 // values of a message
	channelMessages = 1_000
)

// channel sends arrays from a child to the parent: once by hand, with shared
// memory and semaphores, and once through a Queue.
type channel struct {
	ship *multiproc.Func[shipment, struct{}]
	put  *multiproc.Func[freight, struct{}]
}

func newChannel() channel { return channel{shipNumbers, putNumbers} }

func (c channel) program() Program {
	return Program{"channel", "arrays of 10,000 doubles from process to process", c.run}
}

// floats is a channel with room for one message. The two semaphores say whose
// turn it is, so the array and the length need no lock: a sender takes Empty,
// writes, and gives Full; a receiver takes Full, reads, and gives Empty.
type floats struct {
	Array       *shm.RawArray[float64]
	Length      *shm.RawValue[int64]
	Empty, Full *psync.Semaphore
}

func newFloats() (f floats, err error) {
	if f.Array, err = shm.NewRawArray[float64](channelSize); err != nil {
		return f, err
	}
	if f.Length, err = shm.NewRawValue(int64(0)); err != nil {
		return f, err
	}
	if f.Empty, err = psync.NewSemaphore(1); err != nil {
		return f, err
	}
	f.Full, err = psync.NewSemaphore(0)
	return f, err
}

func (f floats) send(ctx context.Context, values []float64) error {
	if err := f.Empty.Acquire(ctx); err != nil {
		return err
	}
	n := copy(f.Array.Slice(), values)
	*f.Length.Ptr() = int64(n)
	return f.Full.Release()
}

// receive appends the next message to buf.
func (f floats) receive(ctx context.Context, buf []float64) ([]float64, error) {
	if err := f.Full.Acquire(ctx); err != nil {
		return buf, err
	}
	buf = append(buf, f.Array.Slice()[:*f.Length.Ptr()]...)
	return buf, f.Empty.Release()
}

// ramp is what is sent: message k has the 10,000 numbers from k on.
var ramp = func() []float64 {
	all := make([]float64, channelSize+channelMessages+1)
	for i := range all {
		all[i] = float64(i)
	}
	return all
}()

func message(k int) []float64 { return ramp[k : k+channelSize] }

// shipment is how many messages a child has to send, and where.
type shipment struct {
	Channel floats
	N       int // less than 0: without end
}

var shipNumbers = multiproc.Register("tour.channel.ship", func(ctx context.Context, x shipment) (struct{}, error) {
	for k := 0; k != x.N; k++ {
		if err := x.Channel.send(ctx, message(k%(channelMessages+1))); err != nil {
			return struct{}{}, err
		}
	}
	// The receiver waits no longer than this process lives: it stays until the
	// last message has been taken.
	return struct{}{}, x.Channel.Empty.Acquire(ctx)
})

// freight is the same for a Queue.
type freight struct {
	Queue *queue.Queue[[]float64]
	N     int
}

var putNumbers = multiproc.Register("tour.channel.put", func(ctx context.Context, x freight) (struct{}, error) {
	for k := range x.N {
		if err := x.Queue.Put(ctx, message(k)); err != nil {
			return struct{}{}, err
		}
	}
	return struct{}{}, nil
})

func (c channel) run(ctx context.Context, s *stage) (err error) {
	f, err := newFloats()
	if err != nil {
		return err
	}
	defer func() { closeAll(&err, f.Array, f.Length, f.Empty, f.Full) }()

	s.Say("A channel for arrays, made of a shared array, a shared length and two semaphores: empty, which is 1 at the start, and full, which is 0. A child sends the numbers from 0 on, then those from 1 on, and so forth.")
	p, err := c.ship.Start(ctx, shipment{f, 1 + channelMessages})
	if err != nil {
		return err
	}
	buf := make([]float64, 0, channelSize)
	first, err := f.receive(p.Context(), buf)
	if err != nil {
		return err
	}
	s.Show("the first of %d values: %v", len(first), first[:min(10, len(first))])
	s.Check(slices.Equal(first, message(0)), "all of the first message is right")

	s.Say("Now %d such messages, and the same through a queue.Queue, which has room for a dozen, so that both sides copy at the same time:", channelMessages)
	if err := timed(s, "by hand", func(k int) (bool, error) {
		got, err := f.receive(p.Context(), buf)
		return slices.Equal(got, message(k)), err
	}); err != nil {
		return err
	}
	if _, err := p.Wait(ctx); err != nil {
		return err
	}
	if err := c.queue(ctx, s); err != nil {
		return err
	}
	return c.death(ctx, s, f)
}

// timed receives the messages 1 to channelMessages, and says how fast.
func timed(s *stage, how string, receive func(k int) (right bool, err error)) error {
	right := 0
	begin := time.Now()
	for k := 1; k <= channelMessages; k++ {
		ok, err := receive(k)
		if err != nil {
			return err
		}
		if ok {
			right++
		}
	}
	perSecond := channelMessages / time.Since(begin).Seconds()
	s.Show("%-8s  %7.0f messages/s  %6.0f MB/s", how+":", perSecond, perSecond*8*channelSize/1e6)
	s.Check(right == channelMessages, "%d of %d messages have the right values", right, channelMessages)
	return nil
}

func (c channel) queue(ctx context.Context, s *stage) (err error) {
	// A megabyte, so that a dozen messages fit into the queue's own memory.
	q, err := queue.New[[]float64](12, queue.WithMemory(1<<20))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Detach()) }()
	p, err := c.put.Start(ctx, freight{q, 1 + channelMessages})
	if err != nil {
		return err
	}
	buf, err := q.Get(p.Context())
	if err != nil {
		return err
	}
	if err := timed(s, "Queue", func(k int) (bool, error) {
		err := queueGet(p, q, &buf)
		return slices.Equal(buf, message(k)), err
	}); err != nil {
		return err
	}
	_, err = p.Wait(ctx)
	return err
}

// queueGet gets the next item, in the room that *buf has. The last ones may
// still be there when the worker that put them has ended.
func queueGet[Out, T any](p *multiproc.Process[Out], q *queue.Queue[T], buf *T) error {
	err := q.GetInto(p.Context(), buf)
	if err != nil && q.Len() > 0 {
		return q.GetInto(context.Background(), buf)
	}
	return err
}

func (c channel) death(ctx context.Context, s *stage, f floats) error {
	if err := f.Empty.Release(); err != nil { // the last child has kept it
		return err
	}
	s.Say("A child that would send for ever is killed. The parent waits with the child's context, so its wait ends with the child. (What the child held of the semaphores is lost: this channel is finished. A Queue would go on.)")
	p, err := c.ship.Start(ctx, shipment{f, -1})
	if err != nil {
		return err
	}
	got, failed := 0, error(nil)
	buf := make([]float64, 0, channelSize)
	for ; failed == nil; got++ {
		if got == 5 {
			if err := p.Kill(); err != nil {
				return err
			}
		}
		_, failed = f.receive(p.Context(), buf)
	}
	var exited *multiproc.ExitError
	s.Show("%v", failed)
	s.Check(errors.As(failed, &exited) && exited.SignalName == "SIGKILL", "the wait ended, and says that the child was killed")
	return ctx.Err()
}
