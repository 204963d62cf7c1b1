//go:build linux

package sys_test

import (
	"fmt"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// Memory that two mappings share, and that nobody can truncate.
func Example() {
	file, err := sys.NewMemory("example", 1<<40) // address space, not memory
	if err != nil {
		fmt.Println(err)
		return
	}
	defer file.Close()
	fd := int(file.Fd())
	if err := sys.Reserve(fd, 0, 4096); err != nil {
		fmt.Println(err) // not enough memory, known before it is touched
		return
	}
	a, _ := sys.Map(fd, 0, 4096)
	b, _ := sys.Map(fd, 0, 4096)
	copy(a, "hello")
	fmt.Println(string(b[:5]), sys.Sealed(fd))
	_, _ = sys.Unmap(a), sys.Unmap(b)
	// Output: hello true
}
