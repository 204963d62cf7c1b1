package main

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/internal/pickletext"
)

func newLs() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls [ADDRESS]",
		Short: "List what the clients of a server of shared objects hold",
		Long: `ls lists the objects to which clients of a server have references: the name by
which the server knows each, how many references there are, and the first
characters of its text (repr). The server may be "multiproc serve" or one of
Python's. Objects that are only inside of others are not shown.

` + keyUsage + `

ADDRESS is HOST:PORT, /path.sock or @abstract; without it, it is the one that
serve has without one.`,
		Example: `  multiproc ls
  multiproc ls 127.0.0.1:5000 --authkey-file key`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("%s takes one ADDRESS, not %d", cmd.Name(), len(args))}
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return completeAddress(cmd, args, begun)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			address := defaultAddress()
			if len(args) == 1 {
				address = args[0]
			}
			client, ctx, end, err := f.dial(cmd.Context(), address)
			if err != nil {
				return err
			}
			defer end()
			text, err := client.DebugInfo(ctx)
			if err != nil {
				return explainCall(ctx, err)
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), parseHeld(text))
			}
			return writeHeld(cmd.OutOrStdout(), parseHeld(text))
		},
	}
	f.add(cmd, 10*time.Second)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	return cmd
}

// held is an object that clients hold.
type held struct {
	Ident      string `json:"ident"`
	References int    `json:"references"`
	Text       string `json:"text"` // the first characters of its repr
}

// heldEntry is how an object begins in the text of debug_info, whose form is CPython's. The object's own text follows up to the next one, and may have several lines.
var heldEntry = regexp.MustCompile(`(?m)^  (\S+): +refcount=(\d+)\n    `)

func parseHeld(text string) []held {
	all := []held{}
	at := heldEntry.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0] - len("\n")
		}
		n, err := strconv.Atoi(text[m[4]:m[5]])
		if err != nil {
			continue // more references than there can be
		}
		all = append(all, held{text[m[2]:m[3]], n, text[m[1]:max(end, m[1])]})
	}
	return all
}

func writeHeld(w io.Writer, all []held) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "No client holds an object.")
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "IDENT\tREFERENCES\tTEXT")
	for _, h := range all {
		fmt.Fprintf(tw, "%s\t%d\t%s\n", pickletext.Escaped(h.Ident), h.References, pickletext.Printable(h.Text))
	}
	return tw.Flush()
}
