package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
)

// healthy are the facts of a machine that lacks nothing, outside of any
// container. Tests take something away.
func healthy() *Facts {
	none := Limit{Unlimited, Unlimited}
	return &Facts{
		OS: "linux", Arch: "amd64", PID: 1234, CPUs: 8, Kernel: "6.12.9-generic",
		PIDNamespace: initPIDNamespace, Available: 8 << 30, AvailableBy: "MemAvailable",
		NoFile: Limit{1024, 4096}, AddressSpace: none, Processes: none, FileSize: none,
		Env: map[string]string{},
		Files: fstest.MapFS{
			"proc/self/status":              file("Name:\tx\nSeccomp:\t0\nSeccomp_filters:\t0\n"),
			"proc/self/cgroup":              file("0::/user.slice/me\n"),
			"proc/self/mountinfo":           file("31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
			"proc/sys/vm/overcommit_memory": file("0\n"),
			"proc/sys/kernel/pid_max":       file("4194304\n"),
			"proc/version":                  file("Linux version 6.12.9-generic\n"),
			transparent + "/enabled":        file("always [madvise] never\n"),
			transparent + "/shmem_enabled":  file("always within_size advise [never] deny force\n"),
		},
	}
}

const transparent = "sys/kernel/mm/transparent_hugepage"

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func (f *Facts) put(path, text string) { f.Files.(fstest.MapFS)[path] = file(text) }

func find(t *testing.T, r *Report, name string) Check {
	t.Helper()
	for _, s := range r.Sections {
		for _, c := range s.Checks {
			if c.Name == name {
				return c
			}
		}
	}
	t.Fatalf("no check is named %q", name)
	return Check{}
}

func TestHealthyMachine(t *testing.T) {
	r := healthy().Diagnose()
	if !r.Works {
		t.Error("a machine that lacks nothing doesn't work")
	}
	for _, s := range r.Sections {
		for _, c := range s.Checks {
			if c.Status != OK || c.Found == "" || c.Do != "" {
				t.Errorf("%s: %+v", c.Name, c)
			}
		}
	}
}

// Each lack shows at its check, with its status, and says what it means and,
// where something can be done, what.
func TestEachLack(t *testing.T) {
	refused := fmt.Errorf("wrapped: %w", syscall.EPERM)
	for _, tc := range []struct {
		check  string
		take   func(*Facts)
		status Status
		says   string // in what is found, meant or to be done
	}{
		{"Linux", func(f *Facts) { f.Kernel = "4.19.0" }, Slower, "before 5.3"},
		{"Linux", func(f *Facts) { f.Arch = "riscv64" }, Note, "amd64 and arm64"},
		{"sealed memfd", func(f *Facts) { f.Memfd = refused }, Broken, "ulimit -f"},
		{"MFD_NOEXEC_SEAL", func(f *Facts) { f.NoexecSeal = syscall.EINVAL }, Note, "6.3"},
		{"MFD_NOEXEC_SEAL", func(f *Facts) { f.NoexecSeal = refused; f.put("proc/sys/vm/memfd_noexec", "2") }, Broken, "vm.memfd_noexec"},
		{"futex_waitv", func(f *Facts) { f.Kernel, f.FutexWaitv = "5.10.1", syscall.ENOSYS }, Slower, "5.16 or newer"},
		{"futex_waitv", func(f *Facts) { f.FutexWaitv = refused }, Slower, "seccomp profile"},
		{"futex_waitv", func(f *Facts) { f.FutexWaitv = syscall.ENOSYS }, Slower, "seccomp profile"},
		{"pidfd_open", func(f *Facts) { f.Kernel, f.PidfdOpen = "4.19.0", syscall.ENOSYS }, Slower, "5.3 or newer"},
		{"pidfd_open", func(f *Facts) { f.PidfdOpen = refused }, Slower, "seccomp profile"},
		{"MADV_COLLAPSE", func(f *Facts) { f.Collapse = syscall.EINVAL }, Note, "6.1"},
		{"/proc/self/exe", func(f *Facts) { f.SelfExe = fs.ErrNotExist }, Broken, "Mount /proc"},
		{"/proc/self/exe", func(f *Facts) { f.SelfExe = fs.ErrPermission }, Broken, "readable"},
		{"available", func(f *Facts) { f.Available = 1 << 20 }, Danger, "1 MiB, bounded by MemAvailable"},
		{"available", func(f *Facts) { f.Available = -1 }, Note, "OOM"},
		{"cgroup memory limit", func(f *Facts) {
			f.put("sys/fs/cgroup/user.slice/memory.max", "1073741824")
			f.put("sys/fs/cgroup/user.slice/memory.current", "104857600")
		}, Note, "1 GiB, 100 MiB used (/sys/fs/cgroup/user.slice/memory.max)"},
		{"cgroup memory limit", func(f *Facts) {
			f.put("sys/fs/cgroup/user.slice/memory.max", "1073741824")
			f.put("sys/fs/cgroup/user.slice/memory.current", "1063741824")
		}, Danger, "less than 5 %"},
		{"overcommit", func(f *Facts) { f.put("proc/sys/vm/overcommit_memory", "2") }, Danger, "ENOMEM"},
		{"RLIMIT_AS (ulimit -v)", func(f *Facts) { f.AddressSpace.Soft = 8 << 30 }, Danger, "8 GiB, may be raised to unlimited"},
		{"RLIMIT_FSIZE (ulimit -f)", func(f *Facts) { f.FileSize.Soft = 1 << 30 }, Broken, "ulimit -f unlimited"},
		{"RLIMIT_NOFILE (ulimit -n)", func(f *Facts) { f.NoFile.Soft = 64 }, Danger, "about 8 can run"},
		{"RLIMIT_NPROC (ulimit -u)", func(f *Facts) { f.Processes.Soft = 100 }, Danger, "threads of this user"},
		{"cgroup pids limit", func(f *Facts) {
			f.put("sys/fs/cgroup/user.slice/me/pids.max", "100")
			f.put("sys/fs/cgroup/user.slice/me/pids.current", "7")
		}, Danger, "--pids-limit"},
		{"cgroup pids limit", func(f *Facts) { f.put("sys/fs/cgroup/user.slice/pids.max", "5000") }, Note, "5000, 0 used"},
		{"pid_max", func(f *Facts) { f.put("proc/sys/kernel/pid_max", "300") }, Danger, "kernel.pid_max"},
		{"PID 1", func(f *Facts) { f.PID = 1 }, Note, "docker run --init"},
		{"container", func(f *Facts) { f.put(".dockerenv", "") }, Note, "Docker"},
		{"container", func(f *Facts) { f.Env["KUBERNETES_SERVICE_HOST"] = "10.0.0.1" }, Note, "Kubernetes"},
		{"container", func(f *Facts) {
			f.put("proc/version", "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016")
		}, Note, "gVisor"},
		{"seccomp", func(f *Facts) { f.put("proc/self/status", "Seccomp:\t2\nSeccomp_filters:\t3\n") }, Note, "filters are on (3)"},
		{"seccomp", func(f *Facts) { f.put("proc/self/status", "Seccomp:\t1\n") }, Broken, "strict"},
		{"pid namespace", func(f *Facts) { f.PIDNamespace = 4026532201 }, Note, "4026532201"},
		{"a worker", func(f *Facts) { f.Try = func() (string, error) { return "", errors.New("no luck") } }, Broken, "no luck"},
	} {
		f := healthy()
		tc.take(f)
		r := f.Diagnose()
		c := find(t, r, tc.check)
		text := strings.Join([]string{c.Found, c.Means, c.Do}, " | ")
		if c.Status != tc.status || !strings.Contains(text, tc.says) || c.Means == "" {
			t.Errorf("%s: %s: %s\nwant %s and %q", tc.check, c.Status, text, tc.status, tc.says)
		}
		if (c.Status == Danger || c.Status == Broken) && c.Do == "" && tc.says != "strict" {
			t.Errorf("%s is %s and doesn't say what to do", c.Name, c.Status)
		}
		if r.Works != (tc.status != Broken) {
			t.Errorf("%s is %s, but Works is %v", c.Name, c.Status, r.Works)
		}
	}
}

func TestGroupLimit(t *testing.T) {
	f := healthy()
	f.Files = fstest.MapFS{
		"proc/self/cgroup": file("5:memory:/job/one\n3:cpu,pids:/job\n0::/\n"),
		"proc/self/mountinfo": file("35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n" +
			"36 31 0:33 / /cg/cpu,pids rw - cgroup cgroup rw,cpu,pids\n" +
			"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"),
		"sys/fs/cgroup/memory/job/one/memory.limit_in_bytes": file("9223372036854771712\n"), // v1's "no limit"
		"sys/fs/cgroup/memory/job/memory.limit_in_bytes":     file("4096\n"),
		"sys/fs/cgroup/memory/job/memory.usage_in_bytes":     file("96\n"),
		"sys/fs/cgroup/memory/memory.limit_in_bytes":         file("8192\n"),
		"cg/cpu,pids/job/pids.max":                           file("max\n"),
		"cg/cpu,pids/pids.max":                               file("77\n"),
	}
	if l, ok := f.groupLimit("memory"); !ok || l != (groupLimit{4096, 96, "/sys/fs/cgroup/memory/job/memory.limit_in_bytes"}) {
		t.Errorf("memory: %+v, %v", l, ok)
	}
	if l, ok := f.groupLimit("pids"); !ok || l.max != 77 {
		t.Errorf("pids: %+v, %v", l, ok)
	}
	if v := f.groupVersion(); v != "v1 and v2" {
		t.Errorf("version %q", v)
	}
	f.Files = fstest.MapFS{}
	if l, ok := f.groupLimit("memory"); ok {
		t.Errorf("without /proc: %+v", l)
	}
}

func TestOtherSystems(t *testing.T) {
	r := (&Facts{OS: "plan9", Arch: "386"}).Diagnose()
	if r.Works || !strings.Contains(find(t, r, "system").Means, "errors.ErrUnsupported") {
		t.Errorf("%+v", r)
	}
}

func TestKernelAtLeast(t *testing.T) {
	for _, tc := range []struct {
		kernel       string
		major, minor int
		want         bool
	}{
		{"5.16.0", 5, 16, true}, {"5.15.200", 5, 16, false}, {"6.1-rc3", 6, 1, true}, {"6.0", 5, 16, true},
		{"10.2", 6, 1, true}, {"6.6+", 6, 6, true}, {"", 5, 3, false}, {"x.y.z", 5, 3, false},
	} {
		if got := (&Facts{Kernel: tc.kernel}).kernelAtLeast(tc.major, tc.minor); got != tc.want {
			t.Errorf("%q at least %d.%d: %v", tc.kernel, tc.major, tc.minor, got)
		}
	}
}

func TestOutput(t *testing.T) {
	f := healthy()
	f.FutexWaitv = syscall.EPERM
	f.Try = func() (string, error) { return "started in 1 ms", nil }
	r := f.Diagnose()
	var text, js bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&js)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nMemory\n", "  slower  futex_waitv", "refused (EPERM)\n", "-> ", "works here; what is marked slower (1) could be better.", "started in 1 ms"} {
		if !strings.Contains("\n"+text.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, text.String())
		}
	}
	for line := range strings.Lines(text.String()) {
		if len([]rune(line)) > 140 {
			t.Errorf("a line is %d long: %s", len(line), line)
		}
	}
	var back Report
	if err := json.Unmarshal(js.Bytes(), &back); err != nil || back.Format != 1 || !back.Works || back.Platform != "linux/amd64" {
		t.Errorf("JSON: %+v, %v", back, err)
	}
	if find(t, &back, "futex_waitv").Status != Slower {
		t.Error("the check is lost in JSON")
	}
}

