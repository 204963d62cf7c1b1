package object

import (
	"slices"
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// list is a shared list.
type list struct {
	mu sync.Mutex
	l  py.List
}

// ListType is the typeid list: m.list([iterable]).
var ListType = &Type{
	Name:  "list",
	Proxy: proxy("ListProxy"),
	Exposed: []string{
		"__add__", "__contains__", "__delitem__", "__getitem__", "__len__", "__mul__", "__reversed__", "__rmul__", "__setitem__", "append", "count", "extend", "index", "insert", "pop",
		"remove", "reverse", "sort", "__imul__", "__delslice__", "__getslice__", "__setslice__", "clear", "copy",
	},
	Methods: map[string]Method{
		"__add__":      copying(slotBytes, on((*list).add)),
		"__contains__": on((*list).contains),
		"__delitem__":  on((*list).delItem),
		"__getitem__":  on((*list).getItem),
		"__len__":      on((*list).len),
		"__mul__":      on((*list).mul),
		"__reversed__": copying(slotBytes, on((*list).reversed)),
		"__rmul__":     on((*list).mul),
		"__setitem__":  on((*list).setItem),
		"append":       on((*list).append),
		"count":        on((*list).count),
		"extend":       on((*list).extend),
		"index":        on((*list).index),
		"insert":       on((*list).insert),
		"pop":          on((*list).pop),
		"remove":       on((*list).remove),
		"reverse":      on((*list).reverse),
		"sort":         on((*list).sort),
		"__imul__":     on((*list).imul),
		"__delslice__": on((*list).delSlice2),
		"__getslice__": on((*list).getSlice2),
		"__setslice__": on((*list).setSlice2),
		"clear":        on((*list).clear),
		"copy":         copying(slotBytes, on((*list).copy)),
	},
	New: newList,
}

var (
	listNew      = Builtin("list", "iterable=")
	listAdd      = Slot("__add__", "value")
	listAppend   = Builtin("list.append", "object")
	listClear    = Builtin("list.clear")
	listContains = Slot("__contains__", "key")
	listCopy     = Builtin("list.copy")
	listCount    = Builtin("list.count", "value")
	listDelItem  = Slot("__delitem__", "key")
	listExtend   = Builtin("list.extend", "iterable")
	listGetItem  = Builtin("list.__getitem__", "index")
	listIndex    = Builtin("list.index", "value", "start=", "stop=")
	listInsert   = Builtin("list.insert", "index", "object")
	listLen      = Slot("__len__")
	listMul      = UnpackedSlot("__mul__", "value")
	listPop      = Builtin("list.pop", "index=")
	listRemove   = Builtin("list.remove", "value")
	listReverse  = Builtin("list.reverse")
	listReversed = Builtin("list.__reversed__")
	listSetItem  = UnpackedSlot("__setitem__", "key", "value")
	listSort     = Keywords("list.sort", "*", "key=", "reverse=")
	listSort2    = Keywords("list.sort", "cmp=", "key=", "reverse=")
	getSlice2    = UnpackedSlot("__getslice__", "i", "j")
	setSlice2    = UnpackedSlot("__setslice__", "i", "j", "sequence")
	delSlice2    = UnpackedSlot("__delslice__", "i", "j")
)

func newList(c *Call) (Object, error) {
	var from py.Value = py.Tuple(nil)
	if err := listNew.Parse(c, &from); err != nil {
		return nil, err
	}
	items, err := c.elements(from)
	if err != nil {
		return nil, err
	}
	// The items' slice is that of a value, which may itself be one of the items.
	return &list{l: py.List{Items: slices.Clone(items)}}, nil
}

func (l *list) Type() *Type { return ListType }

func (l *list) Value() (py.Value, error) { return l.snapshot(), nil }

func (l *list) Repr() (string, error) { return py.Repr(l.snapshot()) }

// snapshot is a list of what the list has now.
func (l *list) snapshot() *py.List {
	l.mu.Lock()
	defer l.mu.Unlock()
	return &py.List{Items: slices.Clone(l.l.Items)}
}

func (l *list) append(c *Call) (py.Value, error) {
	var v py.Value
	if err := listAppend.Parse(c, &v); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.l.Append(v)
	return nil, nil
}

func (l *list) extend(c *Call) (py.Value, error) {
	var from py.Value
	if err := listExtend.Parse(c, &from); err != nil {
		return nil, err
	}
	items, err := c.elements(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.l.Items = append(l.l.Items, items...) // those before the error, too
	return nil, err
}

func (l *list) insert(c *Call) (py.Value, error) {
	var at, v py.Value
	if err := listInsert.Parse(c, &at, &v); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, l.l.Insert(at, v)
}

func (l *list) pop(c *Call) (py.Value, error) {
	var at py.Value = int64(-1)
	if err := listPop.Parse(c, &at); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.l.Pop(at)
}

func (l *list) remove(c *Call) (py.Value, error) {
	var v py.Value
	if err := listRemove.Parse(c, &v); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return nil, l.l.Remove(v)
}

func (l *list) clear(c *Call) (py.Value, error) {
	if err := listClear.Parse(c); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.l.Items = nil
	return nil, nil
}

func (l *list) reverse(c *Call) (py.Value, error) {
	if err := listReverse.Parse(c); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.l.Reverse()
	return nil, nil
}

// sort holds the lock all the time, so that nobody sees the list half sorted; Python's list is empty to others meanwhile.
func (l *list) sort(c *Call) (py.Value, error) {
	var cmp, key, reverse py.Value = nil, nil, false
	var err error
	if c.Python2 {
		err = listSort2.Parse(c, &cmp, &key, &reverse)
	} else {
		err = listSort.Parse(c, &key, &reverse)
	}
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range [...]py.Value{cmp, key} {
		if f == nil || len(l.l.Items) == 0 {
			continue
		}
		if !callable(f) {
			return nil, notCallable(f)
		}
		return nil, NeedsPython("list.sort with a function")
	}
	return nil, l.l.Sort(py.Truth(reverse))
}
