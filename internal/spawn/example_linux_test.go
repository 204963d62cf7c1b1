package spawn_test

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/multiproc-go/multiproc/internal/spawn"
)

func Example() {
	r, w, err := spawn.Pipe()
	if err != nil {
		fmt.Println(err)
		return
	}
	stream, err := spawn.NewStream(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stream.Close()
	child, err := spawn.Start(spawn.Spec{
		Args:  []string{os.Args[0], "child:greet"},
		Env:   os.Environ(),
		Files: []uintptr{0, uintptr(w), 2},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer spawn.Close(w) // as if another program held it open
	status := child.Wait()
	stream.Finish()
	text, err := io.ReadAll(stream)
	fmt.Printf("%s, exit code %d, drained %v\n", text, status.Code, errors.Is(err, spawn.ErrDrained))
	// Output: hello, exit code 0, drained true
}
