package tour

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc/examples/wordcount/count"
)

// words is a real job on real input: examples/wordcount on the standard
// library.
type words struct {
	folder   func() (string, error)
	together func(ctx context.Context, files []string, size int64, workers int, progress func(int64)) (count.Result, error)
}

func newWords() words { return words{count.StandardLibrary, count.Together} }

func (w words) program() Program {
	return Program{"words", "the identifiers of Go's standard library, counted by several processes", w.run}
}

func (w words) run(ctx context.Context, s *stage) error {
	folder, err := w.folder()
	if errors.Is(err, count.ErrNoSources) {
		s.Say("Left out: %v. With Go installed this counts the sources of its standard library.", err)
		return nil
	}
	if err != nil {
		return err
	}
	files, size, err := count.Files(folder)
	if err != nil {
		return err
	}
	// Two at least, or there would be nothing to see.
	workers := max(2, runtime.GOMAXPROCS(0))
	s.Say("%d processes take files from one shared counter and add what they find to one shared histogram, a hash table without a lock. See examples/wordcount.", workers)
	s.Show("%d .go files, %.1f MB below %s", len(files), float64(size)/1e6, folder)

	if err := count.Preload(ctx, files); err != nil {
		return err
	}
	bar := count.NewBar(s.progress, size)
	result, err := w.together(ctx, files, size, workers, bar.Set)
	bar.Finish()
	if err != nil {
		return err
	}
	begin := time.Now()
	alone, err := count.Alone(ctx, files)
	if err != nil {
		return err
	}
	took := time.Since(begin)

	s.Show("%d identifiers, %d different ones; the 20 most frequent:", result.Tally.Total(), len(result.Tally))
	var top bytes.Buffer
	if err := result.Tally.WriteTop(&top, 20); err != nil {
		return err
	}
	s.Show("%s", &top)
	mb := float64(result.Bytes) / 1e6
	s.Show("%d processes %6.1f MB/s", workers, mb/result.Took.Seconds())
	s.Show("1 process   %6.1f MB/s", mb/took.Seconds())
	s.Check(result.Tally.Equal(alone), "all counts are those of a single process")
	return nil
}
