package doctor

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Look collects the facts of this machine and process. It makes each system
// call once, for real, and takes a few milliseconds.
func Look() *Facts {
	f := newFacts()
	f.PID = os.Getpid()
	f.Files = os.DirFS("/")
	f.Env = map[string]string{}
	for _, name := range []string{"KUBERNETES_SERVICE_HOST", "container"} {
		f.Env[name] = os.Getenv(name)
	}
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		f.Kernel = unix.ByteSliceToString(uts.Release[:])
	}
	f.Memfd, f.Collapse = tryMemory()
	f.NoexecSeal = tryNoexecSeal()
	f.FutexWaitv = tryFutexWaitv()
	f.PidfdOpen = tryPidfd()
	f.SelfExe = trySelfExe()
	f.PIDNamespace = sys.PIDNamespace()
	m := sys.FreeMemory()
	f.Available, f.AvailableBy = m.Available, m.Limit
	f.NoFile = limit(unix.RLIMIT_NOFILE)
	f.AddressSpace = limit(unix.RLIMIT_AS)
	f.Processes = limit(unix.RLIMIT_NPROC)
	f.FileSize = limit(unix.RLIMIT_FSIZE)
	return f
}

// tryMemory makes shared memory as a family does, of one huge page, and asks
// for that page.
func tryMemory() (memfd, collapse error) {
	file, err := sys.NewMemory("multiproc-doctor", sys.HugePage)
	if err != nil {
		return err, err
	}
	defer file.Close()
	fd := int(file.Fd())
	if !sys.Sealed(fd) {
		return errors.New("the seals don't hold"), nil
	}
	if err := sys.Reserve(fd, 0, sys.HugePage); err != nil {
		return err, err
	}
	mem, err := sys.Map(fd, 0, sys.HugePage)
	if err != nil {
		return err, err
	}
	defer sys.Unmap(mem)
	return nil, sys.Collapse(mem)
}

// tryNoexecSeal asks for the flag alone, since sys.NewMemory does without
// where the kernel doesn't know it.
func tryNoexecSeal() error {
	fd, err := unix.MemfdCreate("multiproc-doctor", unix.MFD_CLOEXEC|unix.MFD_NOEXEC_SEAL)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// still is a word that doesn't change. It isn't on a stack, which may move
// while the kernel looks at it.
var still uint32

// tryFutexWaitv waits for that word to change: a timeout is success.
func tryFutexWaitv() error {
	ws := make([]sys.WaitVector, 1)
	ws[0].SetPrivate(&still, 0)
	err := sys.FutexWaitv(ws, time.Millisecond)
	if errors.Is(err, unix.ETIMEDOUT) || errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
		return nil
	}
	return err
}

func tryPidfd() error {
	fd, err := sys.PidfdOpen(os.Getpid())
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

func trySelfExe() error {
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	return file.Close()
}

func limit(resource int) Limit {
	var l unix.Rlimit
	if unix.Getrlimit(resource, &l) != nil {
		return Limit{Unlimited, Unlimited}
	}
	return Limit{l.Cur, l.Max}
}
