package doctor

import (
	"path"
	"strconv"
	"strings"
)

// groupLimit is a limit that a control group sets.
type groupLimit struct {
	max, current uint64
	file         string // the file that holds it
}

// The files of a controller in cgroup v2 and v1.
var groupFiles = map[string]struct{ max2, current2, max1, current1 string }{
	"memory": {"memory.max", "memory.current", "memory.limit_in_bytes", "memory.usage_in_bytes"},
	"pids":   {"pids.max", "pids.current", "pids.max", "pids.current"},
}

// groupLimit returns the tightest limit of the controller, "memory" or
// "pids", that binds this process: its own group's or that of one above.
func (f *Facts) groupLimit(controller string) (tightest groupLimit, found bool) {
	names := groupFiles[controller]
	for line := range strings.Lines(f.read("proc/self/cgroup")) {
		// hierarchy:controllers:path, where v2 is hierarchy 0 without controllers.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		v2 := parts[0] == "0" && parts[1] == ""
		if !v2 && !hasWord(parts[1], controller) {
			continue
		}
		maxName, currentName := names.max1, names.current1
		if v2 {
			maxName, currentName = names.max2, names.current2
		}
		base := f.groupMount(controller, v2)
		for dir := path.Clean("/" + parts[2]); base != ""; dir = path.Dir(dir) {
			file := path.Join(base, dir, maxName)
			if n, ok := f.readCount(file); ok && (!found || n < tightest.max) {
				current, _ := f.readCount(path.Join(base, dir, currentName))
				tightest, found = groupLimit{n, current, "/" + file}, true
			}
			if dir == "/" {
				break
			}
		}
	}
	return tightest, found
}

// groupMount is where the controller's hierarchy is mounted, without the
// leading slash: on systems with both versions neither is where one expects.
func (f *Facts) groupMount(controller string, v2 bool) string {
	for line := range strings.Lines(f.read("proc/self/mountinfo")) {
		// ID parent major:minor root MOUNTPOINT options... - TYPE source SUPEROPTIONS
		left, right, ok := strings.Cut(strings.TrimSpace(line), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 {
			continue
		}
		if v2 && r[0] == "cgroup2" || !v2 && r[0] == "cgroup" && hasWord(r[2], controller) {
			return strings.TrimPrefix(l[4], "/")
		}
	}
	return ""
}

// groupVersion is what /proc tells of the cgroups in use.
func (f *Facts) groupVersion() string {
	v1, v2 := false, false
	for line := range strings.Lines(f.read("proc/self/mountinfo")) {
		_, right, _ := strings.Cut(line, " - ")
		switch kind, _, _ := strings.Cut(right, " "); kind {
		case "cgroup":
			v1 = true
		case "cgroup2":
			v2 = true
		}
	}
	switch {
	case v1 && v2:
		return "v1 and v2"
	case v1:
		return "v1"
	case v2:
		return "v2"
	default:
		return "none mounted"
	}
}

// readCount reads a limit or a count. "max", and the huge number by which v1
// says the same, are no limit.
func (f *Facts) readCount(file string) (uint64, bool) {
	n, err := strconv.ParseUint(f.read(file), 10, 64)
	return n, err == nil && n < 1<<60
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}
