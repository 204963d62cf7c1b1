package doctor

import (
	"fmt"
	"strings"
)

func (f *Facts) memoryChecks() []Check {
	return []Check{
		f.available(), f.groupMemory(), f.overcommit(), f.hugePages(), f.addressSpace(), f.fileSize(),
	}
}

func (f *Facts) available() Check {
	c := Check{Name: "available", Status: OK}
	if f.Available < 0 {
		c.Status, c.Found = Note, "unknown"
		c.Means = "Without MemAvailable in /proc/meminfo, running out of memory may show as the OOM killer instead of ErrNoMemory."
		return c
	}
	c.Found = fmt.Sprintf("%s, bounded by %s", bytesText(uint64(f.Available)), f.AvailableBy)
	if f.Available < 64<<20 {
		c.Status = Danger
		c.Means = "New shared objects beyond this are refused with ErrNoMemory."
		c.Do = "Free memory, or raise the container's memory limit."
	}
	return c
}

func (f *Facts) groupMemory() Check {
	c := Check{Name: "cgroup memory limit", Status: OK}
	l, found := f.groupLimit("memory")
	if !found {
		c.Found = "none"
		return c
	}
	c.Found = fmt.Sprintf("%s, %s used (%s)", bytesText(l.max), bytesText(l.current), l.file)
	c.Status = Note
	c.Means = "Shared memory counts against this limit, not against the size of /dev/shm, and is charged to the group of the process that touches a page first."
	if l.max-min(l.max, l.current) < l.max/20 {
		c.Status = Danger
		c.Do = "Raise it (docker run --memory, resources.limits.memory): less than 5 % is left."
	}
	return c
}

func (f *Facts) overcommit() Check {
	c := Check{Name: "overcommit", Status: OK}
	switch mode := f.read("proc/sys/vm/overcommit_memory"); mode {
	case "0":
		c.Found = "heuristic (0)"
	case "1":
		c.Found = "always (1)"
	case "2":
		c.Status, c.Found = Danger, "strict (2)"
		c.Means = "The kernel refuses memory beyond a commit limit. Shared memory itself is not counted until it is used, but a Go program reserves much more than it uses."
		c.Do = "If starts fail with ENOMEM, raise vm.overcommit_ratio or set vm.overcommit_memory to 0."
	default:
		c.Found = "unknown"
	}
	return c
}

func (f *Facts) hugePages() Check {
	c := Check{Name: "huge pages", Status: OK}
	choice := func(path string) string {
		_, rest, _ := strings.Cut(f.read(path), "[")
		chosen, _, _ := strings.Cut(rest, "]")
		if chosen == "" {
			return "unknown"
		}
		return chosen
	}
	heap := choice("sys/kernel/mm/transparent_hugepage/enabled")
	shared := choice("sys/kernel/mm/transparent_hugepage/shmem_enabled")
	c.Found = fmt.Sprintf("transparent: %s; for shared memory: %s", heap, shared)
	return c
}

func (f *Facts) addressSpace() Check {
	c := Check{Name: "RLIMIT_AS (ulimit -v)", Status: OK, Found: limitText(f.AddressSpace, bytesText)}
	if f.AddressSpace.Soft != Unlimited {
		c.Status = Danger
		c.Means = "Every process maps all shared memory it uses, on top of what Go reserves for its heap; mapping fails at this limit."
		c.Do = "Leave it unlimited, and bound memory with a cgroup or GOMEMLIMIT instead."
	}
	return c
}

// familySize is how long the shared memory of a program and its workers is.
const familySize = 4 << 40

func (f *Facts) fileSize() Check {
	c := Check{Name: "RLIMIT_FSIZE (ulimit -f)", Status: OK, Found: limitText(f.FileSize, bytesText)}
	if f.FileSize.Soft < familySize {
		c.Status = Broken
		c.Means = "The shared memory of a program and its workers is a sparse file of 4 TiB, which is longer than this limit allows, though it costs only what is used."
		c.Do = "Leave it unlimited (ulimit -f unlimited)."
	}
	return c
}

// bytesText prints a size with its binary unit: "1.5 GiB".
func bytesText(n uint64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, prefix := float64(n), ""
	for _, p := range []string{"K", "M", "G", "T", "P", "E"} {
		if value < unit {
			break
		}
		value, prefix = value/unit, p
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0") + " " + prefix + "iB"
}

func countText(n uint64) string { return fmt.Sprint(n) }

func limitText(l Limit, text func(uint64) string) string {
	one := func(n uint64) string {
		if n == Unlimited {
			return "unlimited"
		}
		return text(n)
	}
	if l.Soft == l.Hard {
		return one(l.Soft)
	}
	return fmt.Sprintf("%s, may be raised to %s", one(l.Soft), one(l.Hard))
}
