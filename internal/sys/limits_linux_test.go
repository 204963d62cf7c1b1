package sys

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// root makes a file tree that stands for "/".
func root(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const meminfo = "MemTotal:       1000 kB\nMemFree:        1 kB\nMemAvailable:    800 kB\nBuffers: 3 kB\n"

func TestFreeMemory(t *testing.T) {
	const (
		v1 = "sys/fs/cgroup/memory"
		v2 = "sys/fs/cgroup"
	)
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
		limit string // below the root; "" for the machine's
	}{
		{"nothing can be read", nil, math.MaxInt64, "nothing"},
		{"machine only", map[string]string{"proc/meminfo": meminfo}, 800 << 10, ""},
		{"meminfo without the line", map[string]string{"proc/meminfo": "MemTotal: 5 kB\n"}, math.MaxInt64, "nothing"},
		{"meminfo cut off", map[string]string{"proc/meminfo": "MemAvailable:"}, math.MaxInt64, "nothing"},
		{"meminfo garbage", map[string]string{"proc/meminfo": "MemAvailable: many kB\n"}, math.MaxInt64, "nothing"},
		{"empty meminfo", map[string]string{"proc/meminfo": ""}, math.MaxInt64, "nothing"},
		{"v2", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "500000\n", v2 + "/a/memory.current": "200000\n",
		}, 300000, v2 + "/a/memory.max"},
		{"v2 with cache to drop", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "500000\n", v2 + "/a/memory.current": "450000\n",
			v2 + "/a/memory.stat": "anon 1\nactive_file 7\ninactive_file 40000\nfile 9\n",
		}, 90000, v2 + "/a/memory.max"},
		{"v2 over its limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "500000\n", v2 + "/a/memory.current": "500001\n",
		}, 0, v2 + "/a/memory.max"},
		{"v2 no limit", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "max\n", v2 + "/a/memory.current": "200000\n",
		}, 800 << 10, ""},
		{"v2 limit above what the machine has", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "500000000\n", v2 + "/a/memory.current": "1\n",
		}, 800 << 10, ""},
		{"v2 nested, a parent binds", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/pod/box/app\n",
			v2 + "/pod/box/app/memory.max": "max\n", v2 + "/pod/box/app/memory.current": "10\n",
			v2 + "/pod/box/memory.max": "400000\n", v2 + "/pod/box/memory.current": "100000\n",
			v2 + "/pod/memory.max": "350000\n", v2 + "/pod/memory.current": "150000\n",
		}, 200000, v2 + "/pod/memory.max"},
		{"v2 in a cgroup namespace, the root binds", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			v2 + "/memory.max": "400000\n", v2 + "/memory.current": "100000\n",
		}, 300000, v2 + "/memory.max"},
		{"v2 path from outside of the namespace", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../b\n",
			v2 + "/b/memory.max": "400000\n", v2 + "/b/memory.current": "100000\n",
		}, 300000, v2 + "/b/memory.max"},
		{"v2 path with a colon", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a:b\n",
			v2 + "/a:b/memory.max": "400000\n", v2 + "/a:b/memory.current": "100000\n",
		}, 300000, v2 + "/a:b/memory.max"},
		{"v2 without usage", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n", v2 + "/a/memory.max": "1\n",
		}, 800 << 10, ""},
		{"v2 garbage", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "12 apples\n", v2 + "/a/memory.current": "200000\n",
		}, 800 << 10, ""},
		{"v2 usage garbage", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a\n",
			v2 + "/a/memory.max": "1000\n", v2 + "/a/memory.current": "\n",
		}, 800 << 10, ""},
		{"v1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "12:pids:/a\n5:memory:/a\n1:name=systemd:/a\n",
			v1 + "/a/memory.limit_in_bytes": "500000\n", v1 + "/a/memory.usage_in_bytes": "400000\n",
			v1 + "/a/memory.stat": "inactive_file 5\ntotal_inactive_file 7000\n",
		}, 107000, v1 + "/a/memory.limit_in_bytes"},
		{"v1 unlimited", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:memory:/a\n",
			v1 + "/a/memory.limit_in_bytes": "9223372036854771712\n", v1 + "/a/memory.usage_in_bytes": "400000\n",
		}, 800 << 10, ""},
		{"v1 in a container that sees the host's path but its own tree", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:memory:/docker/0123\n",
			v1 + "/memory.limit_in_bytes": "500000\n", v1 + "/memory.usage_in_bytes": "100000\n",
		}, 400000, v1 + "/memory.limit_in_bytes"},
		{"hybrid: v1 memory beside an empty v2", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "5:memory:/a\n0::/a\n",
			v1 + "/a/memory.limit_in_bytes": "500000\n", v1 + "/a/memory.usage_in_bytes": "400000\n",
		}, 100000, v1 + "/a/memory.limit_in_bytes"},
		{"cgroup file of garbage", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "\n:\nx\n0:\n::::\n\x00\xff\n",
		}, 800 << 10, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := root(t, c.files)
			limit := c.limit
			switch limit {
			case "nothing":
			case "":
				limit = "MemAvailable"
			default:
				limit = filepath.Join(dir, limit)
			}
			if got := freeMemory(dir); got.Available != c.want || got.Limit != limit {
				t.Errorf("got %d by %s, want %d by %s", got.Available, got.Limit, c.want, limit)
			}
		})
	}
}

func TestFreeMemoryHere(t *testing.T) {
	if m := FreeMemory(); m.Available <= 0 || m.Limit == "" {
		t.Errorf("this machine: %+v", m)
	}
}

func FuzzMeminfo(f *testing.F) {
	f.Add([]byte(meminfo), []byte("0::/a\n"), []byte("max"), []byte("inactive_file 1"))
	f.Fuzz(func(t *testing.T, info, cgroup, limit, stat []byte) {
		dir := root(t, map[string]string{
			"proc/meminfo": string(info), "proc/self/cgroup": string(cgroup),
			"sys/fs/cgroup/memory.max": string(limit), "sys/fs/cgroup/memory.current": string(limit),
			"sys/fs/cgroup/memory.stat": string(stat),
		})
		freeMemory(dir)
	})
}
