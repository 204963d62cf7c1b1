//go:build linux

package ring

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func format(ref arena.Ref) string { return fmt.Sprintf("%d/%d", ref.Off, ref.Serial) }

func parse(s string) (ref arena.Ref) {
	if _, err := fmt.Sscanf(s, "%d/%d", &ref.Off, &ref.Serial); err != nil {
		panic(err)
	}
	return ref
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(err)
	}
	return n
}

// journal is shared memory in which producers note what was put for certain, and consumers what they have got. It outlives them all.
type journal struct {
	h     *arena.Handle
	words []uint32
	each  int // items of one producer
}

const maxProducers = 16

func (j *journal) view(h *arena.Handle, each int) {
	j.h, j.each = h, each
	j.words = unsafe.Slice((*uint32)(h.Payload()), maxProducers*(1+each))
}

// acked is how many items of a producer are put for certain.
func (j *journal) acked(tag int) *uint32 { return &j.words[tag] }

// got is how often an item was got.
func (j *journal) got(tag, seq int) *uint32 { return &j.words[maxProducers+tag*j.each+seq] }

func newJournal(t testing.TB, each int) *journal {
	t.Helper()
	h, err := arena.New(arena.Spec{Kind: 1, Size: uint64(4 * maxProducers * (1 + each))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	j := new(journal)
	j.view(h, each)
	return j
}

// contents of an item: tag, number, reference or zeros, then a filler of a length that depends on the number.
func contents(tag, seq int, ref arena.Ref) []byte {
	n := 24 + (seq*37)%150
	if seq%11 == 7 {
		n = 3000 // larger than the test's rings
	}
	b := make([]byte, n)
	binary.LittleEndian.PutUint32(b, uint32(tag))
	binary.LittleEndian.PutUint32(b[4:], uint32(seq))
	binary.LittleEndian.PutUint64(b[8:], ref.Off)
	binary.LittleEndian.PutUint64(b[16:], ref.Serial)
	for i := 24; i < n; i++ {
		b[i] = byte(tag*7 + seq + i)
	}
	return b
}

// produce puts items from..to of a producer: every third refers to an object of its own and to the journal.
func produce(ctx context.Context, r *Ring, j *journal, tag, from, to int) error {
	for seq := from; seq < to; seq++ {
		it := Item{Kind: 1}
		var h *arena.Handle
		if seq%3 == 0 {
			var err error
			if h, err = arena.New(arena.Spec{Kind: 1, Size: 16}); err != nil {
				return err
			}
			binary.LittleEndian.PutUint64(payloadBytes(h.Payload(), 16), uint64(tag*1000+seq))
			it.Refs = []arena.Ref{h.Ref(), j.h.Ref()}
			it.Data = contents(tag, seq, h.Ref())
		} else {
			it.Data = contents(tag, seq, arena.Ref{})
		}
		err := r.Put(ctx, &it)
		if h != nil {
			_ = h.Close()
		}
		if err != nil {
			return fmt.Errorf("item %d of %d: %w", seq, tag, err)
		}
		atomic.StoreUint32(j.acked(tag), uint32(seq+1))
	}
	return nil
}

// consume takes items until the ring is closed, or ctx ends, and checks each, and the order of those of each producer.
func consume(ctx context.Context, r *Ring, j *journal) error {
	last := map[int]int{}
	for {
		var o Out
		err := r.Get(ctx, &o)
		if errors.Is(err, errs.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		tag, seq := int(binary.LittleEndian.Uint32(o.Data)), int(binary.LittleEndian.Uint32(o.Data[4:]))
		ref := arena.Ref{Off: binary.LittleEndian.Uint64(o.Data[8:]), Serial: binary.LittleEndian.Uint64(o.Data[16:])}
		if tag >= maxProducers || seq >= j.each || string(o.Data) != string(contents(tag, seq, ref)) {
			return fmt.Errorf("item %d of %d is torn", seq, tag)
		}
		if before, ok := last[tag]; ok && before >= seq {
			return fmt.Errorf("item %d of %d after item %d", seq, tag, before)
		}
		last[tag] = seq
		if ref != (arena.Ref{}) {
			h, err := arena.Attach(ref)
			if err != nil {
				return fmt.Errorf("the object of item %d of %d: %w", seq, tag, err)
			}
			if v := binary.LittleEndian.Uint64(payloadBytes(h.Payload(), 16)); v != uint64(tag*1000+seq) {
				return fmt.Errorf("the object of item %d of %d has %d", seq, tag, v)
			}
			_ = h.Close()
		}
		o.drop()
		atomic.AddUint32(j.got(tag, seq), 1)
	}
}

// theirs are a child's handles.
var theirs sync.Map

// arrived are the ring and the journal of a child's request.
func arrived(args []string, each int) (*Ring, *journal, error) {
	if r, ok := theirs.Load(args[0]); ok {
		j, _ := theirs.Load(args[1])
		return r.(*Ring), j.(*journal), nil
	}
	r, err := Attach(parse(args[0]), kind)
	if err != nil {
		return nil, nil, err
	}
	h, err := arena.Attach(parse(args[1]))
	if err != nil {
		return nil, nil, err
	}
	j := new(journal)
	j.view(h, each)
	theirs.Store(args[0], r)
	theirs.Store(args[1], j)
	return r, j, nil
}

func init() {
	// work: ring, journal, items of a producer, how, then tag, from and to of a producer, or nothing.
	testproc.Handle("work", func(args []string) (string, error) {
		r, j, err := arrived(args, number(args[2]))
		if err != nil {
			return "", err
		}
		if args[3] == "record" {
			killpoint.Record()
		}
		ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
		defer cancel()
		if len(args) > 4 {
			err = produce(ctx, r, j, number(args[4]), number(args[5]), number(args[6]))
		} else {
			err = consume(ctx, r, j)
		}
		points, _ := json.Marshal(killpoint.Recorded())
		return string(points), err
	})
	// hold enters a side's lock and stays there.
	testproc.Handle("hold", func(args []string) (string, error) {
		r, err := Attach(parse(args[0]), kind)
		if err != nil {
			return "", err
		}
		theirs.Store(args[0], r)
		if args[1] == "producer" {
			return "", r.enter(context.Background(), &r.producer)
		}
		return "", r.enter(context.Background(), &r.consumer)
	})
	testproc.Handle("nothing", func([]string) (string, error) { return "", nil })
	testproc.Handle("get", func(args []string) (string, error) {
		r, err := Attach(parse(args[0]), kind)
		if err != nil {
			return "", err
		}
		defer r.Detach()
		ctx, cancel := context.WithTimeout(context.Background(), testproc.Watchdog)
		defer cancel()
		var o Out
		err = r.Get(ctx, &o)
		return string(o.Data), err
	})
}

func workIn(p *testproc.Proc, r *Ring, j *journal, how string, more ...any) *testproc.Call {
	return p.Go("work", append([]any{format(r.Handle().Ref()), format(j.h.Ref()), j.each, how}, more...)...)
}

// TestProcesses: several producers and consumers, in several processes. Each item arrives once, and those of a producer in order.
func TestProcesses(t *testing.T) {
	flat(t)
	each := 3000
	if testing.Short() {
		each = 300
	}
	r := newRing(t, 20, 2048)
	j := newJournal(t, each)
	ctx := bounded(t)
	var consumers, producers []*testproc.Call
	var procs []*testproc.Proc
	for i := range 3 {
		p := testproc.Start(t)
		procs = append(procs, p)
		consumers = append(consumers, workIn(p, r, j, ""))
		producers = append(producers, workIn(p, r, j, "", 2*i, 0, each), workIn(p, r, j, "", 2*i+1, 0, each))
	}
	other := another(t, r)
	var mine sync.WaitGroup
	for range 2 {
		mine.Go(func() {
			if err := consume(ctx, other, j); err != nil {
				t.Error(err)
			}
		})
	}
	if err := produce(ctx, r, j, 6, 0, each); err != nil {
		t.Fatal(err)
	}
	for _, c := range producers {
		c.Must()
	}
	if err := r.Shut(); err != nil {
		t.Fatal(err)
	}
	for _, c := range consumers {
		c.Must()
	}
	testproc.Finish(t, "the consumers", mine.Wait)
	for tag := range 7 {
		for seq := range each {
			if n := atomic.LoadUint32(j.got(tag, seq)); n != 1 {
				t.Fatalf("item %d of %d was got %d times", seq, tag, n)
			}
		}
	}
	for _, p := range procs {
		p.Bury()
	}
}

// TestStoppedInside: a process that is stopped inside holds up its side for as long as others are willing to wait, the other side not at all; when it dies, it goes on.
func TestStoppedInside(t *testing.T) {
	defer func(p time.Duration) { patience = p }(patience)
	patience = 10 * time.Millisecond
	flat(t)
	r := newRing(t, 10, 1024)
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	mustPut(t, r, text(5, 1))
	p := testproc.Start(t)
	p.Must("hold", format(r.Handle().Ref()), "producer")
	p.Stop()
	if producer, consumer := r.Busy(); producer == "" || consumer != "" {
		t.Errorf("busy: %q, %q", producer, consumer)
	}
	if err := r.TryPut(&Item{}); err != ErrFull {
		t.Error(err)
	}
	if n, err := r.PutSome(1, func(int) *Item { return &Item{} }); n != 0 || err != ErrFull {
		t.Error(n, err)
	}
	if err := r.Put(soon(), &Item{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	mustGet(t, r, text(5, 1))
	done := make(chan error, 1)
	go func() { done <- r.Put(bounded(t), &Item{Kind: 1, Data: text(5, 2)}) }()
	time.Sleep(5 * time.Millisecond)
	p.Bury()
	testproc.Finish(t, "Put after a death inside", func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	p = testproc.Start(t)
	p.Must("hold", format(r.Handle().Ref()), "consumer")
	p.Stop()
	if err := r.TryGet(&Out{}); err != ErrEmpty {
		t.Error(err)
	}
	if n, err := r.GetSome(1, func(int) *Out { return &Out{} }); n != 0 || err != ErrEmpty {
		t.Error(n, err)
	}
	if err := r.Get(soon(), &Out{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	mustPut(t, r, text(5, 3))
	if err := r.Shut(); err != nil {
		t.Error(err)
	}
	if err := r.TryGet(&Out{}); err != ErrEmpty { // not ErrClosed: there are items
		t.Error(err)
	}
	p.Bury()
	var o Out
	if err := r.Get(bounded(t), &o); err != nil {
		t.Fatal(err)
	}
	mustGet(t, r, text(5, 3))
}

// TestStoppedSleeper: a process that sleeps for an item and is stopped does not take the wake-up of others for good.
func TestStoppedSleeper(t *testing.T) {
	flat(t)
	r := newRing(t, 10, 1024)
	p := testproc.Start(t)
	theirs := p.Go("get", format(r.Handle().Ref()))
	asleepIn(t, r, offGetBell)
	p.Stop()
	done := make(chan error, 1)
	go func() { done <- r.Get(bounded(t), &Out{}) }()
	testproc.Eventually(t, "both wait", func() bool { return r.getters.Queued() == 0 && r.sleepers(offGetBell) })
	mustPut(t, r, text(5, 1))
	testproc.Finish(t, "Get beside a stopped sleeper", func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p.Continue()
	mustPut(t, r, text(5, 2))
	if got := theirs.Must(); got != string(text(5, 2)) && len(got) != 5 {
		t.Errorf("%q", got)
	}
	p.Bury()
}
