package py_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

func ExampleDict() {
	d := py.NewDict()
	for _, key := range []py.Value{1, true, 1.0, "one", py.Tuple{1, "one"}} {
		if err := d.Set(key, "value"); err != nil {
			fmt.Println(err)
			return
		}
	}
	for key := range d.All() {
		fmt.Println(py.TypeName(key), key)
	}
	fmt.Println(d.Set(py.NewList(), nil))
	// Output:
	// int 1
	// str one
	// tuple (1, 'one')
	// TypeError: unhashable type: 'list'
}

func ExampleLess() {
	fmt.Println(py.Less(1, 1.5))
	_, err := py.Less("1", 2)
	fmt.Println(err)
	// Output:
	// true <nil>
	// TypeError: '<' not supported between instances of 'str' and 'int'
}

func ExampleException() {
	err := fmt.Errorf("looking it up: %w", py.KeyError("name"))
	var e *py.Exception
	if errors.As(err, &e) && e.IsA("LookupError") {
		fmt.Println(e)
	}
	fmt.Println(py.IsException(err, "ValueError"))
	// Output:
	// KeyError: 'name'
	// false
}

func ExampleObject() {
	// As a reader gets it for an instance of a class of the module shop.
	state := py.NewDict()
	if err := state.Set("name", "tea"); err != nil {
		panic(err)
	}
	o := &py.Object{Form: py.Made, Class: py.Global{Module: "shop", Name: "Item"}, Built: true, State: state}
	name, _ := o.Attr("name")
	fmt.Println(o.ClassName(), name)
	fmt.Println(o)
	// Output:
	// shop.Item tea
	// shop.Item(name='tea')
}

func ExampleRepr() {
	v := py.NewList(1, "it's", 1e16, py.Tuple{nil})
	v.Append(v)
	text, err := py.Repr(v)
	fmt.Println(text, err)
	// Output: [1, "it's", 1e+16, (None,), [...]] <nil>
}

func ExampleDateTime() {
	v, err := py.DateTimeOf(time.Date(2020, 1, 31, 12, 30, 0, 0, time.FixedZone("", 3600)))
	if err != nil {
		panic(err)
	}
	fmt.Println(v.ISO())
	moment, err := v.Time(time.Local) // which stands for itself only where there is no time zone
	fmt.Println(moment.UTC(), err)
	// Output:
	// 2020-01-31T12:30:00+01:00
	// 2020-01-31 11:30:00 +0000 UTC <nil>
}
