package control_test

import (
	"bytes"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/control"
)

func Example() {
	var channel bytes.Buffer
	if err := control.Write(&channel, control.TypeStart, control.Start{Func: "square"}, []byte{7}); err != nil {
		fmt.Println(err)
		return
	}
	f, err := control.Read(&channel)
	if err != nil {
		fmt.Println(err)
		return
	}
	task, err := f.DecodeStart()
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println(f.Type, task.Func, f.Payload)
	// Output: start square [7]
}
