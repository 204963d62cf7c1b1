package object

import (
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// elements is what a for loop over an argument gets. Beyond py.Elements that is what the server knows more of: its own objects by their proxies, whose contents are taken as they are now, iterators
// that were pickled, and instances of the library's classes of containers. No lock may be held. The slice must not be changed.
func elements(v py.Value) ([]py.Value, error) {
	switch v := v.(type) {
	case *Ref:
		return refElements(v)
	case *py.Object:
		return objectElements(v)
	}
	return py.Elements(v)
}

// sequence is a value that py takes for the same elements, or v itself if it is not iterable: whoever gets it has words of his own for that.
func sequence(v py.Value) (py.Value, error) {
	switch v.(type) {
	case *Ref, *py.Object:
		items, err := elements(v)
		if err != nil {
			if py.IsException(err, "TypeError") {
				return v, nil
			}
			return nil, err
		}
		return py.Tuple(items), nil
	}
	return v, nil
}

func refElements(r *Ref) ([]py.Value, error) {
	switch o := r.Node.Object.(type) {
	case *list, *dict, *set, *array:
		v, err := o.Value()
		if err != nil {
			return nil, err
		}
		return py.Elements(v)
	case interface{ rest() ([]py.Value, error) }:
		return o.rest()
	}
	return py.Elements(r) // which has the error
}

func objectElements(o *py.Object) ([]py.Value, error) {
	switch o.ClassName() {
	case "builtins.iter":
		return iteratorElements(o, func(items []py.Value, at int) []py.Value { return items[min(max(at, 0), len(items)):] })
	case "builtins.reversed":
		return iteratorElements(o, func(items []py.Value, at int) []py.Value {
			if o.Built {
				items = items[:min(max(at+1, 0), len(items))]
			}
			items = slices.Clone(items)
			slices.Reverse(items)
			return items
		})
	case "collections.deque":
		var items []py.Value
		if len(o.Args) > 0 {
			first, err := elements(o.Args[0])
			if err != nil {
				return nil, err
			}
			items = first
		}
		return slices.Concat(items, o.Items), nil
	}
	if d := objectMapping(o); d != nil {
		return py.Elements(d)
	}
	if len(o.Items) > 0 {
		return o.Items, nil // an instance of a subclass of list
	}
	return nil, NeedsPython("iterating over an instance of " + py.TypeName(o))
}

// iteratorElements are the elements that are still to come of a pickled iterator over a sequence, whose place is its state.
func iteratorElements(o *py.Object, from func(items []py.Value, at int) []py.Value) ([]py.Value, error) {
	if len(o.Args) != 1 {
		return nil, NeedsPython("iterating over a call of " + o.ClassName())
	}
	items, err := elements(o.Args[0])
	if err != nil {
		return nil, err
	}
	at, _ := o.State.(int64)
	return from(items, int(at)), nil
}

// mapping is a value as a dict if it has keys that Python would ask for: dicts, their proxies, and instances of the library's subclasses. It is nil for others. It must not be changed.
func mapping(v py.Value) *py.Dict {
	switch v := v.(type) {
	case *py.Dict:
		return v
	case *py.OrderedDict:
		return &v.Dict
	case *py.Object:
		return objectMapping(v)
	case *Ref:
		if d, ok := v.Node.Object.(*dict); ok {
			return d.snapshot()
		}
	}
	return nil
}

// objectMapping is an instance of a subclass of dict, nil if it is none.
func objectMapping(o *py.Object) *py.Dict {
	switch o.ClassName() {
	case "collections.Counter":
		if len(o.Args) == 1 {
			d, _ := o.Args[0].(*py.Dict)
			return d
		}
	case "collections.defaultdict":
	default:
		if len(o.Pairs) == 0 {
			return nil
		}
	}
	d := py.NewDictSize(len(o.Pairs))
	for _, p := range o.Pairs {
		if d.Set(p.Key, p.Value) != nil {
			return nil
		}
	}
	return d
}
