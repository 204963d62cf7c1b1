package pickletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// A tally counts what was done with one Python.
type tally struct {
	graphs, pickles, written, crossed, bytes, refused, own, split, failures int
	ways                                                                    map[variant]int
	opcodes                                                                 map[string]int
	ratio                                                                   [2]int // bytes that Go wrote, and Python, for the same graph and protocol
}

// report prints the counts, as lines of a table for docs/reliability.md.
func report(t *testing.T, all []pythons.Python, tallies []*tally) {
	var b strings.Builder
	b.WriteString("\n| Python | Graphs | Pickles of them read, by protocol | Written again and compared | of them by another version | Bytes | Differences |\n|---|---|---|---|---|---|---|\n")
	var sum tally
	names := map[string]int{}
	for i, n := range tallies {
		var by [6]int
		for v, k := range n.ways {
			by[v.Protocol] += k
		}
		fmt.Fprintf(&b, "| %d.%d.%d | %d | %d: %v | %d | %d | %d | %d |\n", all[i].Major, all[i].Minor, all[i].Micro, n.graphs, n.pickles, by[:all[i].Protocol()+1], n.written, n.crossed, n.bytes, n.failures)
		sum.graphs += n.graphs
		sum.pickles += n.pickles
		sum.written += n.written
		sum.crossed += n.crossed
		sum.bytes += n.bytes
		sum.failures += n.failures
		sum.refused += n.refused
		sum.own += n.own
		sum.split += n.split
		sum.ratio[0] += n.ratio[0]
		sum.ratio[1] += n.ratio[1]
		for name, k := range n.opcodes {
			names[name] += k
		}
	}
	var never []string
	for name, k := range names {
		if k == 0 {
			never = append(never, name)
		}
	}
	slices.Sort(never)
	fmt.Fprintf(&b, "| all | %d | %d | %d | %d | %d | %d |\n", sum.graphs, sum.pickles, sum.written, sum.crossed, sum.bytes, sum.failures)
	fmt.Fprintf(&b, "%d pickles could not be made, or not be read, by Python itself; %d came out as Python's own pickle of that protocol does, which says less; immutable values shared on one side only: %d; %d of %d opcodes met, not %v",
		sum.refused, sum.own, sum.split, len(names)-len(never), len(names), never)
	if sum.ratio[1] > 0 {
		fmt.Fprintf(&b, "; Go's pickles have %.3f times the bytes of Python's", float64(sum.ratio[0])/float64(sum.ratio[1]))
	}
	t.Log(b.String())
	if sum.pickles == 0 || sum.refused > sum.pickles {
		t.Errorf("%d pickles were compared, %d were refused: the graphs are of no use", sum.pickles, sum.refused)
	}
}
