package rows

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
)

// An item in a pipe is its length in 4 bytes and its bytes.
const frameSize = 4 + smallSize

// haul is what a worker is told of a pipe, whose end it has been given.
type haul struct {
	Write   bool
	N, Warm int
}

var moveThroughPipe = multiproc.Register("bench.pipe", onCue(func(_ context.Context, h haul, begin func() error) error {
	// A file that was passed on is in blocking mode, which is the quicker one here: the poller makes a round trip half as long again.
	file := multiproc.Files()[0]
	work := func(n int) error { return writeFrames(file, n) }
	if !h.Write {
		r := bufio.NewReaderSize(file, 64<<10) // what a pipe holds
		work = func(n int) error { return readFrames(r, n) }
	}
	if err := work(h.Warm); err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	return work(h.N)
}))

func writeFrames(w io.Writer, n int) error {
	var frame [frameSize]byte
	binary.LittleEndian.PutUint32(frame[:], smallSize)
	for i := range n {
		binary.LittleEndian.PutUint64(frame[4:], uint64(i))
		if _, err := w.Write(frame[:]); err != nil {
			return err
		}
	}
	return nil
}

func readFrames(r io.Reader, n int) error {
	var head [4]byte
	var item small
	for i := range n {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		size := binary.LittleEndian.Uint32(head[:])
		if size > smallSize {
			return fmt.Errorf("item %d has %d bytes", i, size)
		}
		if _, err := io.ReadFull(r, item[:size]); err != nil {
			return err
		}
		if got := binary.LittleEndian.Uint64(item[:]); got != uint64(i) {
			return fmt.Errorf("item %d has the number %d", i, got)
		}
	}
	return nil
}

func pipeCase(n int) bench.Case {
	return bench.Case{Key: pipe, Label: "os.Pipe", Round: func(ctx context.Context) (bench.Sample, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return bench.Sample{}, err
		}
		defer r.Close()
		defer w.Close()
		h := haul{N: n, Warm: max(n/10, 1)}
		writing := h
		writing.Write = true
		took, err := runPair(ctx, moveThroughPipe,
			side[haul]{task: writing, files: []*os.File{w}},
			side[haul]{task: h, files: []*os.File{r}})
		if err != nil {
			return bench.Sample{}, err
		}
		return bench.Per(took, n), nil
	}}
}
