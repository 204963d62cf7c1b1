package bench

import (
	"encoding/json"
	"io"
	"runtime"
	"time"
)

// Report is what a run found. Its JSON form is what "multiproc bench --json"
// writes; Format grows when a field changes its meaning. All times are in
// nanoseconds; in a row that has a Unit the costs are in that, whatever their
// fields' names say.
type Report struct {
	Format  int         `json:"format"`
	Started time.Time   `json:"started"`
	Machine Machine     `json:"machine"`
	Pythons []*Python   `json:"pythons"` // empty: none was found
	Rounds  int         `json:"rounds"`
	Rows    []RowResult `json:"rows"`
}

// Machine is where a report comes from.
type Machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	Kernel string `json:"kernel,omitempty"`
	CPUs   int    `json:"cpus"`
	// Load is the 1-minute load average before the run: how many CPUs others
	// kept busy.
	Load  float64 `json:"load,omitempty"`
	Model string  `json:"model,omitempty"`
	Go    string  `json:"go"`
}

// RowResult is what one row showed.
type RowResult struct {
	Name     string       `json:"name"`
	Title    string       `json:"title"`
	Op       string       `json:"op"`
	Unit     string       `json:"unit,omitempty"`    // of the costs; none is nanoseconds
	Skipped  string       `json:"skipped,omitempty"` // why it wasn't measured
	Error    string       `json:"error,omitempty"`   // why it failed
	Notes    []string     `json:"notes,omitempty"`
	Verdicts []Verdict    `json:"verdicts,omitempty"`
	Cases    []CaseResult `json:"cases,omitempty"`
}

// CaseResult is what one case measured over all rounds.
type CaseResult struct {
	Key    string    `json:"key"`
	Label  string    `json:"label"`
	PerOp  Summary   `json:"ns_per_op"`
	Rounds []float64 `json:"rounds_ns_per_op"`
	Waits  *Summary  `json:"waits_ns,omitempty"`

	waits []float64
}

// Verdict is one target held against what was measured.
type Verdict struct {
	Target string `json:"target"`
	// Against is the label of the case compared with, or its key if it wasn't
	// measured; "" where the target is about ours alone.
	Against string `json:"against,omitempty"`
	// Unit of Value and Spread: "" for ratios, "ns", "GB/s" or "B" where the
	// target is about ours alone.
	Unit string `json:"unit,omitempty"`
	// Value is the median of the rounds' ratios or rates, or a percentile of
	// all latencies.
	Value float64 `json:"value"`
	// Spread summarizes the rounds' ratios or rates, or all latencies.
	Spread      Summary `json:"spread"`
	Asked       bool    `json:"asked"` // false: for information only
	Met         bool    `json:"met"`
	NotMeasured bool    `json:"not_measured,omitempty"`

	other *CaseResult
}

// The units of verdicts that compare with nothing.
const (
	unitNS   = "ns"
	unitRate = "GB/s"
)

func newReport(env *Env) *Report {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()}
	describeMachine(&m)
	return &Report{
		Format: 1, Started: time.Now().UTC(), Machine: m,
		Pythons: append([]*Python{}, env.Pythons...), Rounds: env.Rounds,
	}
}

// WriteJSON writes the report, indented.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// Missed returns how many targets were measured and not met.
func (r *Report) Missed() int {
	return r.count(func(v Verdict) bool { return v.Asked && !v.NotMeasured && !v.Met })
}

// Met returns how many targets were measured and met.
func (r *Report) Met() int {
	return r.count(func(v Verdict) bool { return v.Asked && !v.NotMeasured && v.Met })
}

// Unmeasured returns how many targets couldn't be measured.
func (r *Report) Unmeasured() int {
	return r.count(func(v Verdict) bool { return v.Asked && v.NotMeasured })
}

// Failed returns how many rows failed.
func (r *Report) Failed() int {
	n := 0
	for _, row := range r.Rows {
		if row.Error != "" {
			n++
		}
	}
	return n
}

func (r *Report) count(is func(Verdict) bool) int {
	n := 0
	for _, row := range r.Rows {
		for _, v := range row.Verdicts {
			if is(v) {
				n++
			}
		}
	}
	return n
}
