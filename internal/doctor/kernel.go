package doctor

import (
	"errors"
	"io/fs"
	"syscall"
)

func (f *Facts) kernelChecks() []Check {
	return []Check{
		f.platform(), f.memfd(), f.noexec(), f.futexWaitv(), f.pidfd(), f.collapse(), f.selfExe(),
	}
}

func (f *Facts) platform() Check {
	c := Check{Name: "Linux", Status: OK, Found: f.Kernel + " on " + f.Arch}
	switch {
	case f.Arch != "amd64" && f.Arch != "arm64":
		c.Status = Note
		c.Means = "multiproc is tested on amd64 and arm64; nothing in it is known to fail here."
	case !f.kernelAtLeast(5, 3):
		c.Status = Slower
		c.Means = "Kernels before 5.3 lack pidfds, those before 5.16 lack futex_waitv: see below."
	}
	return c
}

func (f *Facts) memfd() Check {
	c := Check{Name: "sealed memfd", Status: OK, Found: "works"}
	if f.Memfd != nil {
		c.Status, c.Found = Broken, "fails: "+f.Memfd.Error()
		c.Means = "All shared memory is one sealed memfd, so no shared object can be made."
		c.Do = "Allow memfd_create and fcntl(F_ADD_SEALS) in the seccomp profile. RLIMIT_FSIZE (ulimit -f) must be unlimited: the memory is sparse, but 4 TiB long."
	}
	return c
}

func (f *Facts) noexec() Check {
	c := Check{Name: "MFD_NOEXEC_SEAL", Status: OK, Found: "works"}
	if f.NoexecSeal == nil {
		return c
	}
	c.Status, c.Found = Note, unavailable(f.NoexecSeal)
	c.Means = "Shared memory could be executed as a program by whoever may open it through /proc. Linux has the flag since 6.3; without it everything works."
	if f.read("proc/sys/vm/memfd_noexec") == "2" {
		c.Status = Broken
		c.Means = "vm.memfd_noexec is 2 here, so memfds without the flag are refused, and the flag fails too."
		c.Do = "Allow memfd_create with MFD_NOEXEC_SEAL, or set sysctl vm.memfd_noexec to 1."
	}
	return c
}

func (f *Facts) futexWaitv() Check {
	c := Check{Name: "futex_waitv", Status: OK, Found: "works"}
	if f.FutexWaitv == nil {
		return c
	}
	c.Status, c.Found = Slower, unavailable(f.FutexWaitv)
	c.Means = "Waiting falls back to plain futexes: a wait that is cancelled ends after some 50 microseconds instead of 8, and more than 16 waiters in one process look for their turn every 1 to 4 ms. Nothing hangs or is lost."
	c.Do = "Linux 5.16 or newer has it."
	if errors.Is(f.FutexWaitv, syscall.EPERM) || f.kernelAtLeast(5, 16) {
		c.Do = "The kernel has it but it is refused: allow futex_waitv (system call 449) in the container's seccomp profile; a newer runtime's default profile does."
	}
	return c
}

func (f *Facts) pidfd() Check {
	c := Check{Name: "pidfd_open", Status: OK, Found: "works"}
	if f.PidfdOpen == nil {
		return c
	}
	c.Status, c.Found = Slower, unavailable(f.PidfdOpen)
	c.Means = "The death of a lock's holder is noticed by looking every 100 ms instead of at once; it is still noticed, and a pid that was used again is told apart by its start time."
	c.Do = "Linux 5.3 or newer has it."
	if errors.Is(f.PidfdOpen, syscall.EPERM) || f.kernelAtLeast(5, 3) {
		c.Do = "The kernel has it but it is refused: allow pidfd_open (system call 434) in the container's seccomp profile. If the error speaks of too many files, raise RLIMIT_NOFILE."
	}
	return c
}

func (f *Facts) collapse() Check {
	c := Check{Name: "MADV_COLLAPSE", Status: OK, Found: "works"}
	if f.Collapse == nil {
		return c
	}
	c.Status, c.Found = Note, unavailable(f.Collapse)
	c.Means = "Large arrays stay in 4 KiB pages, which costs a few percent where they are read at random. Linux has it since 6.1."
	return c
}

func (f *Facts) selfExe() Check {
	c := Check{Name: "/proc/self/exe", Status: OK, Found: "works"}
	if f.SelfExe != nil {
		c.Status, c.Found = Broken, "fails: "+f.SelfExe.Error()
		c.Means = "A worker is this program, started again through /proc/self/exe, so none can be started."
		c.Do = "Mount /proc."
		if errors.Is(f.SelfExe, fs.ErrPermission) {
			c.Do = "Make the program's file readable and executable for this user, and mount /proc without hidepid for it."
		}
	}
	return c
}

// unavailable names why a call fails the way an administrator knows it.
func unavailable(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSYS):
		return "missing (ENOSYS)"
	case errors.Is(err, syscall.EPERM):
		return "refused (EPERM)"
	case errors.Is(err, syscall.EINVAL):
		return "unknown to this kernel (EINVAL)"
	default:
		return "fails: " + err.Error()
	}
}
