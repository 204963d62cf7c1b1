package tour

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc/manager"
)

// guests are processes of Python at a server in Go.
type guests struct {
	script string
	python func() (python3, error)
}

func newGuests() guests { return guests{shareScript, findPython} }

func (g guests) program() Program {
	return Program{"python", "Python processes share objects of a server in Go", g.run}
}

// shareScript is a program for Python's own SyncManager.
//
//go:embed py/share.py
var shareScript string

// What the script does: its numbers are these.
const (
	guestProcesses = 4
	guestNumbers   = 200
	guestCount     = 8000
	guestPatience  = time.Minute
)

// report is a line that the script prints.
type report struct {
	Taken    [][2]int // a process, and the number that it has taken
	Count    int
	Waiter   int // the process that waits
	Got      string
	ExitCode int
}

func (g guests) run(ctx context.Context, s *stage) (err error) {
	p, err := g.python()
	if err != nil {
		s.Say("Left out: %v. It would show Python programs that share lists, queues and locks, with Python's own SyncManager and a server in Go.", err)
		return nil
	}
	server, at, stop, err := serve(ctx, func(*manager.Server) error { return nil })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	script := p.run(ctx, g.script, at.Address)
	in, out, err := script.pipes()
	if err != nil {
		return err
	}
	if err := script.Start(); err != nil {
		return err
	}
	talkErr := g.talk(ctx, s, p, server, in, json.NewDecoder(bufio.NewReader(out)), hex.EncodeToString(at.Key))
	if talkErr != nil {
		cancel()
	}
	err = script.explained(script.Wait())
	if talkErr != nil && script.ProcessState.ExitCode() <= 0 {
		return talkErr // for which the script was killed, or which it does not explain
	}
	return err
}

// talk exchanges lines with the script.
func (g guests) talk(ctx context.Context, s *stage, p python3, server *manager.Server, in io.Writer, out *json.Decoder, key string) error {
	if _, err := fmt.Fprintln(in, key); err != nil {
		return err
	}
	s.Say("%d processes of %v use Python's own SyncManager. They take numbers from one Queue, and append them to one list. Then each adds 1 to one Value, 2000 times, always while it has the same Lock.", guestProcesses, p)
	var r report
	if err := out.Decode(&r); err != nil {
		return err
	}
	shares := make([]int, guestProcesses)
	var numbers, want []int
	for _, taken := range r.Taken {
		if taken[0] >= 0 && taken[0] < guestProcesses {
			shares[taken[0]]++
		}
		numbers = append(numbers, taken[1])
	}
	slices.Sort(numbers)
	for n := range guestNumbers {
		want = append(want, n)
	}
	s.Show("they have taken %v numbers; the Value is %d", shares, r.Count)
	s.Check(slices.Equal(numbers, want), "each number from 0 to %d is in the list once", guestNumbers-1)
	s.Check(r.Count == guestCount, "the count is exactly %d", guestCount)

	s.Say("One more process waits in Queue.get, and is killed (kill -9). Only then another one puts something into the Queue.")
	if err := out.Decode(&r); err != nil {
		return err
	}
	waits := func() bool {
		return slices.ContainsFunc(server.Clients(), func(c manager.ClientInfo) bool { return c.WaitsFor == "Queue.get" })
	}
	ctx, cancel := context.WithTimeoutCause(ctx, guestPatience, errors.New("no process waits in Queue.get"))
	defer cancel()
	for !waits() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := fmt.Fprintln(in); err != nil {
		return err
	}
	if err := out.Decode(&r); err != nil {
		return err
	}
	s.Show("process %d ended by signal %d; a get after that has returned %q", r.Waiter, -r.ExitCode, r.Got)
	s.Check(r.Got == "survivor" && r.ExitCode == -9, "what was put is still there: a dead process takes nothing")
	return nil
}
