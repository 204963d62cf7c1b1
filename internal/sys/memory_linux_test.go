package sys

import (
	"bytes"
	"errors"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

func newMemory(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := NewMemory("test", size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestSeals(t *testing.T) {
	f := newMemory(t, 1<<20)
	fd := int(f.Fd())
	if size, err := Size(fd); err != nil || size != 1<<20 {
		t.Errorf("size %d, %v", size, err)
	}
	if !Sealed(fd) {
		t.Error("not sealed")
	}
	for _, size := range []int64{0, 4096, 1<<20 - 1, 1<<20 + 1, 1 << 40} {
		if err := f.Truncate(size); !errors.Is(err, syscall.EPERM) {
			t.Errorf("truncate to %d: %v, want EPERM", size, err)
		}
	}
	if _, err := f.WriteAt([]byte{1}, 1<<20); err == nil {
		t.Error("a write beyond the end made the file grow")
	}
	// The seals themselves are sealed.
	if err := seal(fd, 0x8); !errors.Is(err, syscall.EPERM) {
		t.Errorf("another seal: %v, want EPERM", err)
	}
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if Sealed(int(file.Fd())) || Sealed(-1) {
		t.Error("an ordinary file, or none, counts as sealed")
	}
}

func TestReserveAndDiscard(t *testing.T) {
	const n = 1 << 20
	f := newMemory(t, 1<<40) // costs nothing
	fd := int(f.Fd())
	resident := func() int64 {
		t.Helper()
		got, err := Resident(fd)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := resident(); got != 0 {
		t.Errorf("a new file holds %d bytes", got)
	}
	off := int64(1<<40 - 2*n)
	if err := Reserve(fd, off, n); err != nil {
		t.Fatal(err)
	}
	if got := resident(); got != n {
		t.Errorf("%d bytes after reserving %d", got, n)
	}
	a, err := Map(fd, off, n)
	if err != nil {
		t.Fatal(err)
	}
	defer Unmap(a)
	b, err := Map(fd, off, n)
	if err != nil {
		t.Fatal(err)
	}
	defer Unmap(b)
	if !bytes.Equal(a, make([]byte, n)) {
		t.Error("reserved memory is not zero")
	}
	for i := range a {
		a[i] = byte(i)
	}
	if !bytes.Equal(a, b) {
		t.Error("two mappings differ")
	}
	if got := resident(); got != n {
		t.Errorf("%d bytes after writing to what was reserved", got)
	}
	if err := Discard(fd, off, n); err != nil {
		t.Fatal(err)
	}
	if got := resident(); got != 0 {
		t.Errorf("%d bytes after discarding all", got)
	}
	if !bytes.Equal(b, make([]byte, n)) {
		t.Error("discarded memory is not zero")
	}
	if err := Reserve(fd, 1<<40, 4096); err == nil {
		t.Error("reserved beyond the end of a sealed file")
	}
	if _, err := Resident(-1); err == nil {
		t.Error("no error for a bad descriptor")
	}
}

func TestMapAlignment(t *testing.T) {
	f := newMemory(t, 64<<20)
	fd := int(f.Fd())
	for _, c := range []struct {
		off int64
		n   int
	}{{0, 1}, {0, 4096}, {4096, 4097}, {0, HugePage}, {HugePage, HugePage + 1}, {0, 64 << 20}, {0, 5000}} {
		m, err := Map(fd, c.off, c.n)
		if err != nil {
			t.Fatal(err)
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(m))); at%HugePage != 0 {
			t.Errorf("%d bytes at %d are mapped at %#x", c.n, c.off, at)
		}
		if len(m) != c.n || cap(m) != c.n {
			t.Errorf("%d bytes: length %d, capacity %d", c.n, len(m), cap(m))
		}
		m[0], m[c.n-1] = 1, 2
		var back [1]byte
		if _, err := f.ReadAt(back[:], c.off+int64(c.n)-1); err != nil || back[0] != 2 && c.n > 1 {
			t.Errorf("the file has %d, %v", back[0], err)
		}
		if err := Unmap(m); err != nil {
			t.Error(err)
		}
	}
	if _, err := Map(-1, 0, 4096); err == nil {
		t.Error("mapped no file")
	}
	if _, err := Map(fd, 1, 4096); err == nil {
		t.Error("mapped an offset that is not of a page")
	}
	if _, err := Map(fd, 0, 1<<60); err == nil {
		t.Error("mapped an exbibyte")
	}
}

// TestMapLeavesNothing: the parts of the hole around an aligned mapping are given back.
func TestMapLeavesNothing(t *testing.T) {
	f := newMemory(t, 8<<20)
	size := func() (pages int) {
		data, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip(err)
		}
		return bytes.Count(data, []byte("\n"))
	}
	before := size()
	for range 200 {
		m, err := Map(int(f.Fd()), 0, 12345)
		if err != nil {
			t.Fatal(err)
		}
		if err := Unmap(m); err != nil {
			t.Fatal(err)
		}
	}
	if after := size(); after > before+50 {
		t.Errorf("%d mappings before, %d after", before, after)
	}
}

func TestCollapse(t *testing.T) {
	f := newMemory(t, 4*HugePage)
	if err := Reserve(int(f.Fd()), 0, 2*HugePage); err != nil {
		t.Fatal(err)
	}
	m, err := Map(int(f.Fd()), 0, 4*HugePage)
	if err != nil {
		t.Fatal(err)
	}
	defer Unmap(m)
	m[5], m[HugePage] = 42, 43
	t.Log("collapse:", Collapse(m[:2*HugePage])) // a hint: it may be refused
	if m[5] != 42 || m[HugePage] != 43 {
		t.Error("contents changed")
	}
}

func TestCloseOnExec(t *testing.T) {
	f := newMemory(t, 4096)
	CloseOnExec(int(f.Fd()))
	CloseOnExec(-1)
}
