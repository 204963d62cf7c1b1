package count

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar shows how much has been counted, on a terminal. On anything else it
// shows nothing.
type Bar struct{ bar *progressbar.ProgressBar }

// NewBar returns a bar on w for size bytes.
func NewBar(w io.Writer, size int64) Bar {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Bar{}
	}
	return Bar{progressbar.NewOptions64(size,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("counting"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// Set shows that done bytes are counted. A bar that can't be drawn is no
// reason to stop counting.
func (b Bar) Set(done int64) {
	if b.bar != nil {
		_ = b.bar.Set64(done)
	}
}

// Finish takes the bar away.
func (b Bar) Finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
