package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Row is one piece of work that is measured in several ways.
type Row struct {
	Name    string   // what --only takes: lower case, words joined by "-"
	Title   string   // what the table prints
	Op      string   // what one operation is: "lock+unlock", "element", "start"
	Unit    string   // of what an operation costs: "" for nanoseconds, or Bytes
	Targets []Target // what the row must show

	// Setup makes the cases ready. It is called once, just before the first
	// round, so that rows don't hold memory or processes beside each other.
	// An error that wraps [ErrSkip] leaves the row out and says why.
	Setup func(ctx context.Context, env *Env) (*Work, error)
}

// Bytes is the Unit of a row about memory.
const Bytes = "B"

// ErrSkip is wrapped by the error of a Setup that finds the row can't be
// measured on this machine, which is not a failure.
var ErrSkip = errors.New("not measured")

// Work is a row made ready.
type Work struct {
	Cases []Case       // the first is ours; ratios compare it with the others
	Notes []string     // what a reader must know to judge the figures
	Close func() error // called once after the last round; may be nil
}

// A Case is one way of doing a row's work.
type Case struct {
	Key   string // what targets name; several cases may share it (two Pythons)
	Label string // what the table prints
	Round func(ctx context.Context) (Sample, error)
}

// A Sample is what one round of one case measured.
type Sample struct {
	PerOp float64   // cost of one operation in the row's Unit
	Waits []float64 // single latencies in nanoseconds, where a row is about them
}

// Per turns the time that n operations took into a sample.
func Per(d time.Duration, n int) Sample {
	return Sample{PerOp: float64(d) / float64(n)}
}

// Env is what the machine offers the rows.
type Env struct {
	Rounds  int        // how many rounds each case is asked for
	Pythons []*Python  // interpreters to compare with; none is no error
	Go      *Toolchain // the go tool and this module's source; nil without
}

type targetKind int

const (
	kindAtMost  targetKind = iota // ours / theirs, at most
	kindAtLeast                   // theirs / ours, at least
	kindTail                      // a percentile of our latencies, at most
	kindRate                      // the bytes that ours moves in a second, at least
	kindMemory                    // the bytes that ours takes, at most
)

// A Target is what one comparison of a row must show. Make one with [AtMost],
// [AtLeast], [Compare], [Tail], [Rate] or [Memory].
type Target struct {
	Against string // the Key of the case compared with; "" in what is about ours alone

	kind     targetKind
	bound    float64 // a ratio, nanoseconds in a Tail, GB/s in a Rate, bytes in a Memory; 0: nothing is asked
	quantile float64 // Tail only
	size     float64 // Rate only: bytes that one operation moves
}

// AtMost asks that ours costs at most bound times what the other does.
func AtMost(bound float64, against string) Target {
	return Target{Against: against, kind: kindAtMost, bound: bound}
}

// AtLeast asks that ours is at least bound times faster than the other.
func AtLeast(bound float64, against string) Target {
	return Target{Against: against, kind: kindAtLeast, bound: bound}
}

// Compare asks for nothing: it shows how many times faster ours is.
func Compare(against string) Target {
	return Target{Against: against, kind: kindAtLeast}
}

// Tail asks that the quantile q (0.999 is p99.9) of our single latencies, over
// all rounds together, is at most d.
func Tail(q float64, d time.Duration) Target {
	return Target{kind: kindTail, quantile: q, bound: float64(d)}
}

// Rate asks that the median of our rounds moves at least so many gigabytes
// (1e9 bytes) a second, where one operation moves size bytes.
func Rate(gigabytes float64, size int) Target {
	return Target{kind: kindRate, bound: gigabytes, size: float64(size)}
}

// Memory asks that the median of our rounds is at most so many bytes, in a row
// whose Unit is Bytes.
func Memory(bytes int) Target {
	return Target{kind: kindMemory, bound: float64(bytes)}
}

// String is the target as the table prints it: "<= 1.25x", "p99 <= 3 ms",
// ">= 1.5 GB/s", "<= 64 MB".
func (t Target) String() string {
	switch {
	case t.kind == kindTail:
		return fmt.Sprintf("%s <= %s", quantileName(t.quantile), FormatNS(t.bound))
	case t.kind == kindRate:
		return ">= " + formatRate(t.bound)
	case t.kind == kindMemory:
		return "<= " + formatBytes(t.bound)
	case t.bound == 0:
		return "-"
	case t.kind == kindAtMost:
		return "<= " + formatRatio(t.bound)
	default:
		return ">= " + formatRatio(t.bound)
	}
}

// met reports whether value, which is what bound is, does.
func (t Target) met(value float64) bool {
	switch {
	case t.bound == 0:
		return true
	case t.kind == kindAtLeast || t.kind == kindRate:
		return value >= t.bound
	default:
		return value <= t.bound
	}
}

// ratio compares the costs of one round the way the target is put.
func (t Target) ratio(ours, theirs float64) float64 {
	if t.kind == kindAtMost {
		return ours / theirs
	}
	return theirs / ours
}
