package object

import (
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// mapping is a value as a dict if it has keys that Python would ask for: dicts, their proxies, and instances of the library's subclasses. It is nil for others. It must not be changed.
func (w *walk) mapping(v py.Value) (*py.Dict, error) {
	switch v := v.(type) {
	case *py.Dict:
		return v, nil
	case *py.OrderedDict:
		return &v.Dict, nil
	case *py.Object:
		return w.objectMapping(v)
	case *Ref:
		if d, ok := v.Node.Object.(*dict); ok {
			if err := w.spend(count(d), pairBytes); err != nil {
				return nil, err
			}
			return d.snapshot(), nil
		}
	}
	return nil, nil
}

// objectMapping is an instance of a subclass of dict, or a container of dicts, nil if it is none.
func (w *walk) objectMapping(o *py.Object) (*py.Dict, error) {
	defer func() { w.depth-- }() // a client's hand may have put it into itself
	if err := w.deeper(); err != nil {
		return nil, err
	}
	switch o.ClassName() {
	case "collections.Counter":
		if len(o.Args) == 1 {
			d, _ := o.Args[0].(*py.Dict)
			return d, nil
		}
	case "collections.defaultdict":
	case "collections.UserDict":
		data, _ := o.Attr("data")
		return w.mapping(data)
	case "collections.ChainMap":
		return w.chainMap(o)
	default:
		base, _ := baseValue(o)
		if d, ok := base.(*py.Dict); ok && len(o.Pairs) == 0 {
			return d, nil
		}
		if len(o.Pairs) == 0 {
			return nil, nil
		}
	}
	if err := w.spend(int64(len(o.Pairs)), pairBytes); err != nil {
		return nil, err
	}
	d := py.NewDictSize(len(o.Pairs))
	for _, p := range o.Pairs {
		if err := d.Set(p.Key, p.Value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// chainMap is a dict of all the mappings of a ChainMap. Keys stand in the order in which they come, from the last mapping on, and the values are those of the first.
func (w *walk) chainMap(o *py.Object) (*py.Dict, error) {
	maps, _ := o.Attr("maps")
	list, ok := maps.(*py.List)
	if !ok {
		return nil, nil
	}
	out := py.NewDict()
	for _, v := range slices.Backward(list.Items) {
		d, err := w.mapping(v)
		if d == nil || err != nil {
			return nil, err
		}
		if err := w.spend(int64(d.Len())+1, pairBytes); err != nil {
			return nil, err
		}
		if err := merge(out, d); err != nil {
			return nil, err
		}
	}
	return out, nil
}
