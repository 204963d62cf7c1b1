package multiproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/control"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/spawn"
)

// Exit codes of a worker. Whatever else there is comes from the user's os.Exit.
const (
	exitOK    = 0
	exitError = 1
	exitPanic = 2
)

// worker is this process, when it is one.
type worker struct {
	early  spawn.Blocking // the control channel until the function runs
	ctl    *os.File       // the same from then on
	task   control.Start
	files  func() []*os.File
	ctx    context.Context
	cancel context.CancelCauseFunc
	// stopClock ends ctx's timer. Nobody calls it: the process ends with the function.
	stopClock context.CancelFunc
}

// runWorker is the whole life of a worker.
//
// Half of what a start costs is the kernel's and the Go runtime's. The rest is spread: what does not depend on each other
// goes on at the same time.
func runWorker(ctl int) {
	spawn.CloseInheritedOnExec()
	joined := inBackground(func() error { _, err := family.Home(); return err })
	// Deaf to SIGINT at once, and in the background, where it may take its 80 us, in the way that programs which the function
	// executes don't inherit.
	signal.Ignore(os.Interrupt)
	deaf := inBackground(func() error { dropSignal(os.Interrupt); return nil })
	w := &worker{early: spawn.Blocking(ctl)}
	if err := control.Write(w.early, control.TypeHello, nil, nil); err != nil {
		w.orphaned()
	}
	f, err := control.Read(w.early)
	if err != nil || f.Type != control.TypeStart {
		w.orphaned()
	}
	if w.task, err = f.DecodeStart(); err != nil {
		w.orphaned()
	}
	w.files = openFiles(w.task.Files)
	current.Store(w)
	if crash := os.NewFile(uintptr(w.task.Crash), "crash"); crash != nil {
		debug.SetCrashOutput(crash, debug.CrashOptions{})
		crash.Close()
	}
	if w.task.NoFile {
		spawn.KeepFileLimit()
	}
	if !w.task.Daemon && w.task.Pipes {
		dropSignal(syscall.SIGPIPE) // the reader may die before this worker does
	}
	if !w.task.Daemon || len(w.task.Refs) > 0 {
		// A daemon without references may join later: its slot is kept for as long as its parent lives.
		if err := <-joined; err != nil {
			w.refuse(control.RefusedFamily, err)
		}
	}
	w.run(w.bind(f.Payload), deaf)
}

