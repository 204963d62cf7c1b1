package rows

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench"
	"github.com/multiproc-go/multiproc/internal/bench/starting"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func TestMain(m *testing.M) {
	multiproc.Main()
	if starting.Empty() {
		return
	}
	// With the race detector every process would sleep for a second at its end.
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	os.Exit(m.Run())
}

func needWorkers(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("worker processes need Linux")
	}
}

// tiny does every row's work once or a few times: what is tested is that it
// is done, not how fast.
var tiny = workload{
	lockPairs: 100, pythonLockPairs: 100,
	contendFor: 25 * time.Millisecond, // in which one mostly waits for the other, see measure
	arrayLen:   1000, pythonArrayLen: 100,
	updates: 100, pythonUpdates: 100,
	starts: 1, pythonStarts: 1,
	kills: 4, orphans: 4,
	messages: 20, pythonMessages: 5,
	items: 100, pipeItems: 100, pythonItems: 50,
	mediums: 40, larges: 20,
	orders: 50, pythonOrders: 50,
	roundTrips: 50, pythonRoundTrips: 20,
	entries: 2500, floats: 2500,
	large: 2, requests: 20,
	connects: 2, pythonConnects: 1,
	block: 1 << 20, blocks: 2, pythonBlocks: 1,
	callFor: 5 * time.Millisecond, creations: 2, pythonCreates: 1, idle: 20, busy: 10,
}

func TestNames(t *testing.T) {
	names, form := map[string]bool{}, regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	for _, row := range All() {
		if !form.MatchString(row.Name) || names[row.Name] || row.Title == "" || row.Op == "" || len(row.Targets) == 0 {
			t.Errorf("row %+v", row)
		}
		names[row.Name] = true
	}
}

// onlyWithPython are the rows in which this library's other end is a Python.
var onlyWithPython = []string{"connection-new", "connection-64m-python", "connection-64m-to-python",
	"manager-calls", "manager-calls-tcp", "manager-calls-alone", "manager-cpu", "manager-create", "manager-64m", "manager-memory"}

// measure runs all rows, and those again in which nobody happened to wait: whether one of two contenders meets the other in a moment depends on when they run.
func measure(t *testing.T, env *bench.Env) *bench.Report {
	t.Helper()
	rows := build(tiny)
	report, err := bench.Run(t.Context(), env, rows, nil)
	if err != nil {
		t.Fatal(err)
	}
	nobodyWaited := func(r bench.RowResult) bool {
		return r.Error == "" && r.Skipped == "" && slices.ContainsFunc(r.Verdicts, func(v bench.Verdict) bool { return v.NotMeasured && v.Against == "" })
	}
	for i := range report.Rows {
		for end := time.Now().Add(2 * time.Minute); nobodyWaited(report.Rows[i]) && time.Now().Before(end); {
			again, err := bench.Run(t.Context(), env, rows[i:i+1], nil)
			if err != nil {
				t.Fatal(err)
			}
			report.Rows[i] = again.Rows[0]
		}
	}
	return report
}

// Every other row runs without a Python and without the go tool, and measures what
// its targets ask for.
func TestRowsAlone(t *testing.T) {
	needWorkers(t)
	report := measure(t, &bench.Env{Rounds: 2})
	for _, row := range report.Rows {
		if row.Error != "" || row.Skipped != "" && !slices.Contains(onlyWithPython, row.Name) {
			t.Errorf("%s: %s%s", row.Name, row.Error, row.Skipped)
		}
		for _, v := range row.Verdicts {
			if v.NotMeasured != strings.HasPrefix(v.Against, "python") {
				t.Errorf("%s against %q: not measured is %v", row.Name, v.Against, v.NotMeasured)
			}
			if v.Asked && !v.NotMeasured && !(v.Value > 0) {
				t.Errorf("%s against %q: %v", row.Name, v.Against, v.Value)
			}
		}
	}
}

