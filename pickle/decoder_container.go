package pickle

import (
	"slices"

	"github.com/multiproc-go/multiproc/py"
)

// Values that need no memory when they come.
var (
	emptyTuple py.Value = py.Tuple{}
	emptyText  py.Value = ""
)

// shortTuple is TUPLE1 to TUPLE3.
func (m *machine) shortTuple(n int) error {
	if err := m.above(n); err != nil {
		return err
	}
	return m.tupleFrom(len(m.stack) - n)
}

func (m *machine) tuple() error {
	from, err := m.unmark()
	if err != nil {
		return err
	}
	if from == len(m.stack) {
		m.push(emptyTuple)
		return nil
	}
	return m.tupleFrom(from)
}

func (m *machine) tupleFrom(from int) error {
	n := len(m.stack) - from
	if err := m.charge(n*costSlot + costSmall); err != nil {
		return err
	}
	if err := m.nest(from, from); err != nil {
		return err
	}
	t := newTupleValue(m.stack[from:])
	m.drop(from)
	m.push(t)
	return nil
}

// newTupleValue is a tuple of the items. The header of a short one is allocated together with its items.
func newTupleValue(items []py.Value) py.Value {
	switch len(items) {
	case 1:
		t := new(struct {
			header py.Tuple
			items  [1]py.Value
		})
		t.items[0] = items[0]
		t.header = t.items[:]
		return tupleAt(&t.header)
	case 2:
		t := new(struct {
			header py.Tuple
			items  [2]py.Value
		})
		t.items = [2]py.Value(items)
		t.header = t.items[:]
		return tupleAt(&t.header)
	case 3:
		t := new(struct {
			header py.Tuple
			items  [3]py.Value
		})
		t.items = [3]py.Value(items)
		t.header = t.items[:]
		return tupleAt(&t.header)
	case 4:
		t := new(struct {
			header py.Tuple
			items  [4]py.Value
		})
		t.items = [4]py.Value(items)
		t.header = t.items[:]
		return tupleAt(&t.header)
	}
	t := make(py.Tuple, len(items)) // append would make room for more
	copy(t, items)
	return t
}

// list is LIST.
func (m *machine) list() error {
	from, err := m.unmark()
	if err != nil {
		return err
	}
	n := len(m.stack) - from
	if err := m.charge(n*costSlot + costList); err != nil {
		return err
	}
	l := new(py.List)
	if n > 0 {
		if err := m.nest(from, from); err != nil {
			return err
		}
		l.Items = slices.Clone(m.stack[from:])
		m.drop(from)
	}
	m.push(l)
	return nil
}

// dict is DICT.
func (m *machine) dict() error {
	from, err := m.unmark()
	if err != nil {
		return err
	}
	if err := m.charge(costDict); err != nil {
		return err
	}
	d := py.NewDict()
	if err := m.fillDict(d, m.stack[from:]); err != nil {
		return err
	}
	if from < len(m.stack) {
		if err := m.nest(from, from); err != nil {
			return err
		}
		m.drop(from)
	}
	m.push(d)
	return nil
}

func (m *machine) emptySet() error {
	m.push(&py.Set{})
	return m.charge(costDict)
}

func (m *machine) frozenSet() error {
	from, err := m.unmark()
	if err != nil {
		return err
	}
	items := m.stack[from:]
	if err := m.chargeKeys(items, 1); err != nil {
		return err
	}
	s, err := setOf(items)
	if err != nil {
		return err
	}
	if len(items) > 0 {
		if err := m.nest(from, from); err != nil {
			return err
		}
		m.drop(from)
	}
	m.push(s.Freeze())
	return m.charge(costDict)
}

