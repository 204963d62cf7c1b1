//go:build linux

package park_test

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/park"
	"github.com/multiproc-go/multiproc/internal/sys"
)

// A goroutine that sleeps until a word of shared memory changes, or it is kicked.
func Example() {
	file, _ := sys.NewMemory("example", 4096)
	defer file.Close()
	mem, err := sys.Map(int(file.Fd()), 0, 4096)
	if err != nil {
		fmt.Println(err)
		return
	}
	word := (*uint32)(unsafe.Pointer(&mem[0]))
	kick, done := park.NewKick(), make(chan uint32)
	go func() {
		for atomic.LoadUint32(word) == 0 && !kick.IsSet() {
			park.Wait(word, 0, kick, park.Forever)
		}
		done <- atomic.LoadUint32(word)
	}()
	atomic.StoreUint32(word, 42) // first the change,
	park.Wake(word, 1)           // then the wake, from any process
	fmt.Println(<-done)
	// Output: 42
}
