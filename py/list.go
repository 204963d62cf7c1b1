package py

import (
	"cmp"
	"slices"
)

// MaxItems is the length of the longest list that Mul, IMul and Elements make out of something shorter. Python goes on until there is no memory left; here it is a
// MemoryError. Append and the like know no limit.
const MaxItems = 1 << 27

// Append is list.append(v).
func (l *List) Append(v Value) { l.Items = append(l.Items, v) }

// Extend is list.extend(v), of any value that Elements takes.
func (l *List) Extend(v Value) error {
	items, err := Elements(v)
	if err == nil {
		l.Items = append(l.Items, items...)
	}
	return err
}

// Insert is list.insert(at, v): before the item at, at the nearest end if there is none.
func (l *List) Insert(at, v Value) error {
	if _, err := index(at); err != nil {
		return err
	}
	i, _ := bound(at, len(l.Items))
	l.Items = slices.Insert(l.Items, i, v)
	return nil
}

// Pop is list.pop(at), which takes out an item; -1 is the last one.
func (l *List) Pop(at Value) (Value, error) {
	if _, err := index(at); err != nil {
		return nil, err
	}
	if len(l.Items) == 0 {
		return nil, IndexError("pop from empty list")
	}
	i, found, err := subscript(at, len(l.Items), "")
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, IndexError("pop index out of range")
	}
	v := l.Items[i]
	l.Items = slices.Delete(l.Items, i, i+1)
	return v, nil
}

// Remove is list.remove(v): it takes out the first item that equals v, or returns a ValueError.
func (l *List) Remove(v Value) error {
	i, err := find(l.Items, v)
	if err != nil {
		return err
	}
	if i < 0 {
		return ValueError("list.remove(x): x not in list")
	}
	l.Items = slices.Delete(l.Items, i, i+1)
	return nil
}

// Index is list.index(v, start, stop), of which start and stop may be left out: the place of the first item that equals v, or a ValueError.
func (l *List) Index(v Value, bounds ...Value) (int, error) {
	i, err := indexIn(l.Items, v, bounds)
	if i >= 0 || err != nil {
		return i, err
	}
	text, err := Repr(v)
	if err != nil {
		return -1, err
	}
	return -1, ValueError("%s is not in list", text)
}

// Index is tuple.index(v, start, stop), of which start and stop may be left out: the place of the first element that equals v, or a ValueError.
func (t Tuple) Index(v Value, bounds ...Value) (int, error) {
	i, err := indexIn(t, v, bounds)
	if i < 0 && err == nil {
		err = ValueError("tuple.index(x): x not in tuple")
	}
	return i, err
}

// Count is list.count(v): how many items equal v.
func (l *List) Count(v Value) (int, error) { return count(l.Items, v) }

// Count is tuple.count(v): how many elements equal v.
func (t Tuple) Count(v Value) (int, error) { return count(t, v) }

// Contains is v in the list.
func (l *List) Contains(v Value) (bool, error) {
	i, err := find(l.Items, v)
	return i >= 0, err
}

// Contains is v in the tuple.
func (t Tuple) Contains(v Value) (bool, error) {
	i, err := find(t, v)
	return i >= 0, err
}

// is tells whether an item is v, or equals it.
func is(item, v Value) (bool, error) {
	if d, ok := item.(*Decimal); ok && v == Value(d) {
		return true, nil // which a NaN is not equal to
	}
	return Equal(item, v)
}

// find is the place of the first item that equals v, -1 if none does.
func find(items []Value, v Value) (int, error) {
	for i, item := range items {
		equal, err := is(item, v)
		switch {
		case err != nil:
			return -1, err
		case equal:
			return i, nil
		}
	}
	return -1, nil
}

