package family

import (
	"fmt"
	"os"
)

// EnvName is the variable that makes a process a worker: version, control descriptor, memory descriptor, Ident.
// It is taken out of the environment before main, so that programs which a worker runs don't take themselves for workers.
const EnvName = "MULTIPROC_WORKER"

const envForm = "%d %d %d %d"

var worker struct {
	present bool
	wrong   string // the variable's value, if nobody but Start could have meant it and Start did not write it
	ctl     int
	mem     int
	id      Ident
}

func init() {
	v, ok := os.LookupEnv(EnvName)
	if !ok {
		return
	}
	os.Unsetenv(EnvName)
	worker.wrong = v
	var version int
	if n, err := fmt.Sscanf(v, envForm, &version, &worker.ctl, &worker.mem, &worker.id); n != 4 || err != nil || version != Version {
		return
	}
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return // a program that gains rights must not run functions for whoever starts it
	}
	// Exactly what Environ writes, or somebody else has written it.
	if worker.present = worker.ctl >= 0 && worker.mem >= 0 && v == fmt.Sprintf(envForm, version, worker.ctl, worker.mem, worker.id); worker.present {
		worker.wrong = ""
	}
}

// WrongEnv returns the value of the variable if it is set and does not make this process a worker: going on as if it were not there could start processes
// without end.
func WrongEnv() (value string, wrong bool) { return worker.wrong, worker.wrong != "" }

// WorkerEnv returns the control descriptor of a worker, and whether this process is one.
func WorkerEnv() (ctl int, ok bool) { return worker.ctl, worker.present }

// Environ is the entry of a child's environment that makes it the participant id, with the descriptors it will inherit.
func (f *Family) Environ(id Ident, ctl, mem int) string {
	return EnvName + "=" + fmt.Sprintf(envForm, Version, ctl, mem, id)
}
