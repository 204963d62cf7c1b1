package doctor

import (
	"fmt"
	"strconv"
)

func (f *Facts) processChecks() []Check {
	return []Check{
		{Name: "CPUs", Status: OK, Found: fmt.Sprintf("%d for this process", f.CPUs)},
		f.noFile(), f.processes(), f.groupPIDs(), f.pidMax(), f.firstProcess(),
	}
}

// filesPerWorker is what a running worker costs its parent in descriptors
// when its output is read too: channel, pidfds, pipes, with room to spare.
const filesPerWorker = 8

func (f *Facts) noFile() Check {
	c := Check{Name: "RLIMIT_NOFILE (ulimit -n)", Status: OK, Found: limitText(f.NoFile, countText)}
	if f.NoFile.Soft < 256 {
		c.Status = Danger
		c.Means = fmt.Sprintf("A running worker costs its parent up to %d descriptors, so about %d can run at once.", filesPerWorker, f.NoFile.Soft/filesPerWorker)
		c.Do = "Raise it: ulimit -n 4096. (Shared objects cost no descriptors.)"
	}
	return c
}

// threadsPerWorker is what the Go runtime of a small worker starts with.
const threadsPerWorker = 8

func (f *Facts) processes() Check {
	c := Check{Name: "RLIMIT_NPROC (ulimit -u)", Status: OK, Found: limitText(f.Processes, countText)}
	if f.Processes.Soft < 512 {
		c.Status = Danger
		c.Means = fmt.Sprintf("It counts all threads of this user, and a Go process has about %d.", threadsPerWorker)
		c.Do = "Raise it: ulimit -u 4096."
	}
	return c
}

func (f *Facts) groupPIDs() Check {
	c := Check{Name: "cgroup pids limit", Status: OK}
	l, found := f.groupLimit("pids")
	if !found {
		c.Found = "none"
		return c
	}
	c.Found = fmt.Sprintf("%d, %d used (%s)", l.max, l.current, l.file)
	c.Status = Note
	c.Means = fmt.Sprintf("It counts threads too, and a Go process has about %d. At the limit a start fails, and a Go runtime that needs a thread aborts.", threadsPerWorker)
	if l.max-min(l.max, l.current) < 128 {
		c.Status = Danger
		c.Do = "Raise it: docker run --pids-limit 4096, or podPidsLimit of the kubelet."
	}
	return c
}

func (f *Facts) pidMax() Check {
	c := Check{Name: "pid_max", Status: OK, Found: f.read("proc/sys/kernel/pid_max")}
	if n, err := strconv.Atoi(c.Found); err != nil {
		c.Found = "unknown"
	} else if n < 4096 {
		c.Status = Danger
		c.Means = "Process numbers run out or are used again soon. Reuse is harmless to multiproc, running out is not."
		c.Do = "Raise sysctl kernel.pid_max."
	}
	return c
}

func (f *Facts) firstProcess() Check {
	c := Check{Name: "PID 1", Status: OK, Found: fmt.Sprintf("no, this is process %d", f.PID)}
	if f.PID == 1 {
		c.Status, c.Found = Note, "this is process 1 of its pid namespace"
		c.Means = "Processes whose parent has died become its children and stay zombies until it reaps them, and the kernel ignores signals for which it has no handler. multiproc reaps its own workers only."
		c.Do = "If programs that you start leave children behind, put an init in front: docker run --init."
	}
	return c
}
