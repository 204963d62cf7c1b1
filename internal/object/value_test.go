package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestValue(t *testing.T) {
	o := makeObject(t, ValueType, "i", int64(7))
	checkCalls(t, o, []callCase{
		{"repr", nil, "Value('i', 7)"},
		{"get", nil, "7"},
		{"get", py.Tuple{nil}, "TypeError: Value.get() takes 1 positional argument but 2 were given"},
		{"set", py.Tuple{"anything"}, "None"},
		{"set", nil, "TypeError: Value.set() missing 1 required positional argument: 'value'"},
		{"get", nil, "'anything'"},
	})
	checkValue(t, o, "multiprocessing.managers.Value(_typecode='i', _value='anything')")
	for _, c := range []struct {
		call *Call
		want string
	}{
		{&Call{Args: py.Tuple{"i"}}, "TypeError: Value.__init__() missing 1 required positional argument: 'value'"},
		{&Call{Args: py.Tuple{"i", nil, true, nil}}, "TypeError: Value.__init__() takes from 3 to 4 positional arguments but 5 were given"},
		{&Call{Args: py.Tuple{"i"}, Kwargs: dictOf(t, "value", 2.5, "lock", false)}, "None"},
	} {
		if _, err := ValueType.New(c.call); outcomeOf(nil, err) != c.want {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}
