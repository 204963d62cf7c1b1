package ctype_test

import (
	"fmt"

	"github.com/multiproc-go/multiproc/ctype"
)

func Example() {
	for _, code := range "bHiqd" {
		t, err := ctype.ByCode(code)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(t, t.Go)
	}
	// Output:
	// c_byte ('b', signed char, 1 bytes) int8
	// c_ushort ('H', unsigned short, 2 bytes) uint16
	// c_int ('i', int, 4 bytes) int32
	// c_longlong ('q', long long, 8 bytes) int64
	// c_double ('d', double, 8 bytes) float64
}

func ExampleByName() {
	t, _ := ctype.ByName("c_int32")
	fmt.Println(t)
	_, err := ctype.ByName("c_char_p")
	fmt.Println(err)
	_, err = ctype.ByName("unsigned int")
	fmt.Println(err)
	// Output:
	// c_int ('i', int, 4 bytes)
	// multiproc: c_char_p cannot be shared: it holds a pointer, and an address means nothing in another process; use an Array of c_char
	// multiproc: no C type has the name "unsigned int": want "c_uint"
}

func ExampleOf() {
	t, _ := ctype.Of[float64]()
	fmt.Printf("%c %s\n", t.Code, t.Name)
	// Output: d c_double
}

func ExampleLongDouble() {
	x := ctype.FromFloat64(0.25)
	fmt.Println(x, x.Float64())
	// Output: 0.25 0.25
}
