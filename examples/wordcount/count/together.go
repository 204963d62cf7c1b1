package count

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/shm"
)

// job is what every worker is given. The files are copied to each worker; the
// rest is shared.
type job struct {
	Files []string
	Into  *Histogram
	Next  *shm.RawValue[int64] // the index of the next file that no one has taken
	Bytes *shm.RawValue[int64] // how many bytes have been counted
}

// Share is what one worker has done.
type Share struct {
	Files int
	Bytes int64
	Full  bool // it stopped because the histogram was full
}

// Result is what all workers found.
type Result struct {
	Tally  Tally
	Bytes  int64
	Took   time.Duration
	Shares []Share // one for each worker
}

// work is what a worker does: it takes files until there are none.
var work = multiproc.Register("wordcount.work", func(ctx context.Context, j job) (Share, error) {
	var share Share
	to := NewAdder(j.Into)
	for {
		i := shm.AddRaw(j.Next, 1) - 1
		if i >= int64(len(j.Files)) {
			return share, nil
		}
		if ctx.Err() != nil {
			return share, context.Cause(ctx)
		}
		src, err := os.ReadFile(j.Files[i])
		if err != nil {
			return share, err
		}
		for word := range identifiers(src) {
			if err := to.Add(word, 1); errors.Is(err, ErrFull) {
				share.Full = true
				return share, nil
			} else if err != nil {
				return share, err
			}
		}
		share.Files++
		share.Bytes += int64(len(src))
		shm.AddRaw(j.Bytes, int64(len(src)))
	}
})

// Together counts the identifiers of the files, of size bytes together, with
// that many worker processes. progress, if it isn't nil, is called now and then
// with the number of bytes that are done. When a worker fails or dies, the others
// are ended and its error is returned.
func Together(ctx context.Context, files []string, size int64, workers int, progress func(int64)) (Result, error) {
	// How many different identifiers there are is known when they are counted.
	// This guess is ample for programs that people write; where it is too small,
	// all begins again with twice as much.
	slots, text := int(max(size/64, 1<<12)), int(max(size/8, 1<<20))+workers*chunkSize
	begin := time.Now()
	for {
		result, err := together(ctx, files, workers, slots, text, progress)
		if !errors.Is(err, ErrFull) {
			result.Took = time.Since(begin)
			return result, err
		}
		slots, text = 2*slots, 2*text
	}
}

func together(ctx context.Context, files []string, workers, slots, text int, progress func(int64)) (r Result, err error) {
	h, err := NewHistogram(slots, text)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	next, err := shm.NewRawValue(int64(0))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, next.Close()) }()
	done, err := shm.NewRawValue(int64(0))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, done.Close()) }()

	if progress != nil {
		defer watch(done, progress)()
	}
	if r.Shares, err = runWorkers(ctx, workers, job{files, h, next, done}); err != nil {
		return r, err
	}
	for _, s := range r.Shares {
		r.Bytes += s.Bytes
	}
	r.Tally, err = h.Tally()
	return r, err
}

// runWorkers starts the workers and waits for all of them.
func runWorkers(ctx context.Context, workers int, j job) ([]Share, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed error
	fail := func(err error) {
		if failed == nil {
			failed = err
			cancel() // ends the workers
		}
	}
	var all []*multiproc.Process[Share]
	for range workers {
		p, err := work.Start(ctx, j)
		if err != nil {
			fail(err)
			break
		}
		all = append(all, p)
	}
	var shares []Share
	for _, p := range all {
		share, err := p.Wait(context.WithoutCancel(ctx))
		switch {
		case err != nil:
			fail(err)
		case share.Full:
			fail(ErrFull)
		}
		shares = append(shares, share)
	}
	return shares, failed
}

// watch reports progress until the function that it returns is called.
func watch(done *shm.RawValue[int64], progress func(int64)) (stop func()) {
	ended, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				progress(atomic.LoadInt64(done.Ptr()))
			case <-ended:
				progress(atomic.LoadInt64(done.Ptr()))
				return
			}
		}
	}()
	return func() { close(ended); <-gone }
}
