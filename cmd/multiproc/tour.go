package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/internal/tour"
)

func newTour() *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use:   "tour",
		Short: "Run the classic programs of this field with real processes",
		Long: `tour runs small programs that share memory between real processes, prints
what each shows, and checks the result. It exits with 1 if one is wrong.

The programs:
` + tour.List("  "),
		Example: `  multiproc tour
  multiproc tour --only manager --only python`,
		Args: func(cmd *cobra.Command, args []string) error {
			err := noArgs(cmd, args)
			if err != nil && slices.Contains(tour.Names(), args[0]) {
				return &usageError{fmt.Errorf("%w; to run that program alone: multiproc tour --only %s", err, args[0])}
			}
			return err
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			programs, err := tour.Select(only)
			if err != nil {
				return &usageError{err}
			}
			return tour.Run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), programs)
		},
	}
	cmd.Flags().StringSliceVar(&only, "only", nil, "run only the program `NAME` (may be repeated)")
	_ = cmd.RegisterFlagCompletionFunc("only", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return tour.Names(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}
