package envelope_test

import (
	"fmt"
	"reflect"
	"sync"

	"github.com/multiproc-go/multiproc/internal/envelope"
)

func Example() {
	type job struct {
		Name  string
		Sizes map[int8][]float32
		Extra any
	}
	sent := job{"resize", map[int8][]float32{1: {0.5}}, uint16(7)}
	data, _, err := envelope.EncodeFrom(&sent)
	if err != nil {
		fmt.Println(err)
		return
	}
	var got job
	if err := envelope.Decode(data, &got); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%+v, Extra is a %T\n", got, got.Extra)
	// Output: {Name:resize Sizes:map[1:[0.5]] Extra:7}, Extra is a uint16
}

func ExampleCheckType() {
	type job struct {
		Steps []struct{ Guard sync.Mutex }
	}
	err := envelope.CheckType(reflect.TypeFor[job]())
	fmt.Println(err != nil)
	// Output: true
}