func TestConclusion(t *testing.T) {
	f := healthy()
	if got := f.Diagnose().conclusion(); !strings.Contains(got, "everything it can use") {
		t.Error(got)
	}
	f.NoFile.Soft = 10
	if got := f.Diagnose().conclusion(); !strings.Contains(got, "under load") {
		t.Error(got)
	}
	f.Memfd = syscall.EPERM
	if got := f.Diagnose().conclusion(); !strings.Contains(got, "does not work here") {
		t.Error(got)
	}
}

// What this very machine offers can't be known here, but looking must work
// and give a whole report.
func TestLook(t *testing.T) {
	f := Look()
	r := f.Diagnose()
	if r.Platform != runtime.GOOS+"/"+runtime.GOARCH || len(r.Sections) == 0 {
		t.Fatalf("%+v", r)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if f.Kernel == "" || f.PID == 0 || f.CPUs < 1 || f.NoFile.Soft == 0 {
		t.Errorf("facts: %+v", f)
	}
	for _, s := range r.Sections {
		for _, c := range s.Checks {
			if c.Name == "" || c.Found == "" || c.Status == "" {
				t.Errorf("an empty field in %+v", c)
			}
			if (c.Status == Slower || c.Status == Danger) && (c.Means == "" || c.Do == "") && c.Name != "Linux" {
				t.Errorf("%+v doesn't say what it means and what to do", c)
			}
		}
	}
}
