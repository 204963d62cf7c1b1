package rows

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/queue"
	"github.com/multiproc-go/multiproc/shm"
)

func blockRows(w workload) []bench.Row {
	// Through a queue a block is copied twice, as it is without one.
	near := []bench.Target{bench.AtLeast(0.6, copying)}
	return []bench.Row{
		{
			Name: "queue-64k", Title: "Queue of 64 KiB items, PutFrom and GetInto", Op: "item", Targets: near,
			Setup: func(context.Context, *bench.Env) (*bench.Work, error) {
				return setUpBlocks(moveMedium, mediumRoom, w.mediums)
			},
		},
		{
			Name: "queue-1m", Title: "Queue of 1 MiB items, PutFrom and GetInto", Op: "item", Targets: near,
			Setup: func(context.Context, *bench.Env) (*bench.Work, error) {
				return setUpBlocks(moveLarge, largeRoom, w.larges)
			},
		},
	}
}

type (
	medium [64 << 10]byte
	large  [1 << 20]byte
)

// How many blocks the queues hold.
const (
	mediumRoom = 16
	largeRoom  = 8
)

func (b *medium) bytes() []byte { return b[:] }
func (b *large) bytes() []byte  { return b[:] }

type block[T any] interface {
	*T
	bytes() []byte
}

var (
	moveMedium = multiproc.Register("bench.queue.medium", onCue(moveBlocks[medium]))
	moveLarge  = multiproc.Register("bench.queue.large", onCue(moveBlocks[large]))
)

// moveBlocks is the work of either side of a queue of blocks, which are numbered at both ends.
func moveBlocks[T any, P block[T]](ctx context.Context, e errand[T], begin func() error) error {
	item := P(new(T))
	b := item.bytes()
	first, last := b[:8], b[len(b)-8:]
	put := func(n int) error {
		for i := range n {
			binary.LittleEndian.PutUint64(first, uint64(i))
			binary.LittleEndian.PutUint64(last, uint64(i))
			if err := e.Queue.PutFrom(ctx, item); err != nil {
				return err
			}
		}
		return nil
	}
	get := func(n int) error {
		for i := range n {
			if err := e.Queue.GetInto(ctx, item); err != nil {
				return err
			}
			if f, l := binary.LittleEndian.Uint64(first), binary.LittleEndian.Uint64(last); f != uint64(i) || l != uint64(i) {
				return fmt.Errorf("block %d begins with %d and ends with %d", i, f, l)
			}
		}
		return nil
	}
	work := get
	if e.Put {
		work = put
	}
	if err := work(e.Warm); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return work(e.N)
}

// transcript is what a worker is told that copies blocks into memory which another process reads meanwhile, or out of it. Neither waits for the other.
type transcript struct {
	Memory  *shm.RawArray[byte]
	Into    bool
	Block   int
	N, Warm int
}

var copyBlocks = multiproc.Register("bench.copy", onCue(func(_ context.Context, t transcript, begin func() error) error {
	return copyThrough(t, begin)
}))

func copyThrough(t transcript, begin func() error) error {
	memory, private := t.Memory.Slice(), make([]byte, t.Block)
	at := 0
	if !t.Into {
		at = len(memory) / 2 // as a reader that follows a writer
	}
	work := func(n int) {
		for range n {
			if t.Into {
				copy(memory[at:at+t.Block], private)
			} else {
				copy(private, memory[at:at+t.Block])
			}
			if at += t.Block; at == len(memory) {
				at = 0
			}
		}
	}
	work(t.Warm)
	if err := begin(); err != nil {
		return err
	}
	work(t.N)
	return nil
}

func setUpBlocks[T any, P block[T]](fn *multiproc.Func[turn[errand[T]], time.Duration], room, n int) (*bench.Work, error) {
	size := len(P(new(T)).bytes())
	q, err := queue.New[T](room, queue.WithMemory(room*size))
	if err != nil {
		return nil, err
	}
	memory, err := shm.NewRawArray[byte](room * size)
	if err != nil {
		done(q)
		return nil, err
	}
	t := transcript{Memory: memory, Block: size, N: n, Warm: room}
	into := t
	into.Into = true
	return &bench.Work{
		Cases: []bench.Case{
			throughQueue(fn, q, n, 1),
			{Key: copying, Label: "two processes that only copy", Round: func(ctx context.Context) (bench.Sample, error) {
				took, err := runPair(ctx, copyBlocks, side[transcript]{task: into}, side[transcript]{task: t})
				if err != nil {
					return bench.Sample{}, err
				}
				return bench.Per(took, n), nil
			}},
		},
		Notes: []string{fmt.Sprintf("the other side copies %d KiB at a time into %d KiB of shared memory, and out of it, in two processes at once that don't wait for each other", size>>10, room*size>>10)},
		Close: closeAll(func() error { return done(q) }, memory.Close),
	}, nil
}
