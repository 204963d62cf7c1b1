package spawn

import (
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Child is a running or ended child process.
type Child struct {
	PID int

	pidfd *os.File // nil: the kernel has none, or can't poll it

	mu     sync.Mutex // reaping and signalling exclude each other
	reaped bool
	status Status
}

// Start executes this program again. It returns once the exec has succeeded, about half a millisecond later, or the
// error of the step that failed. Wait must be called in the end.
//
// /proc/self/exe is the running program even if its file was replaced or deleted meanwhile.
func Start(s Spec) (*Child, error) {
	pidfd := -1
	attr := &syscall.ProcAttr{
		Dir:   s.Dir,
		Env:   s.Env,
		Files: s.Files,
		Sys:   &syscall.SysProcAttr{PidFD: &pidfd},
	}
	if c := s.Credential; c != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: c.UID, Gid: c.GID, Groups: c.Groups, NoSetGroups: c.Groups == nil && os.Geteuid() != 0}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", s.Args, attr)
	if err != nil {
		return nil, err
	}
	return &Child{PID: pid, pidfd: pollable(pidfd)}, nil
}

// pollable makes an *os.File of a pidfd that the runtime's poller watches, or returns nil.
func pollable(fd int) *os.File {
	if fd < 0 {
		return nil
	}
	if unix.SetNonblock(fd, true) != nil {
		unix.Close(fd)
		return nil
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	if errors.Is(f.SetReadDeadline(noDeadline), os.ErrNoDeadline) {
		f.Close()
		return nil
	}
	return f
}

// Wait blocks until the child has ended, its memory is torn down and it is reaped. It must be called once.
func (c *Child) Wait() Status {
	if c.pidfd != nil {
		defer c.pidfd.Close()
		if raw, err := c.pidfd.SyscallConn(); err == nil {
			if err := raw.Read(func(uintptr) bool { return c.reap(unix.WNOHANG) }); err == nil {
				return c.status
			}
		}
	}
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, c.PID, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			break
		}
	}
	c.reap(0)
	return c.status
}

// reap collects the child's status if it has ended, and reports whether it has.
func (c *Child) reap(flags int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ws unix.WaitStatus
	for {
		pid, err := unix.Wait4(c.PID, &ws, flags, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			c.reaped, c.status = true, Status{Unknown: true}
			return true
		case pid == 0:
			return false
		}
		break
	}
	c.reaped = true
	c.status = Status{Code: ws.ExitStatus(), Dumped: ws.CoreDump()}
	if ws.Signaled() {
		c.status.Code = -int(ws.Signal())
	}
	return true
}

// Signal sends a signal, or returns os.ErrProcessDone.
func (c *Child) Signal(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return os.ErrProcessDone
	}
	err := c.send(sig)
	if err == unix.ESRCH {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("kill", err)
}

// send prefers the pidfd, which is right even if somebody else has reaped the child.
func (c *Child) send(sig syscall.Signal) error {
	if c.pidfd != nil {
		err := error(unix.ENOSYS)
		if raw, rawErr := c.pidfd.SyscallConn(); rawErr == nil {
			raw.Control(func(fd uintptr) { err = unix.PidfdSendSignal(int(fd), sig, nil, 0) })
		}
		if err != unix.ENOSYS && err != unix.EPERM { // EPERM: also some sandboxes' word for "unknown call"
			return err
		}
	}
	return unix.Kill(c.PID, sig)
}

// SetLimit sets one of the child's resource limits.
func (c *Child) SetLimit(resource int, soft, hard uint64) error {
	return os.NewSyscallError("prlimit", unix.Prlimit(c.PID, resource, &unix.Rlimit{Cur: soft, Max: hard}, nil))
}

// SignalName is the name of a signal, as in SIGKILL.
func SignalName(sig syscall.Signal) string { return unix.SignalName(sig) }
