package sys

import (
	"bufio"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Memory is what can still be allocated before the kernel has to kill something.
type Memory struct {
	Available int64  // bytes
	Limit     string // what sets it: "MemAvailable" or the path of the cgroup's limit
}

// FreeMemory is the smaller of the machine's MemAvailable and the room under the memory limits of this process's cgroup
// and those above it (v2 memory.max or v1 memory.limit_in_bytes; page cache that can be dropped counts as room).
// What can't be read does not limit. It costs about 50 us.
func FreeMemory() Memory { return freeMemory("/") }

func freeMemory(root string) Memory {
	least := Memory{math.MaxInt64, "nothing"}
	if n, ok := memAvailable(filepath.Join(root, "proc/meminfo")); ok {
		least = Memory{n, "MemAvailable"}
	}
	for _, g := range memoryGroups(root) {
		if n, ok := g.room(); ok && n < least.Available {
			least = Memory{n, g.limit}
		}
	}
	return least
}

func memAvailable(path string) (int64, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	_, rest, ok := bytes.Cut(data, []byte("MemAvailable:"))
	if !ok {
		return 0, false
	}
	fields := bytes.Fields(rest[:min(len(rest), 64)])
	if len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kib << 10, err == nil
}

// group is one cgroup's files.
type group struct{ limit, usage, stat string }

// memoryGroups lists the cgroups whose limits bind this process, its own first and then each parent.
func memoryGroups(root string) []group {
	f, err := os.Open(filepath.Join(root, "proc/self/cgroup"))
	if err != nil {
		return nil
	}
	defer f.Close()
	var out []group
	for sc := bufio.NewScanner(f); sc.Scan(); {
		parts := strings.SplitN(sc.Text(), ":", 3) // hierarchy:controllers:path
		if len(parts) != 3 {
			continue
		}
		v2 := parts[0] == "0" && parts[1] == ""
		if !v2 && !slices.Contains(strings.Split(parts[1], ","), "memory") {
			continue
		}
		base, limit, usage := "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
		if v2 {
			base, limit, usage = "sys/fs/cgroup", "memory.max", "memory.current"
		}
		for p := filepath.Clean("/" + parts[2]); ; p = filepath.Dir(p) {
			dir := filepath.Join(root, base, p)
			out = append(out, group{filepath.Join(dir, limit), filepath.Join(dir, usage), filepath.Join(dir, "memory.stat")})
			if p == "/" {
				break
			}
		}
	}
	return out
}

func (g group) room() (int64, bool) {
	limit, ok := readInt(g.limit)
	if !ok || limit >= 1<<60 { // v1 says "no limit" with a huge number, v2 with "max"
		return 0, false
	}
	used, ok := readInt(g.usage)
	if !ok {
		return 0, false
	}
	return max(limit-used+g.droppable(), 0), true
}

// droppable is the file cache that the kernel gives up under the limit before it kills.
func (g group) droppable() int64 {
	data, err := os.ReadFile(g.stat)
	if err != nil {
		return 0
	}
	var own, total int64
	for line := range bytes.Lines(data) {
		if v, ok := bytes.CutPrefix(line, []byte("inactive_file ")); ok {
			own, _ = strconv.ParseInt(string(bytes.TrimSpace(v)), 10, 64)
		}
		if v, ok := bytes.CutPrefix(line, []byte("total_inactive_file ")); ok {
			total, _ = strconv.ParseInt(string(bytes.TrimSpace(v)), 10, 64)
		}
	}
	return max(own, total)
}

func readInt(path string) (int64, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(data)), 10, 64)
	return n, err == nil
}
