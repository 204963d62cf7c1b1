package rows

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/queue"
)

func pingPongRows(w workload) []bench.Row {
	others := []bench.Target{bench.Compare(pipe), bench.Compare(pythonSimple), bench.Compare(python)}
	return []bench.Row{
		{
			Name: "pingpong", Title: "64 B there and back through two Queues", Op: "round trip",
			Targets: append([]bench.Target{bench.Tail(0.5, 7*time.Microsecond)}, others...),
			Setup:   func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return setUpPingPong(ctx, env, w) },
		},
		{
			Name: "pingpong-spin", Title: "the same, WithSpin", Op: "round trip",
			Targets: append([]bench.Target{bench.Tail(0.5, 1500*time.Nanosecond)}, others...),
			Setup: func(ctx context.Context, env *bench.Env) (*bench.Work, error) {
				return setUpPingPong(ctx, env, w, queue.WithSpin(spinFor))
			},
		},
	}
}

const (
	pingPongRoom = 16
	spinFor      = 100 * time.Microsecond
)

// table is what two players share.
type table struct{ There, Back *queue.Queue[small] }

var echo = multiproc.Register("bench.echo", func(ctx context.Context, t table) (struct{}, error) {
	for {
		ball, err := t.There.Get(ctx)
		if err == nil {
			err = t.Back.Put(ctx, ball)
		}
		switch {
		case errors.Is(err, queue.ErrClosed):
			return struct{}{}, nil
		case err != nil:
			return struct{}{}, err
		}
	}
})

var echoPipe = multiproc.Register("bench.echo.pipe", func(context.Context, struct{}) (struct{}, error) {
	there, back := multiproc.Files()[0], multiproc.Files()[1]
	var ball small
	for {
		if _, err := io.ReadFull(there, ball[:]); err != nil {
			if err == io.EOF {
				err = nil
			}
			return struct{}{}, err
		}
		if _, err := back.Write(ball[:]); err != nil {
			return struct{}{}, err
		}
	}
})

// trips notes the times of n round trips, after some that aren't noted, and fails when something else than what was sent comes back.
func trips(n int, trip func(ball *small) error) (bench.Sample, error) {
	waits := make([]float64, n)
	warm := max(n/10, 1)
	var ball small
	for i := range warm + n {
		binary.LittleEndian.PutUint64(ball[:], uint64(i))
		sent := ball
		start := time.Now()
		err := trip(&ball)
		took := time.Since(start)
		if err != nil {
			return bench.Sample{}, err
		}
		if ball != sent {
			return bench.Sample{}, fmt.Errorf("%x came back for %x", ball, sent)
		}
		if i >= warm {
			waits[i-warm] = float64(took)
		}
	}
	return bench.Sample{PerOp: bench.Median(waits), Waits: waits}, nil
}

func setUpPingPong(ctx context.Context, env *bench.Env, w workload, opts ...queue.Option) (_ *bench.Work, err error) {
	end := func() error { return nil }
	defer func() {
		if err != nil {
			end()
		}
	}()
	mine, endMine, err := queuePingPong(ctx, w.roundTrips, opts)
	if err != nil {
		return nil, err
	}
	end = endMine
	plain, endPlain, err := pipePingPong(ctx, w.roundTrips)
	if err != nil {
		return nil, err
	}
	end = closeAll(endPlain, end)
	scripts, err := env.StartAll(ctx, "pingpong")
	if err != nil {
		return nil, err
	}
	type ask struct {
		Kind string `json:"kind"`
		N    int    `json:"n"`
	}
	cases := []bench.Case{mine, plain}
	cases = append(cases, env.PythonCases(scripts, pythonSimple, "SimpleQueue", ask{"simple", w.pythonRoundTrips})...)
	cases = append(cases, env.PythonCases(scripts, python, "Queue", ask{"queue", w.pythonRoundTrips})...)
	return &bench.Work{
		Cases: cases,
		Notes: []string{"one trip follows the other at once, so nobody has slept for long; the ratios are those of the medians of each round, the spread of the first line is the shortest and the longest trip"},
		Close: closeAll(end, scripts.Close),
	}, nil
}

func queuePingPong(ctx context.Context, n int, opts []queue.Option) (one bench.Case, end func() error, err error) {
	there, err := queue.New[small](pingPongRoom, opts...)
	if err != nil {
		return one, nil, err
	}
	back, err := queue.New[small](pingPongRoom, opts...)
	if err != nil {
		done(there)
		return one, nil, err
	}
	p, err := echo.Start(ctx, table{there, back})
	end = func() error { return errors.Join(done(there), done(back)) }
	if err != nil {
		end()
		return one, nil, err
	}
	end = closeAll(end, func() error { _, err := p.Wait(context.Background()); return err })
	one = bench.Case{Key: ours, Label: ours, Round: func(context.Context) (bench.Sample, error) {
		ctx := p.Context() // ends with the worker, and that with the run
		return trips(n, func(ball *small) (err error) {
			if err = there.Put(ctx, *ball); err == nil {
				*ball, err = back.Get(ctx)
			}
			return err
		})
	}}
	return one, end, nil
}

func pipePingPong(ctx context.Context, n int) (one bench.Case, end func() error, err error) {
	readThere, writeThere, err := os.Pipe()
	if err != nil {
		return one, nil, err
	}
	defer readThere.Close()
	readBack, writeBack, err := os.Pipe()
	if err != nil {
		writeThere.Close()
		return one, nil, err
	}
	defer writeBack.Close()
	end = closeAll(writeThere.Close, readBack.Close)
	p, err := echoPipe.Start(ctx, struct{}{}, multiproc.WithFiles(readThere, writeBack))
	if err != nil {
		end()
		return one, nil, err
	}
	end = closeAll(end, func() error { _, err := p.Wait(context.Background()); return err })
	// Blocking mode, as at the other end: it is the quicker one here.
	_, _ = writeThere.Fd(), readBack.Fd()
	one = bench.Case{Key: pipe, Label: "os.Pipe", Round: func(context.Context) (bench.Sample, error) {
		return trips(n, func(ball *small) error {
			if _, err := writeThere.Write(ball[:]); err != nil {
				return err
			}
			_, err := io.ReadFull(readBack, ball[:])
			return err
		})
	}}
	return one, end, nil
}
