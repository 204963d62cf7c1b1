//go:build linux

package family_test

import (
	"fmt"

	"github.com/multiproc-go/multiproc/internal/family"
)

// The life of a participant, as its parent sees it.
func Example() {
	f, err := family.Home()
	if err != nil {
		fmt.Println(err)
		return
	}
	id, _ := f.Reserve("worker") // then start a process with f.Environ(id, ...) and f.File()
	fmt.Println("reserved:", f.Alive(id))
	f.MarkDead(id) // the process has ended, or could not be started
	fmt.Println("dead:", f.Alive(id), f.Unburied(id))
	f.Buried(id) // and what it sent has been read
	fmt.Println("buried:", f.Alive(id), f.Unburied(id))
	// Output:
	// reserved: true
	// dead: false true
	// buried: false false
}
