package pickle_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

type User struct {
	Name  string   `pickle:"name"`
	Age   int      `pickle:"age"`
	Langs []string `pickle:"langs,omitempty"`
}

// A struct is a dict in Python, and a dict of Python is a struct.
func Example() {
	data, err := pickle.Marshal(User{Name: "Ann", Age: 36})
	if err != nil {
		fmt.Println(err)
		return
	}
	// In Python: pickle.loads(data) == {"name": "Ann", "age": 36}

	var user User
	if err := pickle.Unmarshal(data, &user); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", user)
	// Output: {Name:Ann Age:36 Langs:[]}
}

func ExampleUnmarshal() {
	// In Python: pickle.dumps({"name": "Ann", "age": 36, "langs": ["Go", "Python"]})
	data := []byte("\x80\x04\x954\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x04name\x94\x8c\x03Ann\x94\x8c\x03age\x94K$\x8c\x05langs\x94]\x94(\x8c\x02Go\x94\x8c\x06Python\x94eu.")

	var user User
	if err := pickle.Unmarshal(data, &user); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", user)

	// What does not fit is an error that says where.
	var small struct {
		Langs [1]string `pickle:"langs"`
	}
	fmt.Println(pickle.Unmarshal(data, &small))
	// Output:
	// {Name:Ann Age:36 Langs:[Go Python]}
	// pickle: .langs: Python's list into Go's [1]string: its length is 2
}

// Without a struct a pickle is read as the values of package py.
func ExampleDecode() {
	// In Python: pickle.dumps((1, "two", {3.0, None}))
	data := []byte("\x80\x04\x95\x19\x00\x00\x00\x00\x00\x00\x00K\x01\x8c\x03two\x94\x8f\x94(NG@\x08\x00\x00\x00\x00\x00\x00\x90\x87\x94.")
	v, err := pickle.Decode(data)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := py.Repr(v)
	fmt.Println(text, err)

	tuple := v.(py.Tuple)
	n, err := pickle.As[int](tuple[0])
	fmt.Println(n, err)
	_, err = pickle.As[int](tuple[1])
	fmt.Println(err)
	// Output:
	// (1, 'two', {None, 3.0}) <nil>
	// 1 <nil>
	// pickle: Python's str into Go's int
}

// Point is this class in Python's module shop:
//
//	class Point:
//	    def __init__(self, x, y):
//	        self.x, self.y = x, y
type Point struct {
	X int `pickle:"x"`
	Y int `pickle:"y"`
}

// Instances of Python's classes are Go's structs.
func ExampleRegisterClass() {
	registry := pickle.NewRegistry()
	pickle.RegisterClass[Point](registry, "shop", "Point")
	config := pickle.Config{Registry: registry}

	// In Python: pickle.dumps([shop.Point(1, 2)])
	data := []byte("\x80\x04\x95)\x00\x00\x00\x00\x00\x00\x00]\x94\x8c\x04shop\x94\x8c\x05Point\x94\x93\x94)\x81\x94}\x94(\x8c\x01x\x94K\x01\x8c\x01y\x94K\x02uba.")
	var points []*Point
	if err := config.Unmarshal(data, &points); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%+v\n", *points[0])

	// What is written is an instance as well: Python gets a shop.Point.
	v, err := config.Of(Point{3, 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := py.Repr(v)
	fmt.Println(text, err)
	// Output:
	// {X:1 Y:2}
	// shop.Point(x=3, y=4) <nil>
}

// Color is this class in Python's module shop:
//
//	class Color(enum.Enum):
//	    RED = 1
//	    GREEN = 2
type Color int

const (
	Red   Color = 1
	Green Color = 2
)

func (c Color) MarshalPickle() (py.Value, error) {
	return &py.Object{Form: py.Called, Class: py.Global{Module: "shop", Name: "Color"}, Args: py.Tuple{int64(c)}}, nil
}

func (c *Color) UnmarshalPickle(v py.Value) error {
	if o, ok := v.(*py.Object); ok && o.ClassName() == "shop.Color" {
		if value, ok := o.EnumValue(); ok {
			return pickle.Assign(value, (*int)(c))
		}
	}
	return errors.New("not a shop.Color")
}

// A type with methods of its own may be anything in Python: here, a member of an Enum, for which RegisterEnum would do as well.
func ExampleMarshaler() {
	data, err := pickle.Marshal(map[string]Color{"leaf": Green})
	if err != nil {
		fmt.Println(err)
		return
	}
	// In Python: pickle.loads(data) == {"leaf": shop.Color.GREEN}

	colors, err := pickle.UnmarshalAs[map[string]Color](data)
	fmt.Println(colors["leaf"] == Green, err)

	_, err = pickle.As[Color]("green")
	fmt.Println(err)
	// Output:
	// true <nil>
	// pickle: Python's str into Go's pickle_test.Color: not a shop.Color
}

// Size is this class in Python's module shop:
//
//	class Size(enum.Enum):
//	    SMALL = "s"
//	    LARGE = "l"
type Size string

const (
	Small Size = "s"
	Large Size = "l"
)

// Members of Python's Enums are Go's constants.
func ExampleRegisterEnum() {
	registry := pickle.NewRegistry()
	pickle.RegisterEnum[Size](registry, "shop", "Size")
	config := pickle.Config{Registry: registry}

	// In Python: pickle.dumps({shop.Size.LARGE: 3}, 4)
	data := []byte("\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x04shop\x94\x8c\x04Size\x94\x93\x94\x8c\x01l\x94\x85\x94R\x94K\x03s.")
	var stock map[Size]int
	err := config.Unmarshal(data, &stock)
	fmt.Println(stock[Large], err)

	// What is written is a member as well: Python gets [shop.Size.SMALL].
	v, err := config.Of([]Size{Small})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := py.Repr(v)
	fmt.Println(text, err)
	// Output:
	// 3 <nil>
	// [shop.Size('s')] <nil>
}

// A stream has one pickle after the other, as several pickle.dump to one file make it.
func ExampleDecoder() {
	var file bytes.Buffer
	enc := pickle.NewEncoder(&file)
	for _, user := range []User{{Name: "Ann", Age: 36}, {Name: "Bob", Age: 41}} {
		if err := enc.Encode(user); err != nil {
			fmt.Println(err)
			return
		}
	}
	dec := pickle.NewDecoder(&file)
	for {
		var user User
		err := dec.Decode(&user)
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.Name, user.Age)
	}
	// Output:
	// Ann 36
	// Bob 41
}

// Data of Python may refer to itself, and so do Go's structs then.
func ExampleAssign() {
	type Node struct {
		Name string `pickle:"name"`
		Next *Node  `pickle:"next"`
	}
	ring := py.NewDict()
	ring.SetStr("name", "a")
	ring.SetStr("next", ring)

	var node Node
	if err := pickle.Assign(ring, &node); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(node.Next == &node)

	err := pickle.Assign(py.NewList(int64(1), int64(300)), new([]uint8))
	fmt.Println(err)
	var mismatch *pickle.UnmarshalTypeError
	fmt.Println(errors.As(err, &mismatch), mismatch.Path)
	// Output:
	// true
	// pickle: [1]: Python's int into Go's uint8: 300 does not fit
	// true [1]
}
