package family

import (
	"fmt"
	"os"
)

// EnvName is the variable that makes a process a worker: version, control descriptor, memory descriptor, Ident.
// It is taken out of the environment before main, so that programs which a worker runs don't take themselves for workers.
const EnvName = "MULTIPROC_WORKER"

var worker struct {
	present bool
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
	var version int
	if n, err := fmt.Sscanf(v, "%d %d %d %d", &version, &worker.ctl, &worker.mem, &worker.id); n != 4 || err != nil || version != Version {
		return
	}
	worker.present = true
}

// WorkerEnv returns the control descriptor of a worker, and whether this process is one.
func WorkerEnv() (ctl int, ok bool) { return worker.ctl, worker.present }

// Environ is the entry of a child's environment that makes it the participant id, with the descriptors it will inherit.
func (f *Family) Environ(id Ident, ctl, mem int) string {
	return fmt.Sprintf("%s=%d %d %d %d", EnvName, Version, ctl, mem, id)
}
