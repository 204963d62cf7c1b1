//go:build linux

package multiproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// untilStopped waits for the end of its context and reports what it saw. With "stubborn" it takes no notice.
var untilStopped = Register("until-stopped", func(ctx context.Context, how string) (string, error) {
	if how == "stubborn" {
		select {}
	}
	<-ctx.Done()
	if how == "return it" {
		return "", ctx.Err()
	}
	_, has := ctx.Deadline()
	return fmt.Sprintf("%v; %v; canceled=%v interrupted=%v deadline=%v", ctx.Err(), context.Cause(ctx),
		errors.Is(context.Cause(ctx), context.Canceled), errors.Is(context.Cause(ctx), ErrInterrupted), has), nil
})

func TestInterrupt(t *testing.T) {
	p := mustStart(t, untilStopped, "")
	if !p.Alive() {
		t.Error("not alive")
	}
	if err := p.Interrupt(); err != nil {
		t.Fatal(err)
	}
	if got, want := mustWait(t, p), "context canceled; "+ErrInterrupted.Error()+"; canceled=false interrupted=true deadline=false"; got != want {
		t.Errorf("the worker saw %q, want %q", got, want)
	}
}

// patient is a grace that no worker needs which ends in order, however busy the machine is.
var patient = WithGrace(5 * time.Minute)

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := untilStopped.Start(ctx, "", slow, patient)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if got, want := mustWait(t, p), "context canceled; context canceled; canceled=true interrupted=false deadline=false"; got != want {
		t.Errorf("the worker saw %q, want %q", got, want)
	}
}

func TestCancelCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	p, err := untilStopped.Start(ctx, "", slow, patient)
	if err != nil {
		t.Fatal(err)
	}
	cancel(fmt.Errorf("enough of %w", context.Canceled))
	if got := mustWait(t, p); !strings.Contains(got, "enough of context canceled; canceled=true") {
		t.Errorf("the worker saw %q", got)
	}
}

