package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// script is a case that answers with the given costs, the first of them to
// the round that isn't counted.
func script(calls *[]string, key string, costs ...float64) Case {
	return Case{Key: key, Label: "the " + key, Round: func(context.Context) (Sample, error) {
		*calls = append(*calls, key)
		cost := costs[0]
		costs = costs[1:]
		return Sample{PerOp: cost}, nil
	}}
}

func row(name string, targets []Target, cases ...Case) Row {
	return Row{
		Name: name, Title: "row " + name, Op: "op", Targets: targets,
		Setup: func(context.Context, *Env) (*Work, error) { return &Work{Cases: cases}, nil },
	}
}

func mustRun(t *testing.T, rounds int, rows ...Row) *Report {
	t.Helper()
	report, err := Run(t.Context(), &Env{Rounds: rounds}, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestRoundsInterleave(t *testing.T) {
	var calls []string
	mustRun(t, 3, row("x", nil,
		script(&calls, "a", 1, 1, 1, 1), script(&calls, "b", 1, 1, 1, 1), script(&calls, "c", 1, 1, 1, 1)))
	if got, want := strings.Join(calls, ""), "abcabcabcabc"; got != want {
		t.Errorf("the cases ran in the order %s, want %s", got, want)
	}
}

// The ratio is the median of the rounds' ratios, which here is neither the
// ratio of the medians nor that of the sums.
func TestRatioIsMedianOfRatios(t *testing.T) {
	var calls []string
	report := mustRun(t, 3, row("x", []Target{AtMost(1.25, "b"), AtLeast(2, "b")},
		script(&calls, "a", 999, 1, 10, 100),
		script(&calls, "b", 999, 2, 100, 10)))
	got := report.Rows[0].Verdicts
	if got[0].Value != 0.5 || !got[0].Met {
		t.Errorf("at most: %+v, want 0.5 and met", got[0])
	}
	if got[1].Value != 2 || !got[1].Met {
		t.Errorf("at least: %+v, want 2 and met", got[1])
	}
	if s := got[0].Spread; s.Min != 0.1 || s.Max != 10 || s.N != 3 {
		t.Errorf("spread %+v, want 0.1 to 10 of 3 rounds", s)
	}
	if m := report.Rows[0].Cases[0].PerOp.Median; m != 10 {
		t.Errorf("median cost %v, want 10: the first round counts", m)
	}
}

func TestTargetsCanBeMissed(t *testing.T) {
	var calls []string
	report := mustRun(t, 1, row("x", []Target{AtMost(1.25, "b"), AtLeast(5, "b"), Compare("b"), AtLeast(5, "absent")},
		script(&calls, "a", 1, 13), script(&calls, "b", 1, 10)))
	var met []bool
	for _, v := range report.Rows[0].Verdicts {
		met = append(met, v.Met)
	}
	if !slices.Equal(met, []bool{false, false, true, false}) {
		t.Errorf("met: %v", met)
	}
	if report.Met() != 0 || report.Missed() != 2 || report.Unmeasured() != 1 {
		t.Errorf("%d met, %d missed, %d not measured; want 0, 2, 1", report.Met(), report.Missed(), report.Unmeasured())
	}
}

func TestOneVerdictForEachPython(t *testing.T) {
	var calls []string
	report := mustRun(t, 1, row("x", []Target{AtLeast(5, "python")},
		script(&calls, "a", 1, 1), script(&calls, "python", 1, 10), script(&calls, "python", 1, 4)))
	v := report.Rows[0].Verdicts
	if len(v) != 2 || v[0].Value != 10 || v[1].Value != 4 || !v[0].Met || v[1].Met {
		t.Errorf("verdicts %+v, want 10 met and 4 missed", v)
	}
}

func TestTail(t *testing.T) {
	waits := make([]float64, 100)
	for i := range waits {
		waits[i] = float64(i+1) * 1e6
	}
	one := Case{Key: "a", Label: "a", Round: func(context.Context) (Sample, error) {
		return Sample{PerOp: 1, Waits: waits}, nil
	}}
	report := mustRun(t, 2, row("x", []Target{Tail(0.5, 51*time.Millisecond), Tail(0.99, 3*time.Millisecond)}, one))
	r := report.Rows[0]
	if n := r.Cases[0].Waits.N; n != 200 {
		t.Errorf("%d waits, want those of both rounds, 200", n)
	}
	if !r.Verdicts[0].Met || r.Verdicts[1].Met || r.Verdicts[1].Value < 98e6 {
		t.Errorf("verdicts %+v, want p50 met and p99 missed", r.Verdicts)
	}
}

// A rate is the median of the rounds' rates: 64 bytes in 32, 16 and 64 ns.
func TestRate(t *testing.T) {
	var calls []string
	report := mustRun(t, 3, row("x", []Target{Rate(2, 64), Rate(2.5, 64)}, script(&calls, "a", 1, 32, 16, 64)))
	v := report.Rows[0].Verdicts
	if v[0].Value != 2 || !v[0].Met || v[1].Met || v[0].Spread.Max != 4 {
		t.Errorf("verdicts %+v, want 2 GB/s, the first met and the second missed", v)
	}
	var b bytes.Buffer
	if err := report.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"2 GB/s  >= 2 GB/s    pass  1.2 GB/s..3.6 GB/s  row x  32 ns\n",
		"2 GB/s  >= 2.5 GB/s  MISS  1.2 GB/s..3.6 GB/s  row x  32 ns\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
}

// What takes memory is judged, and printed, in bytes.
func TestMemory(t *testing.T) {
	var calls []string
	one := row("x", []Target{Memory(64e6), Memory(20e6), Compare("b")}, script(&calls, "a", 1, 32e6, 16e6, 64e6), script(&calls, "b", 1, 64e6, 64e6, 64e6))
	one.Unit = Bytes
	report := mustRun(t, 3, one)
	v := report.Rows[0].Verdicts
	if v[0].Value != 32e6 || !v[0].Met || v[1].Met || v[2].Value != 2 {
		t.Errorf("verdicts %+v, want 32 MB, the first met and the second missed, and half of b", v)
	}
	var b bytes.Buffer
	if err := report.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"32 MB  <= 64 MB  pass  19.2 MB..57.6 MB  row x  32 MB\n", "32 MB  <= 20 MB  MISS", "32 MB      64 MB  the b\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
}

func TestFailingRowDoesNotStopTheOthers(t *testing.T) {
	var calls []string
	closed := false
	boom := errors.New("boom")
	report := mustRun(t, 1,
		Row{Name: "setup", Setup: func(context.Context, *Env) (*Work, error) { return nil, boom }},
		Row{Name: "skip", Setup: func(context.Context, *Env) (*Work, error) {
			return nil, fmt.Errorf("%w: no moon", ErrSkip)
		}},
		Row{Name: "round", Setup: func(context.Context, *Env) (*Work, error) {
			return &Work{
				Cases: []Case{{Label: "it", Round: func(context.Context) (Sample, error) { return Sample{}, boom }}},
				Close: func() error { closed = true; return nil },
			}, nil
		}},
		row("zero", nil, script(&calls, "a", 0, 0)),
		row("good", nil, script(&calls, "a", 1, 1)))
	for i, want := range []string{"boom", "", "it: boom", "the a: measured 0 ns for one operation, which can't be", ""} {
		if got := report.Rows[i].Error; got != want {
			t.Errorf("row %s failed with %q, want %q", report.Rows[i].Name, got, want)
		}
	}
	if report.Rows[1].Skipped == "" || !closed || report.Failed() != 3 || len(report.Rows[4].Cases) != 1 {
		t.Errorf("skipped %q, closed %v, failed %d", report.Rows[1].Skipped, closed, report.Failed())
	}
}

func TestCancelledRunReportsWhatThereIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls []string
	stop := Case{Key: "a", Round: func(context.Context) (Sample, error) { cancel(); return Sample{PerOp: 1}, nil }}
	report, err := Run(ctx, &Env{Rounds: 5}, []Row{
		row("first", nil, script(&calls, "a", 1, 1, 1, 1, 1, 1)), row("second", nil, stop), row("third", nil, stop),
	}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if len(report.Rows) != 2 || report.Rows[0].Error != "" || report.Rows[1].Error == "" {
		t.Errorf("rows %+v, want the first whole and the second failed", report.Rows)
	}
}

func TestSelect(t *testing.T) {
	rows := []Row{{Name: "lock-alone"}, {Name: "lock-contended"}, {Name: "start"}}
	for _, tc := range []struct {
		names []string
		want  string
	}{
		{nil, "lock-alone lock-contended start"},
		{[]string{"start"}, "start"},
		{[]string{"lock"}, "lock-alone lock-contended"},
		{[]string{"start", "lock-alone"}, "lock-alone start"},
		{[]string{"lock", "lock-alone"}, "lock-alone lock-contended"},
	} {
		got, err := Select(rows, tc.names)
		var names []string
		for _, r := range got {
			names = append(names, r.Name)
		}
		if err != nil || strings.Join(names, " ") != tc.want {
			t.Errorf("Select(%v) = %v, %v; want %s", tc.names, names, err, tc.want)
		}
	}
	if _, err := Select(rows, []string{"loc"}); err == nil || !strings.Contains(err.Error(), "lock-contended") {
		t.Errorf("Select of an unknown name: %v, want an error that names the rows", err)
	}
}

func TestTable(t *testing.T) {
	var calls []string
	report := mustRun(t, 1,
		row("x", []Target{AtMost(1.25, "b"), AtLeast(5, "python")},
			script(&calls, "a", 1, 10), script(&calls, "b", 1, 20)),
		Row{Name: "s", Title: "row s", Setup: func(context.Context, *Env) (*Work, error) {
			return nil, fmt.Errorf("%w: no moon", ErrSkip)
		}})
	report.Rows[0].Notes = []string{"a note"}
	var b bytes.Buffer
	if err := report.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{
		"0.5x   <= 1.25x  pass     0.5x..0.5x  row x  10 ns      20 ns  the b\n",
		"-      >= 5x     ?                    row x  10 ns      no python\n",
		"No python3 was found", "x: a note\n", "s: not measured: no moon\n",
		"1 targets met, 0 missed, 1 not measured.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the table lacks %q:\n%s", want, text)
		}
	}
	if !strings.Contains(text, "\nRATIO") {
		t.Errorf("the ratio isn't the first column:\n%s", text)
	}
}