func setOf(items []py.Value) (*py.Set, error) {
	s := py.NewSetSize(len(items))
	for _, item := range items {
		if err := s.Restore(item); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// under returns the object that the values from a place on are for: the one below them. It is nil if there are none of them.
func (m *machine) under(from int) (object py.Value, err error) {
	switch {
	case from <= m.fence:
		return nil, corrupt("there is nothing on the stack that could take what it gives")
	case from == len(m.stack):
		return nil, nil
	}
	return m.stack[from-1], m.nest(from, from-1)
}

// appends is APPEND and APPENDS of the values from a place on.
func (m *machine) appends(from int) error {
	object, err := m.under(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	if len(items) == 0 {
		return nil
	}
	if err := m.charge(2 * len(items) * costSlot); err != nil {
		return err
	}
	switch o := object.(type) {
	case *py.List:
		o.Items = extend(o.Items, items)
	case ItemAppender:
		if err := o.AppendItems(items); err != nil {
			return err
		}
	default:
		instance := m.object(object)
		if instance == nil {
			return corrupt("nothing can be appended to %s", describe(object))
		}
		if instance.Added && len(instance.Items) > 0 {
			return unsupported("items are appended to an object that others were added to")
		}
		instance.Items = extend(instance.Items, items)
	}
	m.drop(from)
	return nil
}

// extend appends the items. Its lists grow by doubling, as they come in batches and may have many: Go's own growth would copy a long one four times.
func extend(list, items []py.Value) []py.Value {
	if n := len(list) + len(items); n > cap(list) {
		list = slices.Grow(list, max(n, 2*cap(list))-len(list))
	}
	return append(list, items...)
}

// addItems is ADDITEMS of the values from a place on.
func (m *machine) addItems(from int) error {
	object, err := m.under(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	if len(items) == 0 {
		return nil
	}
	switch o := object.(type) {
	case *py.Set:
		if err := m.chargeKeys(items, 1); err != nil {
			return err
		}
		o.Reserve(len(items))
		for _, item := range items {
			if err := o.Restore(item); err != nil {
				return err
			}
		}
	case ItemAppender:
		if err := o.AppendItems(items); err != nil {
			return err
		}
	default:
		instance := m.object(object)
		if instance == nil {
			return corrupt("nothing can be added to %s", describe(object))
		}
		if !instance.Added && len(instance.Items) > 0 {
			return unsupported("items are added to an object that others were appended to")
		}
		if err := m.charge(2 * len(items) * costSlot); err != nil {
			return err
		}
		instance.Items, instance.Added = extend(instance.Items, items), true
	}
	m.drop(from)
	return nil
}

// setItems is SETITEM and SETITEMS of the keys and values from a place on.
func (m *machine) setItems(from int) error {
	object, err := m.under(from)
	if err != nil {
		return err
	}
	items := m.stack[from:]
	if len(items) == 0 {
		return nil
	}
	switch o := object.(type) {
	case *py.Dict:
		err = m.fillDict(o, items)
	case *py.OrderedDict:
		err = m.fillDict(&o.Dict, items)
	default:
		err = m.setOther(object, items)
	}
	if err != nil {
		return err
	}
	m.drop(from)
	return nil
}

func (m *machine) fillDict(d *py.Dict, items []py.Value) error {
	if err := m.chargeKeys(items, 2); err != nil {
		return err
	}
	d.Reserve(len(items) / 2)
	for i := 0; i < len(items); i += 2 {
		if err := d.Restore(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// setOther sets items of what is no dict.
func (m *machine) setOther(object py.Value, items []py.Value) error {
	if err := even(items); err != nil {
		return err
	}
	if err := m.spendItems(object, items); err != nil {
		return err
	}
	if o, ok := object.(ItemSetter); ok {
		for i := 0; i < len(items); i += 2 {
			if err := o.SetItem(items[i], items[i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	instance := m.object(object)
	if instance == nil {
		return corrupt("items can't be set in %s", describe(object))
	}
	for i := 0; i < len(items); i += 2 {
		instance.Pairs = append(instance.Pairs, py.Pair{Key: items[i], Value: items[i+1]})
	}
	return m.charge(2 * len(items) * costSlot)
}

// spendItems counts what setting items of a list or an array costs. One by one they take the place of others; with a slice a list could be put into itself, and so be doubled by
// each operation.
func (m *machine) spendItems(object py.Value, items []py.Value) error {
	switch object.(type) {
	case *py.List, *py.Array:
	default:
		return nil
	}
	for i := 0; i < len(items); i += 2 {
		if _, ok := items[i].(py.Slice); ok {
			return unsupported("a slice of %s is set, which no pickler writes", describe(object))
		}
		if err := m.spendFloat(items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func even(items []py.Value) error {
	if len(items)%2 != 0 {
		return corrupt("keys and values should alternate, and there are %d in all", len(items))
	}
	return nil
}

// chargeKeys charges for entries of a dict (every second of the items is a key) or a set (all are).
func (m *machine) chargeKeys(items []py.Value, stride int) error {
	if stride == 2 {
		if err := even(items); err != nil {
			return err
		}
	}
	if err := m.charge(len(items) / stride * costEntry); err != nil {
		return err
	}
	for i := 0; i < len(items); i += stride {
		if err := m.spendKey(items[i]); err != nil {
			return err
		}
	}
	return nil
}
