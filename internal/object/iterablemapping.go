package object

import "github.com/multiproc-go/multiproc/py"

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

// objectMapping is an instance of a subclass of dict, nil if it is none.
func (w *walk) objectMapping(o *py.Object) (*py.Dict, error) {
	switch o.ClassName() {
	case "collections.Counter":
		if len(o.Args) == 1 {
			d, _ := o.Args[0].(*py.Dict)
			return d, nil
		}
	case "collections.defaultdict":
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
		if err := w.step(hashCost(p.Key, maxHashCost)); err != nil {
			return nil, err
		}
		if err := d.Set(p.Key, p.Value); err != nil {
			return nil, err
		}
	}
	return d, nil
}