func TestDeadline(t *testing.T) {
	var p *Process[string]
	err := context.DeadlineExceeded
	for d := 200 * time.Millisecond; errors.Is(err, context.DeadlineExceeded) && d < time.Minute; d *= 5 { // time enough to start
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		p, err = untilStopped.Start(ctx, "", slow, patient)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := mustWait(t, p), "context deadline exceeded; context deadline exceeded; canceled=false interrupted=false deadline=true"; got != want {
		t.Errorf("the worker saw %q, want %q", got, want)
	}
}

func TestContextErrorComesBack(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := untilStopped.Start(ctx, "return it", slow, patient)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	var e *RemoteError
	if _, err := p.Wait(watchdog(t)); !errors.As(err, &e) || !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestKilledAfterGrace(t *testing.T) {
	for _, grace := range []time.Duration{0, 50 * time.Millisecond} {
		ctx, cancel := context.WithCancelCause(context.Background())
		p, err := untilStopped.Start(ctx, "stubborn", slow, WithGrace(grace))
		if err != nil {
			t.Fatal(err)
		}
		enough := errors.New("enough")
		cancel(enough)
		var e *ExitError
		_, err = p.Wait(watchdog(t))
		if !errors.As(err, &e) || e.Signal != syscall.SIGKILL || !errors.Is(err, enough) {
			t.Errorf("grace %v: error is %v", grace, err)
		}
		if code, _ := p.ExitCode(); code != -int(syscall.SIGKILL) {
			t.Errorf("exit code %d", code)
		}
	}
}

func TestTerminate(t *testing.T) {
	p := mustStart(t, untilStopped, "")
	if err := p.Terminate(); err != nil {
		t.Fatal(err)
	}
	var e *ExitError
	if _, err := p.Wait(watchdog(t)); !errors.As(err, &e) || e.SignalName != "SIGTERM" || e.Code != -15 || e.Err != nil {
		t.Errorf("error is %v", err)
	}
}

func TestStoppedWorkerIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := untilStopped.Start(ctx, "", slow, WithGrace(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); procState(p.PID()) != 'T'; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not stop")
		}
	}
	if !p.Alive() {
		t.Error("a stopped worker is not alive")
	}
	cancel()
	var e *ExitError
	if _, err := p.Wait(watchdog(t)); !errors.As(err, &e) || e.Signal != syscall.SIGKILL {
		t.Errorf("error is %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	p := mustStart(t, untilStopped, "")
	why := errors.New("no time")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if _, err := p.Wait(ctx); !errors.Is(err, why) {
		t.Errorf("error is %v", err)
	}
	if !p.Alive() {
		t.Error("that ended the worker")
	}
	select {
	case <-p.Done():
		t.Error("done too soon")
	default:
	}
}

var interruptedGroup = Register("interrupted-group", func(ctx context.Context, _ struct{}) (string, error) {
	if err := syscall.Setpgid(0, 0); err != nil {
		return "", err
	}
	kid, err := untilStopped.Start(ctx, "", slow)
	if err != nil {
		return "", err
	}
	for range 3 { // Ctrl-C
		if err := syscall.Kill(0, syscall.SIGINT); err != nil {
			return "", err
		}
		time.Sleep(20 * time.Millisecond)
	}
	// Other programs must not inherit that.
	out, err := exec.Command("sh", "-c", "kill -INT $$; echo survived").CombinedOutput()
	if err == nil || len(out) != 0 {
		return "", fmt.Errorf("a program that the worker runs is deaf to SIGINT: %q, %v", out, err)
	}
	if err := kid.Interrupt(); err != nil {
		return "", err
	}
	return kid.Wait(ctx)
})

func TestTerminalInterrupt(t *testing.T) {
	p := mustStart(t, interruptedGroup, struct{}{})
	if got := mustWait(t, p); !strings.Contains(got, "interrupted=true") {
		t.Errorf("the worker's worker saw %q", got)
	}
}

// dying starts workers of its own, tells their pids on its extra file, and lives until it is killed.
var dying = Register("dying", func(ctx context.Context, _ struct{}) (any, error) {
	out := Files()[0]
	daemon, err := lastWords.Start(ctx, heir{"daemon", os.Getpid()}, slow, WithFiles(out), WithEnv("GOMAXPROCS=1"))
	if err != nil {
		return nil, err
	}
	free, err := lastWords.Start(ctx, heir{"free", os.Getpid()}, slow, WithFiles(out), WithDaemon(false), WithStdout(io.Discard), WithStderr(io.Discard))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(out, "%d %d\n", daemon.PID(), free.PID())
	select {}
})

type heir struct {
	Who    string
	Parent int
}

// lastWords outlives its parent if it can.
var lastWords = Register("last-words", func(ctx context.Context, h heir) (any, error) {
	for os.Getppid() == h.Parent { // busy, so that the lifeline has to compete
	}
	if h.Who == "daemon" {
		time.Sleep(5 * time.Minute) // killed before: the test does not wait so long
	}
	fmt.Println("the reader of this is dead")
	fmt.Fprintln(os.Stderr, "and of this")
	fmt.Fprintf(Files()[0], "%s outlived\n", h.Who)
	return nil, nil
})

func TestParentKilled(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := mustStart(t, dying, struct{}{}, WithFiles(w))
	w.Close()
	var daemon, free int
	if _, err := fmt.Fscanf(r, "%d %d\n", &daemon, &free); err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	var e *ExitError
	if _, err := p.Wait(watchdog(t)); !errors.As(err, &e) || e.Signal != syscall.SIGKILL {
		t.Errorf("error is %v", err)
	}
	if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(r) // ends when both are gone
	if err != nil {
		syscall.Kill(daemon, syscall.SIGKILL)
		t.Fatal(err)
	}
	if string(said) != "free outlived\n" {
		t.Errorf("the workers of the dead said %q", said)
	}
	for _, pid := range []int{daemon, free} {
		for deadline := time.Now().Add(30 * time.Second); alive(pid); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is still there", pid)
			}
		}
	}
}

// alive reports whether a process that is perhaps nobody's child here runs.
func alive(pid int) bool {
	state := procState(pid)
	return state != 0 && state != 'Z' && state != 'X'
}

// procState is the letter of a process's state, 0 if there is no such process.
func procState(pid int) byte {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, state, ok := strings.Cut(string(stat), ") ")
	if !ok || state == "" {
		return 0
	}
	return state[0]
}

// leaver returns while its own workers run.
var leaver = Register("leaver", func(ctx context.Context, how string) (string, error) {
	out := Files()[0]
	// The polite one has the time that it needs, on any machine; the stubborn one uses up what it has.
	for kid, grace := range map[string]time.Duration{"polite": 2 * time.Minute, "stubborn": 50 * time.Millisecond} {
		if _, err := leftBehind.Start(ctx, kid, slow, WithFiles(out), WithGrace(grace)); err != nil {
			return "", err
		}
	}
	if how == "panic" {
		panic("leaving")
	}
	return "left", nil
})

var leftBehind = Register("left-behind", func(ctx context.Context, how string) (any, error) {
	if how == "stubborn" {
		select {}
	}
	<-ctx.Done()
	fmt.Fprintf(Files()[0], "%s: %v\n", how, errors.Is(context.Cause(ctx), ErrParentEnded))
	return nil, nil
})

func TestWorkerStopsItsWorkers(t *testing.T) {
	for _, how := range []string{"return", "panic"} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := mustStart(t, leaver, how, WithFiles(w))
		w.Close()
		if err := r.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(r)
		r.Close()
		if err != nil || string(said) != "polite: true\n" {
			t.Errorf("%s: the workers of the worker said %q, %v", how, said, err)
		}
		_, err = p.Wait(watchdog(t))
		if pe := (*PanicError)(nil); (how == "return") != (err == nil) || err != nil && !errors.As(err, &pe) {
			t.Errorf("%s: %v", how, err)
		}
	}
}
