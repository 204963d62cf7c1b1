package doctor

import (
	"io/fs"
	"runtime"
	"strconv"
	"strings"
)

// Unlimited is a limit that isn't there.
const Unlimited = ^uint64(0)

// Limit is a soft and a hard resource limit of this process.
type Limit struct{ Soft, Hard uint64 }

// Facts is what a machine offers. An error of nil says that a call worked.
type Facts struct {
	OS, Arch string
	PID      int
	CPUs     int               // what this process may use
	Files    fs.FS             // the root of the file system, for /proc and /sys
	Env      map[string]string // variables that hint at a container

	Kernel       string // "6.12.9"
	Memfd        error  // anonymous shared memory, sealed
	NoexecSeal   error  // memfd with MFD_NOEXEC_SEAL
	FutexWaitv   error
	PidfdOpen    error
	Collapse     error // MADV_COLLAPSE
	SelfExe      error // /proc/self/exe can be read
	PIDNamespace uint64

	Available   int64  // bytes that can be allocated; -1 unknown
	AvailableBy string // what sets that bound

	NoFile, AddressSpace, Processes, FileSize Limit

	// Try starts a worker, shares a value with it and ends it; nil leaves that
	// check out. It returns what to print, "1.2 ms".
	Try func() (string, error)
}

// Diagnose turns the facts into checks.
func (f *Facts) Diagnose() *Report {
	r := &Report{Format: 1, Platform: f.OS + "/" + f.Arch}
	if f.OS != "linux" {
		r.Sections = []Section{{"Platform", []Check{{
			Name: "system", Status: Broken, Found: r.Platform,
			Means: "Worker processes and shared memory need Linux so far; programs that use them compile here, and their calls return an error that wraps errors.ErrUnsupported.",
			Do:    "Run it on Linux, in a container or a virtual machine.",
		}}}}
	} else {
		r.Sections = []Section{
			{"Kernel", f.kernelChecks()},
			{"Memory", f.memoryChecks()},
			{"Processes and limits", f.processChecks()},
			{"Container", f.containerChecks()},
		}
		if f.Try != nil {
			r.Sections = append(r.Sections, Section{"Trial", []Check{f.trial()}})
		}
	}
	r.Works = r.Count(Broken) == 0
	return r
}

func (f *Facts) trial() Check {
	found, err := f.Try()
	if err != nil {
		return Check{
			Name: "a worker", Status: Broken, Found: "failed: " + err.Error(),
			Means: "A worker process couldn't be started, or couldn't share memory with this one.",
			Do:    "See what is marked broken or danger above; if nothing is, this is worth a report.",
		}
	}
	return Check{Name: "a worker", Status: OK, Found: found}
}

// read returns the trimmed contents of a file, "" if there is none.
func (f *Facts) read(path string) string {
	data, err := fs.ReadFile(f.Files, path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// status returns a field of /proc/self/status, "" if there is none.
func (f *Facts) status(field string) string {
	for line := range strings.Lines(f.read("proc/self/status")) {
		if name, value, ok := strings.Cut(line, ":"); ok && name == field {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kernelAtLeast reports whether the kernel's version is major.minor or newer.
func (f *Facts) kernelAtLeast(major, minor int) bool {
	parts := strings.SplitN(f.Kernel, ".", 3)
	if len(parts) < 2 {
		return false
	}
	digits := strings.IndexFunc(parts[1], func(r rune) bool { return r < '0' || r > '9' })
	if digits >= 0 {
		parts[1] = parts[1][:digits]
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a > major || a == major && b >= minor)
}

func newFacts() *Facts {
	return &Facts{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Available: -1}
}