func TestRowsWithPythonAndSmallPrograms(t *testing.T) {
	needWorkers(t)
	if testing.Short() {
		t.Skip("builds two programs and starts Python often")
	}
	env := &bench.Env{Rounds: 1, Pythons: bench.FindPythons(t.Context())}
	env.Pythons = env.Pythons[:min(1, len(env.Pythons))]
	env.Go, _ = bench.FindToolchain(t.Context())
	if len(env.Pythons) == 0 && env.Go == nil {
		t.Skip("neither python3 nor the go tool")
	}
	report := measure(t, env)
	for _, row := range report.Rows {
		if row.Error != "" {
			t.Errorf("%s: %s", row.Name, row.Error)
		}
		if row.Skipped != "" && len(env.Pythons) > 0 {
			t.Errorf("%s: %s", row.Name, row.Skipped)
		}
		for _, v := range row.Verdicts {
			if v.NotMeasured && len(env.Pythons) > 0 {
				t.Errorf("%s: nothing was measured for %q", row.Name, v.Against)
			}
		}
	}
}

func TestKeptWaits(t *testing.T) {
	needWorkers(t)
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	shown, err := compete(t.Context(), l, 20*time.Millisecond, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range shown {
		if s.Pairs == 0 || s.Took < 20*time.Millisecond || len(s.Waits) > mostWaits {
			t.Errorf("a contender shows %d pairs in %v and %d waits", s.Pairs, s.Took, len(s.Waits))
		}
		for _, w := range s.Waits {
			if w < 0 || w > int64(s.Took) {
				t.Errorf("a wait of %d ns in %v", w, s.Took)
			}
		}
	}
	if got, want := together([]showing{{Pairs: 10, Took: 100}, {Pairs: 30, Took: 100}}), 2.5; math.Abs(got-want) > 1e-9 {
		t.Errorf("together: %v ns for a pair, want %v", got, want)
	}
}

var leaveUnlocked = multiproc.Register("test.hold", func(ctx context.Context, v victim) (struct{}, error) {
	v.Held.Store(1)
	<-ctx.Done()
	return struct{}{}, nil
})

// A library that didn't tell who died would not pass for one that does.
func TestKillIsOnlyCountedWithItsRecovery(t *testing.T) {
	needWorkers(t)
	l, err := psync.NewLock()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, err := shm.NewRawValue(uint32(0))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	v := victim{l, held}
	if wait, err := killHolder(t.Context(), holdUntilKilled, v); err != nil || wait <= 0 {
		t.Errorf("%v, %v", wait, err)
	}
	if _, err := killHolder(t.Context(), leaveUnlocked, v); err == nil || !strings.Contains(err.Error(), "next holder was told") {
		t.Errorf("error %v where no holder died", err)
	}
}

func TestSums(t *testing.T) {
	ints, floats := ramp[int64](1003), ramp[float64](1003)
	const want = 1002 * 1003 / 2
	if sum8(ints); sink != any(int64(want)) {
		t.Errorf("sum8 gives %v, want %v", sink, want)
	}
	if sum(floats); sink != any(float64(want)) {
		t.Errorf("sum gives %v, want %v", sink, want)
	}
	if copyBothWays()(floats); floats[1002] != 1002 {
		t.Errorf("after copying there and back, the last is %v", floats[1002])
	}
}

func TestStartAsk(t *testing.T) {
	needWorkers(t)
	if ns, err := (starting.Ask{N: 2}).Do(t.Context()); err != nil || ns <= 0 {
		t.Errorf("%v ns, %v", ns, err)
	}
	if _, err := (starting.Ask{N: 1, Exec: "/does/not/exist"}).Do(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v for a program that isn't there", err)
	}
	// The form on the wire is that of the small program.
	if text, err := json.Marshal(starting.Ask{N: 3}); err != nil || string(text) != `{"n":3}` {
		t.Errorf("%s, %v", text, err)
	}
}
