package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// completion makes the command fit for the shell's questions: in what flags are for, help takes the names of their values from between backquotes, but a shell is shown these as they are.
func completion(root *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	root.Flags().VisitAll(plain)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(plain)
	}
}
