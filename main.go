package multiproc

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/internal/family"
)

var mainCalled atomic.Bool

// Main makes a worker of this process if Start has started it as one: then it runs the function and never returns. Otherwise it
// returns at once, and Start works from now on.
//
// Call it first thing in main, before flags are parsed, files opened or ports listened on, and likewise in TestMain:
//
//	func TestMain(m *testing.M) {
//		multiproc.Main()
//		os.Exit(m.Run())
//	}
func Main() {
	if v, wrong := family.WrongEnv(); wrong {
		fmt.Fprintf(os.Stderr, "multiproc: the environment has %s=%q, which only Start sets, for workers, and did not set so; unset it. (A program with set-user-ID or set-group-ID can't be a worker.)\n", family.EnvName, v)
		os.Exit(2)
	}
	if ctl, ok := family.WorkerEnv(); ok && !mainCalled.Swap(true) {
		runWorker(ctl)
	}
	mainCalled.Store(true)
}

// current is this process as a worker; nil elsewhere.
var current atomic.Pointer[worker]

// InWorker reports whether this process was started by Start. It is right during package initialisation too.
func InWorker() bool {
	_, ok := family.WorkerEnv()
	return ok
}

// CurrentName is the name of this worker, or the program's name in a process that is no worker.
func CurrentName() string {
	if w := current.Load(); w != nil {
		return w.task.Name
	}
	return filepath.Base(os.Args[0])
}

// Files returns, in a worker, the files that its parent has passed with WithFiles, in that order, and nil elsewhere. Each call
// returns the same files; they stay open until closed. Programs that the worker executes don't inherit them.
func Files() []*os.File {
	if w := current.Load(); w != nil {
		return w.files()
	}
	return nil
}

func openFiles(names []string) func() []*os.File {
	return sync.OnceValue(func() []*os.File {
		var files []*os.File
		for i, name := range names {
			files = append(files, os.NewFile(uintptr(firstFileFD+i), name))
		}
		return files
	})
}
