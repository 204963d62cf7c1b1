package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteTable prints the report for people: a line for each comparison with
// its ratio first, the target and whether it is met beside it, and the
// absolute figures after; then the notes without which a figure misleads.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	r.writeHead(&b)
	r.writeVerdicts(&b)
	r.writeNotes(&b)
	r.writeTally(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeHead(b *strings.Builder) {
	m := r.Machine
	fmt.Fprintf(b, "%s/%s, %d CPUs", m.OS, m.Arch, m.CPUs)
	for _, s := range []string{m.Model, m.Kernel, m.Go} {
		if s != "" {
			fmt.Fprintf(b, ", %s", s)
		}
	}
	b.WriteByte('\n')
	if m.Load > float64(m.CPUs)/4 {
		fmt.Fprintf(b, "The load was %.1f when this began: others use this machine, and the figures suffer.\n", m.Load)
	}
	if len(r.Pythons) == 0 {
		b.WriteString("No python3 was found on PATH, so nothing is compared with CPython; --python FILE names one.\n")
	}
	for _, p := range r.Pythons {
		fmt.Fprintf(b, "CPython %s, %s\n", p.Version, p.Path)
	}
	fmt.Fprintf(b, "Medians of %d interleaved rounds; spread is the 10th to the 90th percentile of the rounds' ratios.\n\n", r.Rounds)
}

func (r *Report) writeVerdicts(b *strings.Builder) {
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "RATIO\tTARGET\t\tSPREAD\tWORK\tMULTIPROC\tCOMPARED WITH")
	for _, row := range r.Rows {
		switch {
		case row.Error != "":
			fmt.Fprintf(tw, "-\t-\tFAILED\t\t%s\t\t\n", row.Title)
		case row.Skipped != "":
			fmt.Fprintf(tw, "-\t-\tskipped\t\t%s\t\t\n", row.Title)
		}
		for _, v := range row.Verdicts {
			fmt.Fprintln(tw, strings.Join(row.cells(v), "\t"))
		}
	}
	tw.Flush()
	for line := range strings.Lines(table.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// cells are the columns of one verdict.
func (row *RowResult) cells(v Verdict) []string {
	mark := "pass"
	switch {
	case v.NotMeasured:
		mark = "?"
	case !v.Asked:
		mark = ""
	case !v.Met:
		mark = "MISS"
	}
	cost := FormatNS
	if row.Unit == Bytes {
		cost = formatBytes
	}
	ours := cost(row.Cases[0].PerOp.Median)
	switch {
	case v.NotMeasured:
		return []string{"-", v.Target, mark, "", row.Title, ours, "no " + v.Against}
	case v.Unit == unitRate:
		return []string{
			formatRate(v.Value), v.Target, mark, formatRate(v.Spread.P10) + ".." + formatRate(v.Spread.P90),
			row.Title, ours, "",
		}
	case v.Unit == Bytes:
		return []string{cost(v.Value), v.Target, mark, cost(v.Spread.P10) + ".." + cost(v.Spread.P90), row.Title, ours, ""}
	case v.other == nil: // about our latencies alone
		return []string{
			FormatNS(v.Value), v.Target, mark, FormatNS(v.Spread.Min) + ".." + FormatNS(v.Spread.Max),
			row.Title, ours, "",
		}
	default:
		return []string{
			ratioBeside(v), v.Target, mark, formatRatio(v.Spread.P10) + ".." + formatRatio(v.Spread.P90),
			row.Title, ours, cost(v.other.PerOp.Median) + "  " + v.Against,
		}
	}
}

// ratioBeside is the ratio of a verdict, with as many digits as it takes not
// to look like the target that it misses.
func ratioBeside(v Verdict) string {
	text := formatRatio(v.Value)
	if !v.Met && strings.HasSuffix(v.Target, " "+text) {
		return strconv.FormatFloat(v.Value, 'f', 4, 64) + "x"
	}
	return text
}

func (r *Report) writeNotes(b *strings.Builder) {
	started := false
	note := func(name, text string) {
		if !started {
			started = true
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%s: %s\n", name, text)
	}
	for _, row := range r.Rows {
		if row.Error != "" {
			note(row.Name, "FAILED: "+row.Error)
		}
		if row.Skipped != "" {
			note(row.Name, row.Skipped)
		}
		for _, text := range row.Notes {
			note(row.Name, text)
		}
	}
}

func (r *Report) writeTally(b *strings.Builder) {
	fmt.Fprintf(b, "\n%d targets met, %d missed", r.Met(), r.Missed())
	if n := r.Unmeasured(); n > 0 {
		fmt.Fprintf(b, ", %d not measured", n)
	}
	if n := r.Failed(); n > 0 {
		fmt.Fprintf(b, ", %d rows failed", n)
	}
	b.WriteString(".\n")
}