// A ratio that misses its target by less than the table's digits doesn't look
// as if it met it.
func TestNarrowMiss(t *testing.T) {
	var calls []string
	report := mustRun(t, 1, row("x", []Target{AtMost(1.05, "b")}, script(&calls, "a", 1, 1.0512), script(&calls, "b", 1, 1)))
	report.Machine.Load, report.Machine.CPUs = 3.04, 2
	var b bytes.Buffer
	if err := report.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.0512x  <= 1.05x  MISS", "The load was 3.0 "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &b)
		}
	}
}

func TestJSON(t *testing.T) {
	var calls []string
	report := mustRun(t, 2, row("x", []Target{AtMost(1.25, "b")},
		script(&calls, "a", 1, 10, 11), script(&calls, "b", 1, 20, 22)))
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Format  int
		Machine struct{ OS, Arch, Go string }
		Pythons []any
		Rounds  int
		Rows    []struct {
			Name     string
			Verdicts []struct {
				Target, Against string
				Value           float64
				Met             bool
			}
			Cases []struct {
				Rounds []float64 `json:"rounds_ns_per_op"`
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Format != 1 || back.Machine.Go == "" || back.Pythons == nil || back.Rounds != 2 {
		t.Errorf("head: %+v", back)
	}
	if v := back.Rows[0].Verdicts[0]; v.Target != "<= 1.25x" || v.Value != 0.5 || !v.Met || v.Against != "the b" {
		t.Errorf("verdict: %+v", v)
	}
	if got := back.Rows[0].Cases[1].Rounds; !slices.Equal(got, []float64{20, 22}) {
		t.Errorf("rounds of b: %v", got)
	}
}

func TestBar(t *testing.T) {
	var calls []string
	var b bytes.Buffer
	_, err := Run(t.Context(), &Env{Rounds: 2}, []Row{
		row("x", nil, script(&calls, "a", 1, 1, 1)), row("y", nil, script(&calls, "a", 1, 1, 1)),
	}, NewBar(&b))
	if err != nil || !strings.Contains(b.String(), "[2/2] row y") {
		t.Errorf("progress: %q, %v", b.String(), err)
	}
}
