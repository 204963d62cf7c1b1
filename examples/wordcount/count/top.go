package count

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Entry is an identifier and how often it occurs.
type Entry struct {
	Word  string
	Count uint64
}

// Top returns the n most frequent identifiers, the most frequent first and
// equally frequent ones in alphabetical order.
func (t Tally) Top(n int) []Entry {
	all := make([]Entry, 0, len(t))
	for word, count := range t {
		all = append(all, Entry{word, count})
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Word, b.Word))
	})
	return all[:min(n, len(all))]
}

// Total returns how many identifiers there are, counted as often as they occur.
func (t Tally) Total() (n uint64) {
	for _, count := range t {
		n += count
	}
	return n
}

// Equal reports whether both tallies have the same identifiers and counts.
func (t Tally) Equal(other Tally) bool { return maps.Equal(t, other) }

// WriteTop prints the n most frequent identifiers in a few columns, which are
// read downwards.
func (t Tally) WriteTop(w io.Writer, n int) error {
	const columns = 4
	top := t.Top(n)
	rows := (len(top) + columns - 1) / columns
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for row := range rows {
		var cells []string
		for i := row; i < len(top); i += rows {
			cells = append(cells, fmt.Sprintf("%7d %s", top[i].Count, top[i].Word))
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	return tw.Flush()
}
