package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/internal/bench/rows"
)

// benchFlags are what the user chose.
type benchFlags struct {
	rounds  int
	only    []string
	json    string
	python  string
	pythons bool
	strict  bool
	list    bool
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this library beside CPython's multiprocessing and plain Go",
		Long: `bench does the same work with this library, with what plain Go has, and with
CPython's multiprocessing, in turn, round by round. The ratio is the median of
the rounds' ratios; the spread is their 10th to their 90th percentile.

It takes about four minutes. Leave the machine alone meanwhile.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBench(cmd, f) },
	}
	flags := cmd.Flags()
	flags.IntVar(&f.rounds, "rounds", 15, "measure each case in `N` interleaved rounds")
	flags.StringSliceVar(&f.only, "only", nil, "measure only the row `NAME`, or all rows whose names begin with NAME- (may be repeated)")
	flags.StringVar(&f.json, "json", "", "write the report as JSON to `FILE` too (- is stdout)")
	flags.StringVar(&f.python, "python", "", "compare with the interpreter `FILE` instead of the newest on PATH")
	flags.BoolVar(&f.pythons, "pythons", false, "compare with every CPython on PATH")
	flags.BoolVar(&f.strict, "strict", false, "exit with 1 when a target is missed")
	flags.BoolVar(&f.list, "list", false, "list the rows and their targets, and measure nothing")
	cmd.MarkFlagsMutuallyExclusive("python", "pythons")
	_ = cmd.RegisterFlagCompletionFunc("only", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var names []string
		for _, row := range rows.All() {
			names = append(names, row.Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func runBench(cmd *cobra.Command, f benchFlags) error {
	chosen, err := bench.Select(rows.All(), f.only)
	if err != nil {
		return &usageError{err}
	}
	if f.rounds < 1 {
		return &usageError{fmt.Errorf("--rounds %d: at least 1 is needed", f.rounds)}
	}
	if f.list {
		return listRows(cmd.OutOrStdout(), chosen)
	}
	// The file first: minutes of measuring must not end at a mistyped folder.
	jsonTo, closeJSON, err := openJSON(cmd, f.json)
	if err != nil {
		return err
	}
	defer closeJSON()
	env, err := benchEnv(cmd.Context(), f)
	if err != nil {
		return err
	}
	report, runErr := bench.Run(cmd.Context(), env, chosen, benchProgress(cmd.ErrOrStderr()))
	if runErr != nil {
		return runErr
	}
	// With the JSON on stdout, a table there would spoil it.
	if f.json != "-" {
		if err := report.WriteTable(cmd.OutOrStdout()); err != nil {
			return err
		}
	}
	if jsonTo != nil {
		if err := report.WriteJSON(jsonTo); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		if err := closeJSON(); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
	}
	switch {
	case report.Failed() > 0:
		return fmt.Errorf("%d rows failed", report.Failed())
	case f.strict && report.Missed() > 0:
		return fmt.Errorf("%d targets were missed", report.Missed())
	default:
		return nil
	}
}

func openJSON(cmd *cobra.Command, name string) (io.Writer, func() error, error) {
	switch name {
	case "":
		return nil, func() error { return nil }, nil
	case "-":
		return cmd.OutOrStdout(), func() error { return nil }, nil
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// benchEnv finds what there is to compare with.
func benchEnv(ctx context.Context, f benchFlags) (*bench.Env, error) {
	env := &bench.Env{Rounds: f.rounds}
	switch {
	case f.python != "":
		p, err := bench.ProbePython(ctx, f.python)
		if err != nil {
			return nil, err
		}
		env.Pythons = []*bench.Python{p}
	default:
		env.Pythons = bench.FindPythons(ctx)
		if !f.pythons && len(env.Pythons) > 1 {
			env.Pythons = env.Pythons[:1]
		}
	}
	// Without it the row of starts says what it does instead.
	env.Go, _ = bench.FindToolchain(ctx)
	return env, nil
}

func benchProgress(stderr io.Writer) bench.Progress {
	if file, ok := stderr.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return bench.NewBar(stderr)
	}
	return nil
}

func listRows(w io.Writer, chosen []bench.Row) error {
	var b strings.Builder
	for _, row := range chosen {
		fmt.Fprintf(&b, "%s: %s\n", row.Name, row.Title)
		for _, t := range row.Targets {
			against := ""
			if t.Against != "" {
				against = " against " + t.Against
			}
			fmt.Fprintf(&b, "    %s%s\n", t, against)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
