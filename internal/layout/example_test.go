package layout_test

import (
	"fmt"

	"github.com/multiproc-go/multiproc/internal/layout"
)

func ExampleFor() {
	type Body struct {
		Pos  [3]float64
		Mass float64
	}
	l, err := layout.For[Body]()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(l.Name)
	fmt.Println(l.Size, "bytes")

	type Tag struct{ Name string }
	type Conf struct{ Tags [4]Tag }
	_, err = layout.For[Conf]()
	fmt.Println(err)
	// Output:
	// struct{Pos [3]float64; Mass float64}
	// 32 bytes
	// multiproc: layout_test.Conf cannot live in shared memory: Conf.Tags[].Name: a string holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]
}
