package tour

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Program is one stop of the tour.
type Program struct {
	Name  string
	Short string // what it shows, in one line
	run   func(ctx context.Context, s *stage) error
}

// programs are the stops, in the order a newcomer should see them.
func programs() []Program {
	return []Program{
		newCounter().program(),
		newState().program(),
		newNegate().program(),
		newCopies().program(),
		newTypes().program(),
		newChannel().program(),
		newQueues().program(),
		newPingpong().program(),
		newMeeting().program(),
		newCrash().program(),
		newManaged().program(),
		newGuests().program(),
		newWords().program(),
	}
}

// Names returns the names of all programs.
func Names() []string {
	var names []string
	for _, p := range programs() {
		names = append(names, p.Name)
	}
	return names
}

// List returns a line for each program, each beginning with indent.
func List(indent string) string {
	var b strings.Builder
	for _, p := range programs() {
		fmt.Fprintf(&b, "%s%-9s  %s\n", indent, p.Name, p.Short)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Select returns the programs of these names, in the tour's order; of no
// names, all.
func Select(names []string) ([]Program, error) {
	all := programs()
	if len(names) == 0 {
		return all, nil
	}
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("the tour has no program %q; there are: %s", name, strings.Join(Names(), ", "))
		}
	}
	return slices.DeleteFunc(all, func(p Program) bool { return !slices.Contains(names, p.Name) }), nil
}

// Run runs the programs and prints what they show on stdout, and the progress
// of what takes long on stderr if that is a terminal. The error names the
// programs that failed or whose result is wrong.
func Run(ctx context.Context, stdout, stderr io.Writer, programs []Program) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the tour starts processes that share memory, which needs Linux so far; this is %s: %w", runtime.GOOS, errors.ErrUnsupported)
	}
	var bad []string
	begin := time.Now()
	for _, p := range programs {
		s := &stage{w: stdout, progress: stderr}
		s.title(p)
		err := p.run(ctx, s)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			s.Wrong("it failed: %v", err)
		}
		s.end()
		if s.err != nil {
			return s.err
		}
		if s.wrong > 0 {
			bad = append(bad, p.Name)
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("wrong: %s", strings.Join(bad, ", "))
	}
	what := "The result of the program is right"
	if len(programs) > 1 {
		what = fmt.Sprintf("The results of all %d programs are right", len(programs))
	}
	_, err := fmt.Fprintf(stdout, "%s (%.1f s).\n", what, time.Since(begin).Seconds())
	return err
}
