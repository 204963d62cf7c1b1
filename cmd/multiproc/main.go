// Command multiproc shows, examines and measures the library multiproc on
// this machine:
//
//	multiproc tour      the classic programs of this field, with real processes
//	multiproc doctor    what this machine offers, and what each lack means
//	multiproc bench     the same work here and in CPython's multiprocessing
//	multiproc pickle    what is in a pickle of Python, without running any of it
//	multiproc version   what was built
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench/starting"
)

func main() {
	multiproc.Main()
	if starting.Empty() {
		return
	}
	os.Exit(run(os.Args[1:]))
}

// run executes the command line and returns the exit code: 0, 1 for what
// failed or was found wrong, 2 for a command line that makes no sense, 130
// when a signal ended it.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second signal finds the default handler, and ends what the first
	// couldn't.
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "multiproc: %v\nTry \"%s --help\".\n", err, cmd.CommandPath())
		return 2
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "multiproc: interrupted")
		return 130
	default:
		fmt.Fprintf(os.Stderr, "multiproc: %v\n", err)
		return 1
	}
}
