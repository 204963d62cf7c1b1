package rows

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc"
)

// doomed fails after the beginning, or waits until it is told to stop.
var doomed = multiproc.Register("test.pair", onCue(func(ctx context.Context, fails bool, begin func() error) error {
	if err := begin(); err != nil {
		return err
	}
	if fails {
		return errors.New("the item is not what was sent")
	}
	<-ctx.Done()
	return context.Cause(ctx)
}))

// lost fails before it has met the other one.
var lost = multiproc.Register("test.lost", onCue(func(_ context.Context, fails bool, begin func() error) error {
	if fails {
		return errors.New("lost on the way")
	}
	return begin()
}))

// A round in which one side fails is over, and says why, although the other side waits for it.
func TestPairThatFails(t *testing.T) {
	needWorkers(t)
	for want, fn := range map[string]*multiproc.Func[turn[bool], time.Duration]{"not what was sent": doomed, "lost on the way": lost} {
		for _, sides := range [][]side[bool]{{{task: true}, {task: false}}, {{task: false}, {task: true}}} {
			if took, err := runPair(t.Context(), fn, sides...); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, error %v, want one that says %q", took, err, want)
			}
		}
	}
}

var pause = multiproc.Register("test.pause", onCue(func(_ context.Context, d time.Duration, begin func() error) error {
	if err := begin(); err != nil {
		return err
	}
	time.Sleep(d)
	return nil
}))

// What a pair took is what the slower side took.
func TestPairTakesTheLonger(t *testing.T) {
	needWorkers(t)
	const longer = 50 * time.Millisecond
	took, err := runPair(t.Context(), pause, side[time.Duration]{task: longer}, side[time.Duration]{task: 0})
	if err != nil || took < longer {
		t.Errorf("%v, %v, want %v or more", took, err, longer)
	}
}

// A start that fails is the error, and the side that has been started is not left alone.
func TestPairThatCannotStart(t *testing.T) {
	needWorkers(t)
	gone, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	_, err = runPair(t.Context(), doomed, side[bool]{}, side[bool]{files: []*os.File{gone}})
	if err == nil || !strings.Contains(err.Error(), "WithFiles") {
		t.Errorf("error %v for a file that is closed", err)
	}
}
