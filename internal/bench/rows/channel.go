package rows

import (
	"context"
	"fmt"
	"slices"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func channelRows(w workload) []bench.Row {
	return []bench.Row{{
		Name:    "channel",
		Title:   "10,000 doubles by an Array and two Semaphores",
		Op:      "message",
		Targets: []bench.Target{bench.AtLeast(15, python)},
		Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpChannel(ctx, env, w) },
	}}
}

const channelSize = 10_000

// channel is a place for one message, with its length, and who may use it: a sender takes empty and posts full, a receiver the other way round.
type channel struct {
	Array       *shm.Array[float64]
	Length      *shm.Value[int64]
	Empty, Full *psync.Semaphore
}

// message is what a worker is told of a channel.
type message struct {
	Channel channel
	Send    bool
	N, Warm int
}

// batches are what is sent in turn, of different lengths; the first number is the message's.
func batches() [][]float64 {
	var all [][]float64
	for k := range 4 {
		all = append(all, ramp[float64](channelSize-k))
	}
	return all
}

var useChannel = multiproc.Register("bench.channel", onCue(func(ctx context.Context, m message, begin func() error) error {
	work := m.Channel.receive
	if m.Send {
		work = m.Channel.send
	}
	if err := work(ctx, m.Warm); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return work(ctx, m.N)
}))

func (c channel) send(ctx context.Context, n int) error {
	all := batches()
	for i := range n {
		values := all[i%len(all)]
		values[0] = float64(i)
		if err := c.Empty.Acquire(ctx); err != nil {
			return err
		}
		if _, err := c.Array.CopyFrom(values); err != nil {
			return err
		}
		if err := c.Length.Store(int64(len(values))); err != nil {
			return err
		}
		if err := c.Full.Release(); err != nil {
			return err
		}
	}
	return nil
}

func (c channel) receive(ctx context.Context, n int) error {
	all, got := batches(), make([]float64, channelSize)
	for i := range n {
		if err := c.Full.Acquire(ctx); err != nil {
			return err
		}
		length, err := c.Length.Load()
		if err != nil {
			return err
		}
		if length < 1 || length > channelSize {
			return fmt.Errorf("message %d has %d numbers", i, length)
		}
		got = got[:length]
		if _, err := c.Array.CopyTo(got); err != nil {
			return err
		}
		if err := c.Empty.Release(); err != nil {
			return err
		}
		want := all[i%len(all)]
		if len(got) != len(want) || got[0] != float64(i) || got[len(got)-1] != want[len(want)-1] {
			return fmt.Errorf("message %d has %d numbers, %v to %v", i, len(got), got[0], got[len(got)-1])
		}
		if i == n-1 && !slices.Equal(got[1:], want[1:]) {
			return fmt.Errorf("the numbers of message %d are not those sent", i)
		}
	}
	return nil
}

func newChannel() (c channel, end func() error, err error) {
	end = func() error { return nil }
	defer func() {
		if err != nil {
			end()
		}
	}()
	if c.Array, err = shm.NewArray[float64](channelSize); err != nil {
		return
	}
	end = closeAll(end, c.Array.Close)
	if c.Length, err = shm.NewValue(int64(0)); err != nil {
		return
	}
	end = closeAll(end, c.Length.Close)
	if c.Empty, err = psync.NewSemaphore(1); err != nil {
		return
	}
	end = closeAll(end, c.Empty.Close)
	if c.Full, err = psync.NewSemaphore(0); err != nil {
		return
	}
	return c, closeAll(end, c.Full.Close), nil
}

func setUpChannel(ctx context.Context, env *bench.Env, w workload) (*bench.Work, error) {
	c, end, err := newChannel()
	if err != nil {
		return nil, err
	}
	scripts, err := env.StartAll(ctx, "channel")
	if err != nil {
		end()
		return nil, err
	}
	receiving := message{Channel: c, N: w.messages, Warm: max(w.messages/10, 1)}
	sending := receiving
	sending.Send = true
	cases := []bench.Case{{Key: ours, Label: ours, Round: func(ctx context.Context) (bench.Sample, error) {
		took, err := runPair(ctx, useChannel, side[message]{task: sending}, side[message]{task: receiving})
		if err != nil {
			return bench.Sample{}, err
		}
		return bench.Per(took, w.messages), nil
	}}}
	cases = append(cases, env.PythonCases(scripts, python, "array[:n] = values", map[string]int{"n": w.pythonMessages})...)
	return &bench.Work{
		Cases: cases,
		Notes: []string{"both sides send almost 10,000 numbers each time, look at the first and the last of each message and compare all of the last message"},
		Close: closeAll(end, scripts.Close),
	}, nil
}