func inBackground(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// dropSignal makes this process take no notice of a signal. signal.Ignore does so too, but programs that the worker executes
// inherit that.
func dropSignal(sig os.Signal) { signal.Notify(make(chan os.Signal, 1), sig) }

// orphaned ends a worker whose parent is gone before it has said what to do.
func (w *worker) orphaned() { os.Exit(exitError) }

// bind finds the function and decodes its argument.
func (w *worker) bind(argument []byte) call {
	e := functions.get(w.task.Func)
	switch {
	case e == nil || e.bind == nil:
		w.refuse(control.RefusedUnknown, fmt.Errorf("the worker knows %s", functions.names()))
	case e.in != w.task.In || e.out != w.task.Out:
		w.refuse(control.RefusedTypes, fmt.Errorf("it takes %s and returns %s in the parent, and takes %s and returns %s in the worker (at %s)", w.task.In, w.task.Out, e.in, e.out, e.where))
	}
	killpoint.Here("worker.told")
	in := arena.Received(w.task.Refs, family.Ident(w.task.Parent))
	killpoint.Here("worker.received")
	fn, err := e.bind(argument)
	in.Release()
	killpoint.Here("worker.bound")
	if err != nil {
		w.refuse(control.RefusedArgument, err)
	}
	return fn
}

func (w *worker) refuse(reason control.RefusedReason, err error) {
	control.Write(w.early, control.TypeRefused, control.Refused{Reason: reason, Error: exportError(err)}, nil)
	os.Exit(exitError)
}

// run calls the function, once the rest is ready, and ends the process. It runs on the main goroutine, and so does the function, since some C libraries insist on
// the main thread.
func (w *worker) run(fn call, ready <-chan error) {
	w.ctx, w.cancel = context.WithCancelCause(context.Background())
	if w.task.Deadline != 0 {
		w.ctx, w.stopClock = context.WithDeadline(w.ctx, time.Unix(0, w.task.Deadline))
	}
	if err := control.Write(w.early, control.TypeRunning, nil, nil); err != nil {
		w.parentGone()
	}
	w.ctl = os.NewFile(uintptr(w.early), "control")
	go w.listen()
	<-ready
	defer func() { // a panic, or runtime.Goexit: run has no other way to return
		if v := recover(); v != nil {
			w.end(exitPanic, control.Failure{Kind: control.FailPanic, Error: control.Error{Type: fmt.Sprintf("%T", v), Message: cutText(fmt.Sprint(v))}, Stack: cutText(panicStack())})
		}
		w.end(exitError, control.Failure{Kind: control.FailGoexit})
	}()
	err, resultErr := fn(w.ctx, w.deliver)
	if err != nil {
		w.end(exitError, control.Failure{Kind: control.FailError, Error: exportError(err)})
	}
	w.end(exitError, control.Failure{Kind: control.FailResult, Error: exportError(resultErr)})
}

// panicStack is the stack below the panic that is being recovered, down to the function.
func panicStack() string {
	stack := string(debug.Stack())
	if _, below, ok := strings.Cut(stack, "\npanic("); ok {
		if _, below, ok = strings.Cut(below, "\n\t"); ok { // panic's own position
			_, stack, _ = strings.Cut(below, "\n")
		}
	}
	stack, _, _ = strings.Cut(stack, "\ngithub.com/multiproc-go/multiproc.bind[")
	return stack
}

// deliver sends the result and ends the process.
func (w *worker) deliver(result []byte, refs []arena.Ref) {
	children.stopAll()
	if err := arena.Send(refs, family.Ident(w.task.Parent)); err != nil {
		w.end(exitError, control.Failure{Kind: control.FailResult, Error: exportError(err)})
	}
	killpoint.Here("worker.sent")
	err := control.Write(w.ctl, control.TypeResult, control.Result{Refs: refs}, result)
	if errors.Is(err, control.ErrTooLarge) {
		w.end(exitError, control.Failure{Kind: control.FailResult, Error: exportError(err)})
	}
	if err != nil {
		w.parentGone()
	}
	killpoint.Here("worker.delivered")
	os.Exit(exitOK)
}

// end sends a failure and ends the process.
func (w *worker) end(code int, f control.Failure) {
	children.stopAll()
	if err := control.Write(w.ctl, control.TypeFailure, f, nil); err != nil {
		w.parentGone()
		// Nobody else will tell.
		fmt.Fprintf(os.Stderr, "multiproc: worker %s failed after its parent had died: %s\n%s", w.task.Name, f.Error.Message, f.Stack)
	}
	os.Exit(code)
}

func (w *worker) parentGone() {
	if w.task.Daemon {
		spawn.KillSelf()
	}
}

// listen obeys the parent until it dies.
func (w *worker) listen() {
	for {
		f, err := control.Read(w.ctl)
		if err != nil {
			w.parentGone()
			return
		}
		var m control.Cancel
		if f.Type != control.TypeCancel || f.Decode(&m) != nil {
			continue
		}
		if m.Deadline && w.task.Deadline != 0 {
			// The worker's own deadline is the same moment; it makes ctx.Err say DeadlineExceeded. The parent's
			// timer just happened to be first.
			time.AfterFunc(sendTimeout, func() { w.cancel(context.DeadlineExceeded) })
			continue
		}
		w.cancel(cancelCause(m.Cause, w.task))
	}
}

// cancelCause keeps the identity of the causes that this module and package context give.
func cancelCause(e control.Error, task control.Start) error {
	remote := importError(e, task.ParentName, task.ParentPID)
	remote.parent = true
	for _, err := range []error{context.Canceled, context.DeadlineExceeded, ErrInterrupted, ErrParentEnded} {
		if e.Message == err.Error() && errors.Is(remote, err) {
			return err
		}
	}
	return remote
}
