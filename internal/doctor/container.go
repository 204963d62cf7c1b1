package doctor

import (
	"fmt"
	"io/fs"
	"strings"
)

func (f *Facts) containerChecks() []Check {
	return []Check{f.container(), f.seccomp(), f.pidNamespace(), {Name: "cgroups", Status: OK, Found: f.groupVersion()}}
}

func (f *Facts) container() Check {
	c := Check{Name: "container", Status: OK, Found: "no sign of one"}
	if signs := f.containerSigns(); len(signs) > 0 {
		c.Status, c.Found = Note, strings.Join(signs, ", ")
		c.Means = "Shared memory needs no --shm-size, --ipc=host or volume: it is not in /dev/shm."
	}
	return c
}

func (f *Facts) containerSigns() []string {
	var signs []string
	exists := func(path string) bool {
		_, err := fs.Stat(f.Files, path)
		return err == nil
	}
	if exists(".dockerenv") {
		signs = append(signs, "Docker (/.dockerenv)")
	}
	if exists("run/.containerenv") {
		signs = append(signs, "Podman (/run/.containerenv)")
	}
	if f.Env["KUBERNETES_SERVICE_HOST"] != "" {
		signs = append(signs, "Kubernetes ($KUBERNETES_SERVICE_HOST)")
	}
	if v := f.Env["container"]; v != "" {
		signs = append(signs, v+" ($container)")
	}
	version := f.read("proc/version")
	// gVisor has told this same build of a kernel that it is not for years.
	if strings.Contains(version, "4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016") {
		signs = append(signs, "gVisor (/proc/version)")
	}
	if strings.Contains(strings.ToLower(version), "microsoft") {
		signs = append(signs, "WSL (/proc/version)")
	}
	return signs
}

func (f *Facts) seccomp() Check {
	c := Check{Name: "seccomp", Status: OK}
	switch mode := f.status("Seccomp"); mode {
	case "":
		c.Found = "unknown"
	case "0":
		c.Found = "off"
	case "1":
		c.Status, c.Found = Broken, "strict"
		c.Means = "Only read, write and exit are allowed; no Go program works like this."
	default:
		c.Status, c.Found = Note, "a filter is on"
		if n := f.status("Seccomp_filters"); n != "" {
			c.Found = fmt.Sprintf("filters are on (%s)", n)
		}
		c.Means = "Workers inherit it. What it refuses of what multiproc needs shows above, under Kernel."
	}
	return c
}

// initPIDNamespace is the inode of the machine's own pid namespace, a
// constant of the kernel (PROC_PID_INIT_INO).
const initPIDNamespace = 0xEFFFFFFC

func (f *Facts) pidNamespace() Check {
	c := Check{Name: "pid namespace", Status: OK}
	switch f.PIDNamespace {
	case 0:
		c.Found = "unknown"
	case initPIDNamespace:
		c.Found = "the machine's own"
	default:
		c.Status, c.Found = Note, fmt.Sprintf("its own (%d)", f.PIDNamespace)
		c.Means = "All processes that share memory must be in one pid namespace, since they watch each other by pid. Workers are in their parent's unless you change it."
	}
	return c
}
