package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/internal/doctor"
)

func newDoctor() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine offers, what each lack means, and what to do",
		Long: `doctor tries what multiproc needs of the system: it makes each system call
for real, reads the limits that bind this process, and starts a worker.

It exits with 1 when something is broken, so that multiproc can't work here.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			facts := doctor.Look()
			facts.Try = doctor.Trial(cmd.Context())
			report := facts.Diagnose()
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
			}
			if err := write(cmd.OutOrStdout()); err != nil {
				return err
			}
			if !report.Works {
				return errors.New("something that multiproc needs is broken here")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of text")
	return cmd
}
