package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Run measures the rows one after the other and returns what it found. A row
// that fails or is skipped says so in the report and doesn't stop the others;
// the error is that of ctx, and what was measured until then is reported.
func Run(ctx context.Context, env *Env, rows []Row, progress Progress) (*Report, error) {
	if progress == nil {
		progress = silent{}
	}
	if env.Rounds < 1 {
		return nil, fmt.Errorf("bench: %d rounds asked for; at least 1 is needed", env.Rounds)
	}
	report := newReport(env)
	for i, row := range rows {
		progress.Row(i, len(rows), row)
		report.Rows = append(report.Rows, runRow(ctx, env, row, progress))
		if ctx.Err() != nil {
			break
		}
	}
	progress.Done()
	return report, context.Cause(ctx)
}

// Select returns the rows that are named; names may be row names or the part
// of one before a "-", so that "lock" selects all rows of the lock. No names
// select all rows.
func Select(rows []Row, names []string) ([]Row, error) {
	if len(names) == 0 {
		return rows, nil
	}
	var chosen []Row
	unknown := slices.Clone(names)
	for _, row := range rows {
		meant := false
		for _, name := range names {
			if row.Name == name || strings.HasPrefix(row.Name, name+"-") {
				unknown = slices.DeleteFunc(unknown, func(s string) bool { return s == name })
				meant = true
			}
		}
		if meant {
			chosen = append(chosen, row)
		}
	}
	if len(unknown) > 0 {
		var have []string
		for _, row := range rows {
			have = append(have, row.Name)
		}
		return nil, fmt.Errorf("no row is named %q; there are: %s", unknown[0], strings.Join(have, ", "))
	}
	return chosen, nil
}

func runRow(ctx context.Context, env *Env, row Row, progress Progress) (result RowResult) {
	result = RowResult{Name: row.Name, Title: row.Title, Op: row.Op, Unit: row.Unit}
	// What the row before left behind isn't collected during this one.
	runtime.GC()

	work, err := row.Setup(ctx, env)
	if err != nil {
		if errors.Is(err, ErrSkip) {
			result.Skipped = err.Error()
		} else {
			result.Error = err.Error()
		}
		return result
	}
	result.Notes = work.Notes
	if work.Close != nil {
		defer func() {
			if err := work.Close(); err != nil && result.Error == "" {
				result.Error = "while cleaning up: " + err.Error()
			}
		}()
	}

	samples, err := interleave(ctx, env.Rounds, work.Cases, progress)
	if err != nil {
		result.Error = err.Error()
		return result
	}
	result.Cases = describe(work.Cases, samples)
	result.Verdicts = judge(row.Targets, result.Cases)
	return result
}

// interleave asks every case for one round that isn't counted and then for
// rounds more, in turn. samples[c][r] is what case c measured in round r.
func interleave(ctx context.Context, rounds int, cases []Case, progress Progress) ([][]Sample, error) {
	samples := make([][]Sample, len(cases))
	for r := range rounds + 1 {
		progress.Round(r, rounds+1)
		for c, one := range cases {
			if err := ctx.Err(); err != nil {
				return nil, context.Cause(ctx)
			}
			WakeUp()
			s, err := one.Round(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", one.Label, err)
			}
			if !(s.PerOp > 0) {
				return nil, fmt.Errorf("%s: measured %v ns for one operation, which can't be", one.Label, s.PerOp)
			}
			if r > 0 {
				samples[c] = append(samples[c], s)
			}
		}
	}
	return samples, nil
}

// wakeTime is what WakeUp takes.
const wakeTime = 5 * time.Millisecond

// WakeUp keeps a CPU busy for a few milliseconds. A case that begins on a CPU
// which slept while another process measured would pay for that: it has been
// seen to cost 7 % of a round. Helpers do the same before they measure.
func WakeUp() {
	for begin := time.Now(); time.Since(begin) < wakeTime; {
	}
}
