// Command wordcount counts the identifiers of all .go files below a folder
// with several worker processes that share one histogram, and prints the most
// frequent:
//
//	wordcount [-workers N] [-top N] [-check=false] [FOLDER]
//
// The folder is that of the standard library's sources if none is named.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/examples/wordcount/count"
)

func main() {
	multiproc.Main() // in a worker, this does the work and doesn't return

	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "count with `N` worker processes")
	top := flag.Int("top", 20, "print the `N` most frequent identifiers")
	check := flag.Bool("check", true, "count again in one process and compare")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, flag.Args(), *workers, *top, *check)
	if ctx.Err() != nil {
		fmt.Fprintln(os.Stderr, "wordcount: interrupted")
		os.Exit(130)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "wordcount:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, workers, top int, check bool) error {
	if len(args) > 1 || workers < 1 || top < 0 {
		return errors.New("want at most one folder, and at least one worker")
	}
	folder, err := folderOf(args)
	if err != nil {
		return err
	}
	files, size, err := count.Files(folder)
	if err != nil {
		return err
	}

	if check { // or what comes first would have to wait for the disk
		if err := count.Preload(ctx, files); err != nil {
			return err
		}
	}
	bar := count.NewBar(os.Stderr, size)
	result, err := count.Together(ctx, files, size, workers, bar.Set)
	bar.Finish()
	if err != nil {
		return err
	}
	mb := float64(result.Bytes) / 1e6
	fmt.Printf("%d files, %.1f MB below %s\n", len(files), mb, folder)
	fmt.Printf("%d identifiers, %d different ones; the %d most frequent:\n\n", result.Tally.Total(), len(result.Tally), min(top, len(result.Tally)))
	if err := result.Tally.WriteTop(os.Stdout, top); err != nil {
		return err
	}
	fmt.Printf("\n%d processes: %5.1f MB/s, %.2f s\n", workers, mb/result.Took.Seconds(), result.Took.Seconds())
	if !check {
		return nil
	}

	begin := time.Now()
	alone, err := count.Alone(ctx, files)
	if err != nil {
		return err
	}
	took := time.Since(begin).Seconds()
	fmt.Printf("1 process:   %5.1f MB/s, %.2f s\n", mb/took, took)
	if !result.Tally.Equal(alone) {
		return errors.New("the counts differ from those of a single process")
	}
	fmt.Println("The counts are the same, to the last one.")
	return nil
}

func folderOf(args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	folder, err := count.StandardLibrary()
	if err != nil {
		return "", fmt.Errorf("%w; name a folder with Go files: wordcount FOLDER", err)
	}
	return folder, nil
}
