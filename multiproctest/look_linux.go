package multiproctest

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/internal/arena"
)

func look() sight {
	c, err := arena.Count() // first: it may be what opens the family's memory
	s := sight{goroutines: runtime.NumGoroutine(), fds: map[string]int{}, children: children(), names: map[string]bool{}, mappings: mappings()}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		for _, e := range entries {
			to, err := os.Readlink("/proc/self/fd/" + e.Name())
			if err != nil || strings.HasPrefix(to, "/proc/") {
				continue // the listing itself
			}
			kind, _, _ := strings.Cut(to, ":[") // socket:[1234]
			s.fds[strings.TrimSuffix(kind, " (deleted)")]++
		}
	}
	// The netpoller's, made when first needed.
	delete(s.fds, "anon_inode:[eventpoll]")
	delete(s.fds, "anon_inode:[eventfd]")
	delete(s.fds, "anon_inode")
	if entries, err := os.ReadDir("/dev/shm"); err == nil {
		for _, e := range entries {
			s.names[e.Name()] = true
		}
	}
	if err == nil {
		s.objects = c.Objects
	}
	return s
}

// children lists the child processes, zombies included.
func children() map[int]string {
	out := map[int]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		stat := string(data)
		open, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
		if open < 0 || end < 0 {
			continue
		}
		fields := strings.Fields(stat[end+1:])
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(stat[:open]))
		out[pid] = stat[open+1:end] + ", state " + fields[0]
	}
	return out
}

// mappings counts the mappings of the family's memory that are no windows: those of single large objects.
func mappings() (n int) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return 0
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		line := sc.Text()
		if !strings.Contains(line, "memfd:multiproc") {
			continue
		}
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err == nil && (to-from)%arena.WindowSize != 0 {
			n++
		}
	}
	return n
}