func indexIn(items []Value, v Value, bounds []Value) (int, error) {
	if len(bounds) > 2 {
		return -1, TypeError("index expected at most 3 arguments, got %d", 1+len(bounds))
	}
	ends := [2]int{0, len(items)}
	for i, b := range bounds {
		at, ok := bound(b, len(items))
		if !ok {
			return -1, TypeError("slice indices must be integers or have an __index__ method%s", integerHint(b))
		}
		ends[i] = at
	}
	if ends[0] >= ends[1] {
		return -1, nil
	}
	i, err := find(items[ends[0]:ends[1]], v)
	if i < 0 || err != nil {
		return -1, err
	}
	return ends[0] + i, nil
}

func count(items []Value, v Value) (n int, err error) {
	for _, item := range items {
		equal, err := is(item, v)
		if err != nil {
			return 0, err
		}
		if equal {
			n++
		}
	}
	return n, nil
}

// Reverse is list.reverse().
func (l *List) Reverse() { slices.Reverse(l.Items) }

// Sort is list.sort(reverse=reverse): stable, and an error leaves the list in any order. A TypeError names two items that have no order. Of items whose order is
// none, as with nan or sets, the result is in an order that need not be Python's.
func (l *List) Sort(reverse bool) error {
	if reverse {
		// Equal items keep their order.
		slices.Reverse(l.Items)
		defer slices.Reverse(l.Items)
	}
	var failed error
	order := orderOf(l.Items)
	if order == nil {
		order = func(a, b Value) int {
			if failed != nil {
				return 0
			}
			less, err := Less(a, b)
			if err != nil {
				failed = err
			} else if less {
				return -1
			}
			return 0
		}
	}
	slices.SortStableFunc(l.Items, order)
	return failed
}

// orderOf is how to compare items that are all of one simple type; nil for others.
func orderOf(items []Value) func(a, b Value) int {
	if len(items) == 0 {
		return nil
	}
	switch items[0].(type) {
	case int64:
		return allOf[int64](items)
	case float64:
		return allOf[float64](items)
	case string:
		return allOf[string](items)
	}
	return nil
}

func allOf[T cmp.Ordered](items []Value) func(a, b Value) int {
	for _, v := range items {
		if x, ok := v.(T); !ok || x != x {
			return nil
		}
	}
	return func(a, b Value) int { return cmp.Compare(a.(T), b.(T)) }
}

// Add is l + other, a new list. What is no list is a TypeError.
func (l *List) Add(other Value) (*List, error) {
	o, ok := other.(*List)
	if !ok {
		return nil, TypeError(`can only concatenate list (not "%s") to list`, TypeName(other))
	}
	return &List{slices.Concat(l.Items, o.Items)}, nil
}

// Mul is l * n, a new list.
func (l *List) Mul(n Value) (*List, error) {
	times, err := multiplier(n, len(l.Items))
	if err != nil {
		return nil, err
	}
	return &List{slices.Repeat(l.Items, times)}, nil
}

// IMul is l *= n, which changes the list.
func (l *List) IMul(n Value) error {
	times, err := multiplier(n, len(l.Items))
	if err != nil {
		return err
	}
	if times == 0 {
		clear(l.Items)
		l.Items = l.Items[:0]
		return nil
	}
	l.Items = slices.Grow(l.Items, (times-1)*len(l.Items))
	once := l.Items
	for range times - 1 {
		l.Items = append(l.Items, once...)
	}
	return nil
}

// multiplier is how often a sequence of some length is to be repeated.
func multiplier(n Value, length int) (times int, err error) {
	i, large, ok := intOf(n)
	switch {
	case !ok:
		return 0, TypeError("can't multiply sequence by non-int of type '%s'%s", TypeName(n), integerHint(n))
	case large != nil:
		return 0, OverflowError("cannot fit 'int' into an index-sized integer")
	case i <= 0 || length == 0:
		return 0, nil
	case i > 1 && i > int64(MaxItems/length):
		return 0, MemoryError("a list of %d times %d items would be too long", i, length)
	}
	return int(i), nil
}
