package object

import (
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// dict is a shared dict.
type dict struct {
	mu sync.Mutex
	d  py.Dict
}

// DictType is the typeid dict: m.dict([mapping or pairs], **kw).
var DictType = &Type{
	Name:  "dict",
	Proxy: proxy("DictProxy"),
	Exposed: []string{
		"__contains__", "__delitem__", "__getitem__", "__iter__", "__len__", "__setitem__", "clear", "copy", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values",
		"has_key", "__ior__", "__or__", "__ror__", "__reversed__", "fromkeys",
	},
	Methods: map[string]Method{
		"__contains__": on((*dict).contains),
		"__delitem__":  on((*dict).delItem),
		"__getitem__":  on((*dict).getItem),
		"__iter__":     on((*dict).iter),
		"__len__":      on((*dict).len),
		"__setitem__":  on((*dict).setItem),
		"clear":        on((*dict).clear),
		"copy":         copying(pairBytes, on((*dict).copy)),
		"get":          on((*dict).get),
		"items":        copying(pairBytes, on((*dict).items)),
		"keys":         copying(pairBytes, on((*dict).keys)),
		"pop":          on((*dict).pop),
		"popitem":      on((*dict).popItem),
		"setdefault":   on((*dict).setDefault),
		"update":       on((*dict).update),
		"values":       copying(pairBytes, on((*dict).values)),
		"has_key":      on((*dict).hasKey),
		"__ior__":      copying(pairBytes, on((*dict).ior)),
		"__or__":       copying(pairBytes, on((*dict).or)),
		"__ror__":      copying(pairBytes, on((*dict).ror)),
		"__reversed__": copying(pairBytes, on((*dict).reversed)),
		"fromkeys":     on((*dict).fromKeys),
	},
	Results: map[string]*Type{"__iter__": IteratorType},
	New:     newDict,
}

var (
	dictNew        = Builtin("dict", "iterable=")
	dictClear      = Builtin("dict.clear")
	dictContains   = Builtin("dict.__contains__", "key")
	dictCopy       = Builtin("dict.copy")
	dictDelItem    = Slot("__delitem__", "key")
	dictFromKeys   = Builtin("dict.fromkeys", "iterable", "value=")
	dictGet        = Builtin("dict.get", "key", "default=")
	dictGetItem    = Builtin("dict.__getitem__", "key")
	dictHasKey     = Builtin("dict.has_key", "key")
	dictItems      = Builtin("dict.items")
	dictIter       = Slot("__iter__")
	dictIor        = Slot("__ior__", "value")
	dictKeys       = Builtin("dict.keys")
	dictLen        = Slot("__len__")
	dictOr         = Slot("__or__", "value")
	dictPop        = Builtin("dict.pop", "key", "default=")
	dictPopItem    = Builtin("dict.popitem")
	dictReversed   = Builtin("dict.__reversed__")
	dictSetDefault = Builtin("dict.setdefault", "key", "default=")
	dictSetItem    = UnpackedSlot("__setitem__", "key", "value")
	dictUpdate     = Builtin("dict.update", "iterable=")
	dictValues     = Builtin("dict.values")
)

func newDict(c *Call) (Object, error) {
	d := &dict{}
	if err := d.fill(c, dictNew); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *dict) Type() *Type { return DictType }

func (d *dict) Value() (py.Value, error) { return d.snapshot(), nil }

func (d *dict) Repr() (string, error) { return py.Repr(d.snapshot()) }

// snapshot is a dict of what the dict has now.
func (d *dict) snapshot() *py.Dict {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.d.Copy()
}

func (d *dict) setItem(c *Call) (py.Value, error) {
	var key, v py.Value
	if err := dictSetItem.Parse(c, &key, &v); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return nil, d.d.Set(key, v)
}

func (d *dict) delItem(c *Call) (py.Value, error) {
	var key py.Value
	if err := dictDelItem.Parse(c, &key); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, found, err := d.d.Delete(key)
	if err == nil && !found {
		err = py.KeyError(key)
	}
	return nil, err
}

func (d *dict) clear(c *Call) (py.Value, error) {
	if err := dictClear.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.d.Clear()
	return nil, nil
}

func (d *dict) pop(c *Call) (py.Value, error) {
	var key, otherwise py.Value
	if err := dictPop.Parse(c, &key, &otherwise); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.d.Len() > 0 { // else Python does not even ask whether it can be a key
		v, found, err := d.d.Delete(key)
		if found || err != nil {
			return v, err
		}
	}
	if len(c.Args) > 1 {
		return otherwise, nil
	}
	return nil, py.KeyError(key)
}

func (d *dict) popItem(c *Call) (py.Value, error) {
	if err := dictPopItem.Parse(c); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key, v, ok := d.d.PopLast()
	if !ok {
		return nil, keyErrorText(c, "popitem(): dictionary is empty")
	}
	return py.Tuple{key, v}, nil
}

func (d *dict) setDefault(c *Call) (py.Value, error) {
	var key, v py.Value
	if err := dictSetDefault.Parse(c, &key, &v); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, found, err := d.d.Get(key); found || err != nil {
		return old, err
	}
	return result(v, d.d.Set(key, v))
}
