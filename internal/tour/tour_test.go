package tour

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/examples/wordcount/count"
	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func TestMain(m *testing.M) {
	multiproc.Main()
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

// smallWords is the program words on a few files.
func smallWords(t *testing.T) words {
	t.Helper()
	dir := t.TempDir()
	for i := range 20 {
		src := strings.Repeat("package p; func alpha() { beta(alpha, gamma) }\n", i+1)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%d.go", i)), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return words{func() (string, error) { return dir, nil }, count.Together}
}

// The faulty workers: each does nearly what the program needs.
var (
	addNine = multiproc.Register("test.counter.nine", func(_ context.Context, n *shm.Value[int64]) (struct{}, error) {
		_, err := shm.Add(n, counterTimes-1)
		return struct{}{}, err
	})
	addNothing = multiproc.Register("test.counter.nothing", func(context.Context, *shm.Value[int64]) (struct{}, error) {
		return struct{}{}, nil
	})
	lookWithGlobal = multiproc.Register("test.state.look", func(_ context.Context, b board) (sight, error) {
		x, err := b.look()
		x.Global++
		return x, err
	})
	lookAtHalf = multiproc.Register("test.state.half", func(_ context.Context, b board) (sight, error) {
		x, err := b.look()
		if x.Int > 3 { // right as long as one looks after the other
			x.Array[0]--
		}
		return x, err
	})
	addToIntOnly = multiproc.Register("test.state.add", func(_ context.Context, b board) (struct{}, error) {
		return struct{}{}, b.add()
	})
	negateNine = multiproc.Register("test.negate", func(_ context.Context, a *shm.Array[int64]) (struct{}, error) {
		return struct{}{}, a.Set(9, -9)
	})
	doubleNone = multiproc.Register("test.copy.double", func(context.Context, *shm.Array[int64]) (struct{}, error) {
		return struct{}{}, nil
	})
	setSix = multiproc.Register("test.copy.set", func(_ context.Context, x setting) (struct{}, error) {
		return struct{}{}, x.Value.Store(6)
	})
	addToOne = multiproc.Register("test.copy.both", func(_ context.Context, p pair) (struct{}, error) {
		return struct{}{}, p.Locked.Update(func(s []float32) {
			for i := range s {
				s[i] += pairTimes
			}
		})
	})
	moveTwice = multiproc.Register("test.copy.move", func(_ context.Context, v *shm.Value[ship]) (struct{}, error) {
		return struct{}{}, v.Update(func(x *ship) { x.Moves += 2 })
	})
	sizesOfOther = multiproc.Register("test.types", func(context.Context, struct{}) (map[string]int, error) {
		return map[string]int{"c": 1, "d": 4}, nil
	})
	holdNothing = multiproc.Register("test.crash.hold", func(ctx context.Context, g grip) (struct{}, error) {
		g.Held.Store(1)
		<-ctx.Done()
		return struct{}{}, nil
	})
	spoilNothing = multiproc.Register("test.crash.update", func(ctx context.Context, t transfer) (struct{}, error) {
		t.Half.Store(1)
		<-ctx.Done()
		return struct{}{}, nil
	})
	shipOthers = multiproc.Register("test.channel.ship", func(ctx context.Context, x shipment) (struct{}, error) {
		for range x.N {
			if err := x.Channel.send(ctx, message(7)); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, x.Channel.Empty.Acquire(ctx)
	})
	shipThree = multiproc.Register("test.channel.three", func(ctx context.Context, x shipment) (struct{}, error) {
		n := x.N
		if n < 0 {
			n = 3
		}
		for k := range n {
			if err := x.Channel.send(ctx, message(k)); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, x.Channel.Empty.Acquire(ctx)
	})
	putOthers = multiproc.Register("test.channel.put", func(ctx context.Context, x freight) (struct{}, error) {
		for range x.N {
			if err := x.Queue.Put(ctx, message(7)[:5]); err != nil {
				return struct{}{}, err
			}
		}
		return struct{}{}, nil
	})
	answerRudely = multiproc.Register("test.queue.answer", func(ctx context.Context, l letters) (int, error) {
		return os.Getpid(), l.Back.Put(ctx, "what?")
	})
	labourInVain = multiproc.Register("test.queue.vain", func(ctx context.Context, w workshop) (int, error) {
		for range w.Tasks.All(ctx) {
			if err := w.Tasks.TaskDone(); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	labourBadly = multiproc.Register("test.queue.badly", func(ctx context.Context, w workshop) (int, error) {
		for range w.Tasks.All(ctx) {
			if err := errors.Join(w.Results.Put(ctx, 4), w.Tasks.TaskDone()); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	playDouble = multiproc.Register("test.condition", func(ctx context.Context, t table) ([]int64, error) {
		hits, err := t.play(ctx, 1)
		hits[7]--
		return hits, err
	})
	playHalf       = multiproc.Register("test.condition.half", func(ctx context.Context, _ table) ([]int64, error) { return nil, nil })
	sleepInMeeting = multiproc.Register("test.barrier.asleep", func(ctx context.Context, x seat) (minutes, error) {
		m, err := attendAll(ctx, x)
		m.Seen = [barrierTurns][barrierParties]int64{}
		return m, err
	})
	accuseParent = multiproc.Register("test.barrier.accuse", func(ctx context.Context, x seat) (minutes, error) {
		m, err := attendAll(ctx, x)
		m.PID = os.Getppid()
		return m, err
	})
	failing = multiproc.Register("test.failing", func(context.Context, *shm.Array[int64]) (struct{}, error) {
		return struct{}{}, errors.New("no luck today")
	})
)

func run(t *testing.T, p Program) (*stage, string) {
	t.Helper()
	needWorkers(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	s := &stage{w: &out, progress: &out}
	s.title(p)
	if err := p.run(ctx, s); err != nil {
		s.Wrong("it failed: %v", err)
	}
	return s, out.String()
}

func TestProgramsAreRight(t *testing.T) {
	all := programs()
	all[slices.IndexFunc(all, func(p Program) bool { return p.Name == "words" })] = smallWords(t).program()
	for _, p := range all {
		t.Run(p.Name, func(t *testing.T) {
			s, out := run(t, p)
			if strings.Contains(out, "Left out: ") {
				t.Skip(out)
			}
			if s.wrong != 0 || !strings.Contains(out, "ok: ") {
				t.Errorf("%d results are wrong:\n%s", s.wrong, out)
			}
			for line := range strings.Lines(out) {
				if n := len([]rune(line)); n > 160 || strings.HasSuffix(line, " \n") {
					t.Errorf("a line is %d long or ends with a space: %q", n, line)
				}
			}
		})
	}
}

// Each check of each program can fail, and the output says what is wrong.
func TestProgramsCanBeWrong(t *testing.T) {
	few := smallWords(t)
	drop := few
	drop.together = func(ctx context.Context, files []string, size int64, workers int, progress func(int64)) (count.Result, error) {
		r, err := count.Together(ctx, files, size, workers, progress)
		r.Tally["alpha"]--
		return r, err
	}
	for name, tc := range map[string]struct {
		p    Program
		says string
	}{
		"careless counter adds nothing": {counter{addNothing, addCarefully}.program(), "WRONG: between 1 and 100"},
		"careful counter loses":         {counter{addCarelessly, addNine}.program(), "WRONG: exactly 100"},
		"globals are shared":            {state{lookWithGlobal, addToBoard}.program(), "WRONG: each child saw"},
		"half an addition is seen":      {state{lookAtHalf, addToBoard}.program(), "WRONG: each saw"},
		"additions to the int only":     {state{lookAtBoard, addToIntOnly}.program(), "WRONG: 12 and [8 8 8]"},
		"one element negated":           {negate{negateNine}.program(), "WRONG: the child has"},
		"a worker that fails":           {negate{failing}.program(), "no luck today"},
		"nothing doubled":               {copies{doubleNone, setValue, addToBoth, moveShip}.program(), "WRONG: [2 4 6]"},
		"another value":                 {copies{doubleArray, setSix, addToBoth, moveShip}.program(), "WRONG: the copy keeps"},
		"one of two arrays":             {copies{doubleArray, setValue, addToOne, moveShip}.program(), "WRONG: nothing is lost"},
		"moved twice":                   {copies{doubleArray, setValue, addToBoth, moveTwice}.program(), "WRONG: at (6, 2)"},
		"other sizes":                   {types{sizesOfOther}.program(), "WRONG: in another process"},
		"other numbers":                 {channel{shipOthers, putNumbers}.program(), "WRONG: all of the first message"},
		"other numbers in the queue":    {channel{shipNumbers, putOthers}.program(), "WRONG: 0 of 1000 messages"},
		"a sender that isn't killed":    {channel{shipThree, putNumbers}.program(), "WRONG: the wait ended"},
		"a rude answer":                 {queues{answerRudely, labourInShop}.program(), "WRONG: the child got"},
		"no results":                    {queues{answerLetter, labourInVain}.program(), "WRONG: when Join returned there were 0"},
		"bad results":                   {queues{answerLetter, labourBadly}.program(), "WRONG: each task"},
		"a double hit":                  {pingpong{playDouble}.program(), "WRONG: nobody hit twice"},
		"nobody to play with":           {pingpong{playHalf}.program(), "WRONG: nobody hit twice"},
		"somebody slept":                {meeting{sleepInMeeting}.program(), "WRONG: in each turn"},
		"the wrong one is accused":      {meeting{accuseParent}.program(), "WRONG: each of the other"},
		"the lock wasn't held":          {crash{holdNothing, breakUpdate, 2}.program(), "WRONG: each next holder"},
		"no update was broken off":      {crash{holdLock, spoilNothing, 2}.program(), "WRONG: the value refused"},
		"a count differs":               {drop.program(), "WRONG: all counts"},
	} {
		t.Run(name, func(t *testing.T) {
			s, out := run(t, tc.p)
			if s.wrong == 0 || !strings.Contains(out, tc.says) {
				t.Errorf("want it to be found wrong with %q:\n%s", tc.says, out)
			}
		})
	}
}

func TestWordsWithoutSources(t *testing.T) {
	w := words{func() (string, error) { return "", fmt.Errorf("%w: gone", count.ErrNoSources) }, nil}
	s, out := run(t, w.program())
	if s.wrong != 0 || !strings.Contains(out, "Left out") {
		t.Errorf("wrong %d:\n%s", s.wrong, out)
	}
}

func TestRun(t *testing.T) {
	needWorkers(t)
	good := Program{"good", "is good", func(_ context.Context, s *stage) error { s.Check(true, "fine"); return nil }}
	bad := Program{"bad", "is bad", func(_ context.Context, s *stage) error { s.Check(false, "fine"); return nil }}
	broken := Program{"broken", "fails", func(context.Context, *stage) error { return errors.New("no") }}
	for _, tc := range []struct {
		programs []Program
		want     string // of the error
	}{
		{[]Program{good}, ""},
		{[]Program{good, good}, ""},
		{[]Program{bad, good, broken}, "wrong: bad, broken"},
	} {
		var out bytes.Buffer
		err := Run(t.Context(), &out, &out, tc.programs)
		if (err == nil) != (tc.want == "") || err != nil && err.Error() != tc.want {
			t.Errorf("error %v, want %q", err, tc.want)
		}
		if n := strings.Count(out.String(), "---\n"); n != len(tc.programs) {
			t.Errorf("%d of %d programs ran:\n%s", n, len(tc.programs), &out)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	stop := Program{"stop", "is stopped", func(context.Context, *stage) error { cancel(); return ctx.Err() }}
	if err := Run(ctx, &bytes.Buffer{}, &bytes.Buffer{}, []Program{stop, bad}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v after an interrupt", err)
	}
	if err := Run(t.Context(), failingWriter{}, &bytes.Buffer{}, []Program{good}); err == nil {
		t.Error("no error when nothing can be written")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestSelect(t *testing.T) {
	all, err := Select(nil)
	if err != nil || len(all) != 13 {
		t.Errorf("%d programs, %v", len(all), err)
	}
	two, err := Select([]string{"words", "counter"})
	if err != nil || len(two) != 2 || two[0].Name != "counter" {
		t.Errorf("%v, %v; want counter before words", two, err)
	}
	if _, err := Select([]string{"nope"}); err == nil || !strings.Contains(err.Error(), "negate") {
		t.Errorf("error %v, want one that names the programs", err)
	}
}

func TestCallAllEndsTheOthers(t *testing.T) {
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
	enough := errors.New("enough")
	// The first worker holds a lock until it is told to end.
	_, err = callAll(t.Context(), 2, holdLock, func(i int) (grip, error) {
		if i == 1 {
			return grip{}, enough
		}
		return grip{l, held}, nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("error %v", err)
	}
	if !l.TryLock() {
		t.Error("the worker still holds the lock")
	}
	l.Unlock()
}
