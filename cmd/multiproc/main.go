// Command multiproc shows, examines and measures the library multiproc on
// this machine:
//
//	multiproc tour      the classic programs of this field, with real processes
//	multiproc doctor    what this machine offers, and what each lack means
//	multiproc bench     the same work here and in CPython's multiprocessing
//	multiproc pickle    what is in a pickle of Python, without running any of it
//	multiproc serve     shared objects for Python programs, as their SyncManager
//	multiproc ls        what the clients of such a server hold
//	multiproc call      one call of a method of a shared object
//	multiproc version   what was built
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

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
// when a signal ended it. A server that a signal has ended in good order is 0.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second signal finds the default handler, and ends what the first
	// couldn't.
	context.AfterFunc(ctx, stop)

	root := newRoot()
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		completion(root)
	}
	cmd, err := root.ExecuteContextC(ctx)
	var usage *usageError
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "multiproc: %v\nTry \"%s --help\".\n", err, cmd.CommandPath())
		return 2
	case errors.As(err, &exit):
		fmt.Fprintf(os.Stderr, "multiproc: %v\n", err)
		return exit.code
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "multiproc: interrupted")
		return 130
	default:
		fmt.Fprintf(os.Stderr, "multiproc: %v\n", err)
		return 1
	}
}
