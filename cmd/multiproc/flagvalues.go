package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// choice is a flag that takes one of a few names.
type choice struct {
	value *string
	names []string
}

func (c choice) String() string { return *c.value }

// Type is what help and errors show.
func (c choice) Type() string { return strings.Join(c.names, "|") }

func (c choice) Set(s string) error {
	if !slices.Contains(c.names, s) {
		return fmt.Errorf("there is no %q", s)
	}
	*c.value = s
	return nil
}

// addChoice adds a flag that takes one of the names, which a shell completes; the first is the default.
func addChoice(cmd *cobra.Command, to *string, name, usage string, names ...string) {
	*to = names[0]
	cmd.Flags().Var(choice{to, names}, name, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// size is a flag for a number of bytes, in the units of GOMEMLIMIT; 0 is the default of what takes it.
type size int64

var _ pflag.Value = (*size)(nil)

// units are what may stand behind the number, the longer ones first, since B is the end of them all.
var units = []struct {
	name  string
	bytes int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"B", 1}, {"", 1}}

func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type is what an error says.
func (s *size) Type() string { return "size, such as 100000, 64KiB, 512MiB or 2GiB" }

func (s *size) Set(text string) error {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return err
		}
		if n < 1 || n > math.MaxInt64/unit.bytes {
			return strconv.ErrRange
		}
		*s = size(n * unit.bytes)
		return nil
	}
	panic("the last unit is that of all texts")
}
