package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError is a command line that makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// exitError is an error that has chosen its exit code, whatever signals there were.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// newRoot returns the command with all of its subcommands. Nothing in it is
// global, so that tests make as many as they like.
func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "multiproc",
		Short: "Processes that share memory, shown, examined and measured",
		Long: `multiproc is the command of the Go library multiproc: processes that share
typed values and arrays at memory speed, and locks that survive kill -9.

Begin with "multiproc tour".`,
		// Errors are printed once, in run, and a run that fails is no reason to
		// explain the flags.
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
			err = fmt.Errorf("--%s %q: it takes a value of type %s", bad.GetFlag().Name, bad.GetValue(), bad.GetFlag().Value.Type())
			if bad.GetFlag().Value.Type() == "duration" {
				err = fmt.Errorf("%w, such as 10s, 1m30s or 500ms", err)
			}
		}
		return &usageError{err}
	})
	root.AddCommand(newTour(), newDoctor(), newBench(), newPickle(), newServe(), newLs(), newCall(), newVersion())
	return root
}

// noArgs refuses arguments; on the root, they are commands that don't exist.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		text := fmt.Sprintf("there is no command %q", args[0])
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			text += fmt.Sprintf("; did you mean %q?", like[0])
		}
		return &usageError{errors.New(text)}
	}
	return &usageError{fmt.Errorf("%s takes no arguments, only flags; %q is one too many", cmd.Name(), args[0])}
}
