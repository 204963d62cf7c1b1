package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/multiproc-go/multiproc/internal/pickletext"
	"github.com/multiproc-go/multiproc/pickle"
)

// pickleFlags are what the user chose.
type pickleFlags struct {
	options pickletext.Options
	all     bool
	opcodes bool
}

func newPickle() *cobra.Command {
	f := pickleFlags{options: pickletext.DefaultOptions}
	cmd := &cobra.Command{
		Use:   "pickle [FILE]",
		Short: "Print what is in a pickle, without running any of it",
		Long: `pickle prints the pickles in FILE, or on standard input, one after the other, in
a syntax close to Python's. Nothing that a pickle names is looked up or run, so
that one from a stranger can do no harm.

  os.system              a class or function, by its name
  a.B(1)                 what the call of a.B would return
  new a.B(1) {.x = 2}    a new instance, its arguments and its attributes
  &1 [...], *1           a list, and another reference to the same one

With --opcodes it prints the operations instead: offset, code, name, argument.
That works for a broken pickle as well, up to what is wrong.

A pickle is read as a whole before it is printed, which takes about twenty times
its size in memory if it is made of small objects. Values nested deeper than
10,000 are refused.`,
		Example: `  multiproc pickle cache.pkl
  multiproc pickle --opcodes --all cache.pkl
  python3 -c 'import pickle, sys; sys.stdout.buffer.write(pickle.dumps([1, 2]))' | multiproc pickle`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("%s takes one FILE, not %d", cmd.Name(), len(args))}
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name := "-"
			if len(args) == 1 {
				name = args[0]
			}
			return runPickle(cmd, name, f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.opcodes, "opcodes", false, "print the operations that make the value")
	flags.BoolVar(&f.all, "all", false, "show everything, however deep, many or long")
	flags.IntVar(&f.options.Depth, "depth", f.options.Depth, "show values up to `N` deep in others")
	flags.IntVar(&f.options.Items, "items", f.options.Items, "show the first `N` items of each container")
	flags.IntVar(&f.options.Chars, "chars", f.options.Chars, "show about `N` characters of each text")
	flags.IntVar(&f.options.Width, "width", 0, "break lines that are longer than `N`, where a container allows it; 0 is the terminal's width")
	for _, limit := range []string{"depth", "items", "chars"} {
		cmd.MarkFlagsMutuallyExclusive("all", limit)
	}
	// A shell offers no files where a number belongs, nor a second FILE.
	for _, number := range []string{"depth", "items", "chars", "width"} {
		_ = cmd.RegisterFlagCompletionFunc(number, cobra.NoFileCompletions)
	}
	return cmd
}

func runPickle(cmd *cobra.Command, name string, f pickleFlags) error {
	o := f.options
	if o.Depth < 1 || o.Items < 1 || o.Chars < 1 {
		return &usageError{errors.New("--depth, --items and --chars: at least 1 is needed; --all sets no limit")}
	}
	if o.Width < 0 {
		return &usageError{fmt.Errorf("--width %d: no line is so short", o.Width)}
	}
	if o.Width == 0 {
		o.Width = terminalWidth(cmd.OutOrStdout())
	}
	if f.all {
		o = o.All()
	}
	data, err := readPickle(cmd, name)
	if err != nil {
		return err
	}
	write := pickletext.WriteTree
	if f.opcodes {
		write = pickletext.WriteOpcodes
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	err = write(out, data, o)
	// What is good comes before the error, also on a terminal.
	if e := out.Flush(); e != nil {
		return e
	}
	if err != nil {
		if name == "-" {
			name = "standard input"
		}
		hint := ""
		if !f.opcodes && errors.As(err, new(*pickle.DecodeError)) {
			hint = "; --opcodes shows what comes before"
		}
		return fmt.Errorf("%s: %s%s", name, pickletext.Printable(err.Error()), hint)
	}
	return nil
}

// readPickle reads a whole file, - is standard input.
func readPickle(cmd *cobra.Command, name string) ([]byte, error) {
	if name != "-" {
		return interruptible(cmd.Context(), func() ([]byte, error) { return os.ReadFile(name) })
	}
	in := cmd.InOrStdin()
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return nil, &usageError{errors.New("name a FILE, or pipe a pickle into it")}
	}
	return interruptible(cmd.Context(), func() ([]byte, error) { return io.ReadAll(in) })
}

// interruptible is what read returns, unless ctx ends before: a pipe, with a name or without one, may stay silent for ever. The goroutine is then left behind, to end with the process.
func interruptible(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data, err := read()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// terminalWidth is that of the terminal that w is, or what suits a file.
func terminalWidth(w io.Writer) int {
	width := 0
	if file, ok := w.(*os.File); ok {
		width, _, _ = term.GetSize(int(file.Fd()))
	}
	return cmp.Or(width, pickletext.DefaultOptions.Width)
}
