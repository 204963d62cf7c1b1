package py

import "slices"

const (
	listIndices  = "list indices must be integers or slices"
	tupleIndices = "tuple indices must be integers or slices"
)

// GetItem is l[at]: an item, or a new List if at is a Slice.
func (l *List) GetItem(at Value) (Value, error) {
	if s, ok := at.(Slice); ok {
		items, err := selected(l.Items, s)
		if err != nil {
			return nil, err
		}
		return &List{items}, nil
	}
	i, found, err := subscript(at, len(l.Items), listIndices)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, IndexError("list index out of range")
	}
	return l.Items[i], nil
}

// GetItem is t[at]: an element, or a new Tuple if at is a Slice.
func (t Tuple) GetItem(at Value) (Value, error) {
	if s, ok := at.(Slice); ok {
		items, err := selected(t, s)
		if err != nil {
			return nil, err
		}
		return Tuple(items), nil
	}
	i, found, err := subscript(at, len(t), tupleIndices)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, IndexError("tuple index out of range")
	}
	return t[i], nil
}

// selected is a copy of what a slice selects.
func selected[T any](items []T, s Slice) ([]T, error) {
	start, _, step, count, err := s.Indices(len(items))
	if err != nil {
		return nil, err
	}
	out := make([]T, count)
	for i := range out {
		out[i] = items[start+i*step]
	}
	return out, nil
}

// SetItem is l[at] = v. If at is a Slice, v is any value that Elements takes, and with a step other than 1 it must have as many elements as the slice selects.
func (l *List) SetItem(at, v Value) error {
	if s, ok := at.(Slice); ok {
		return l.setSlice(s, v)
	}
	i, found, err := subscript(at, len(l.Items), listIndices)
	switch {
	case err != nil:
		return err
	case !found:
		return IndexError("list assignment index out of range")
	}
	l.Items[i] = v
	return nil
}

func (l *List) setSlice(s Slice, v Value) error {
	start, stop, step, count, err := s.Indices(len(l.Items))
	if err != nil {
		return err
	}
	items, err := Elements(v)
	if err != nil {
		if !IsException(err, "TypeError") {
			return err
		}
		if step == 1 {
			return TypeError("can only assign an iterable")
		}
		return TypeError("must assign iterable to extended slice")
	}
	if step != 1 && len(items) != count {
		return ValueError("attempt to assign sequence of size %d to extended slice of size %d", len(items), count)
	}
	if v == Value(l) {
		items = slices.Clone(items)
	}
	if step == 1 {
		l.Items = slices.Replace(l.Items, start, max(start, stop), items...)
		return nil
	}
	for i, v := range items {
		l.Items[start+i*step] = v
	}
	return nil
}

// DelItem is del l[at], of an item or of what a Slice selects.
func (l *List) DelItem(at Value) error {
	if s, ok := at.(Slice); ok {
		return l.deleteSlice(s)
	}
	i, found, err := subscript(at, len(l.Items), listIndices)
	switch {
	case err != nil:
		return err
	case !found:
		return IndexError("list assignment index out of range")
	}
	l.Items = slices.Delete(l.Items, i, i+1)
	return nil
}

func (l *List) deleteSlice(s Slice) error {
	start, _, step, count, err := s.Indices(len(l.Items))
	if err != nil || count == 0 {
		return err
	}
	if step < 0 {
		start += (count - 1) * step
		step = -step
	}
	// What lies between two that go moves down to where the first of them was.
	to := start
	for i := range count {
		from := start + i*step + 1
		end := len(l.Items)
		if i < count-1 {
			end = from + step - 1
		}
		to += copy(l.Items[to:], l.Items[from:end])
	}
	clear(l.Items[to:])
	l.Items = l.Items[:to]
	return nil
}
