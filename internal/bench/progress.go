package bench

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"
)

// Progress is told how far a run is. Its methods are called in order from the
// goroutine of [Run]; they must be quick, but are never called inside a round.
type Progress interface {
	Row(i, n int, row Row) // row i of n begins
	Round(i, n int)        // round i of n begins; the one that isn't counted is 0
	Done()
}

type silent struct{}

func (silent) Row(int, int, Row) {}
func (silent) Round(int, int)    {}
func (silent) Done()             {}

// NewBar returns a Progress that draws a bar for people on w, a terminal.
func NewBar(w io.Writer) Progress { return &bar{w: w} }

type bar struct {
	w    io.Writer
	live *progressbar.ProgressBar
	text string
}

func (b *bar) Row(i, n int, row Row) {
	b.Done()
	b.text = fmt.Sprintf("[%d/%d] %s", i+1, n, row.Title)
}

func (b *bar) Round(i, n int) {
	if b.live == nil {
		b.live = progressbar.NewOptions(n,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionSetDescription(b.text),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionClearOnFinish(),
		)
	}
	// A bar that can't be drawn is no reason to stop measuring.
	_ = b.live.Set(i)
}

func (b *bar) Done() {
	if b.live != nil {
		_ = b.live.Finish()
		b.live = nil
	}
}
