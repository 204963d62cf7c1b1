package pickle

import "github.com/multiproc-go/multiproc/py"

// build is BUILD: it gives a state to the object below it.
func (m *machine) build() error {
	if err := m.above(2); err != nil {
		return err
	}
	n := len(m.stack)
	state := m.stack[n-1]
	if err := m.nest(n-1, n-2); err != nil {
		return err
	}
	switch o := m.stack[n-2].(type) {
	case *py.Object:
		if done, err := m.finish(o, state); err != nil {
			return err
		} else if !done {
			if err := m.setState(o, state); err != nil {
				return err
			}
		}
	case *py.Exception:
		merged, err := m.merge(o.State, state)
		if err != nil {
			return err
		}
		o.State = merged
	case *py.OrderedDict:
		merged, err := m.merge(o.State, state)
		if err != nil {
			return err
		}
		o.State = merged
	case StateSetter:
		if err := o.SetState(state); err != nil {
			return err
		}
	default:
		if instance := m.object(o); instance != nil {
			if err := m.setState(instance, state); err != nil {
				return err
			}
		} else if state != nil {
			// Python ignores a state of None where nobody asks for it. There is no place for another, and what it says must not get lost.
			return corrupt("%s has no attributes that a state could set", describe(o))
		}
	}
	m.drop(n - 1)
	return nil
}

// setState adds a state to an object that keeps all that was done with it.
func (m *machine) setState(o *py.Object, state py.Value) error {
	if !o.Built {
		o.Built, o.State = true, state
		return nil
	}
	o.Later = append(o.Later, state)
	return m.charge(2 * costSlot)
}

// callOf is POP of a call's result, if the object below was its first argument: then it is a function that has set the object's state, the sixth part of what __reduce__ gives.
func (m *machine) callOf() (bool, error) {
	n := len(m.stack)
	call, ok := m.stack[n-1].(*py.Object)
	if !ok || call.Form != py.Called || len(call.Args) == 0 || n < 2 || n-1 == m.fence {
		return false, nil
	}
	below, ok := m.stack[n-2].(*py.Object)
	if first, _ := call.Args[0].(*py.Object); !ok || first != below || call == below {
		return false, nil
	}
	if err := m.nest(n-1, n-2); err != nil {
		return false, err
	}
	below.Calls = append(below.Calls, py.Call{Func: call.Class, Args: call.Args[1:]})
	m.drop(n - 1)
	return true, m.charge(4 * costSlot)
}

// merge is the attributes of an instance of a known class, after another state was given to it. A dict that belongs to the pickle is not changed, as others may refer to it.
func (m *machine) merge(old, state py.Value) (py.Value, error) {
	switch {
	case state == nil:
		return old, nil
	case old == nil:
		return state, nil
	}
	a, ok := old.(*py.Dict)
	b, ok2 := state.(*py.Dict)
	if !ok || !ok2 {
		return nil, unsupported("a second state can be given only if both are dicts, not %s and %s", describe(old), describe(state))
	}
	if err := m.charge(costDict + (a.Len()+b.Len())*costEntry); err != nil {
		return nil, err
	}
	sum := py.NewDict()
	for _, d := range [...]*py.Dict{a, b} {
		for k, v := range d.All() {
			if err := m.spendKey(k); err != nil {
				return nil, err
			}
			if err := sum.Restore(k, v); err != nil {
				return nil, err
			}
		}
	}
	return sum, nil
}

// blank is an instance that becomes a value of its own only when it is given its state: a UUID. Until then it is an Object, and stays one if the pickle
// refers to it before that; the memo's entries of it are the one exception, as Python makes them right away.
type blank struct {
	object *py.Object
	memo   []int
}

// put notes that an object is the memo's entry i.
func (b *blank) put(v py.Value, i int) {
	if o, ok := v.(*py.Object); ok && o == b.object {
		b.memo = append(b.memo, i)
	}
}

// seen notes that the pickle uses a value for a second time.
func (b *blank) seen(v py.Value) {
	if o, ok := v.(*py.Object); ok && o == b.object {
		*b = blank{}
	}
}

// finish makes a value of the blank on the stack, if this is one and its state says all that is needed.
func (m *machine) finish(o *py.Object, state py.Value) (bool, error) {
	if o != m.blank.object {
		return false, nil
	}
	v, ok := uuidFromState(state)
	if !ok || o.Built {
		m.blank = blank{}
		return false, nil
	}
	m.stack[len(m.stack)-2] = v
	for _, i := range m.blank.memo {
		if now, _ := m.memo.get(i); now == py.Value(o) { // and nothing else by now
			m.memo.put(i, v)
		}
	}
	m.blank = blank{}
	return true, m.charge(costSmall)
}
