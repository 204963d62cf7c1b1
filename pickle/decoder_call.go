package pickle

import "github.com/multiproc-go/multiproc/py"

// call is what a pickle's call of a callable gives: a value if the Registry knows the callable and understands the arguments, else an Object that says what was called.
func (m *machine) call(callable py.Value, args py.Tuple) (py.Value, error) {
	if o, ok := callable.(*py.Object); ok && len(args) == 0 {
		if class, args, kwargs, ok := partialNew(o); ok {
			return m.make(class, args, kwargs)
		}
	}
	v, ok, err := m.construct(callable, args, nil, called)
	if ok || err != nil {
		return v, err
	}
	return m.opaque(py.Object{Form: py.Called, Class: callable, Args: args})
}

// partialNew takes apart functools.partial(Class.__new__, Class, *args, **kwargs), by whose call protocols 2 and 3 do what NEWOBJ_EX does. A partial is pickled as one of its function alone, and
// all the rest as its state.
func partialNew(o *py.Object) (class py.Value, args py.Tuple, kwargs *py.Dict, ok bool) {
	state, ok := o.State.(py.Tuple)
	if !ok || o.Class != partialClass || len(state) != 4 || len(o.Later)+len(o.Calls)+len(o.Items)+len(o.Pairs) > 0 || state[3] != nil {
		return nil, nil, nil, false
	}
	function, ok := state[0].(py.Global)
	args, ok2 := state[1].(py.Tuple)
	kwargs, ok3 := state[2].(*py.Dict)
	if !ok || !ok2 || !ok3 || len(args) == 0 || kwargs.Len() == 0 {
		return nil, nil, nil, false
	}
	g, ok := args[0].(py.Global)
	if !ok || function != (py.Global{Module: g.Module, Name: g.Name + ".__new__"}) {
		return nil, nil, nil, false
	}
	return g, args[1:], kwargs, true
}

// make is what a pickle's Class.__new__(Class, *args, **kwargs) gives. kwargs may be nil.
func (m *machine) make(class py.Value, args py.Tuple, kwargs *py.Dict) (py.Value, error) {
	v, ok, err := m.construct(class, args, kwargs, made)
	if ok || err != nil {
		return v, err
	}
	if kwargs != nil {
		return m.opaque(py.Object{Form: py.MadeWith, Class: class, Args: args, Kwargs: kwargs})
	}
	v, err = m.opaque(py.Object{Form: py.Made, Class: class, Args: args})
	if o, ok := v.(*py.Object); ok && len(args) == 0 && class == uuidClass {
		m.blank = blank{object: o}
	}
	return v, err
}

// classic is what INST and OBJ give: in Python 2 an instance of a class of the old kind, and a call of others.
func (m *machine) classic(class py.Value, args py.Tuple) (py.Value, error) {
	v, ok, err := m.construct(class, args, nil, called)
	if ok || err != nil {
		return v, err
	}
	return m.opaque(py.Object{Form: py.Classic, Class: class, Args: args})
}

// opaque is an instance of a class that is not known, or the Go struct that is registered for it.
func (m *machine) opaque(o py.Object) (py.Value, error) {
	if err := m.charge(costObject); err != nil {
		return nil, err
	}
	if m.registry.types.isEmpty() {
		return &o, nil
	}
	return m.instances.start(m.registry, &o), nil
}

// object is the Object that a value is, or that a registered struct stands for; nil for others.
func (m *machine) object(v py.Value) *py.Object {
	if o, ok := v.(*py.Object); ok {
		return o
	}
	if v == nil {
		return nil
	}
	return m.instances.object(v)
}

// construct asks the Registry, and then what every Registry knows. ok is false if the class, or what its arguments mean, is not known.
func (m *machine) construct(class py.Value, args py.Tuple, kwargs *py.Dict, how constructor) (v py.Value, ok bool, err error) {
	g, ok := class.(py.Global)
	if !ok {
		return nil, false, callable(class)
	}
	if e, ok := m.registry.names.get(g); ok {
		if e.construct != nil {
			v, err = e.construct(args, kwargs)
			return v, true, err
		}
		if e.class != nil {
			return nil, false, nil
		}
		if e.exception && kwargs == nil {
			return m.exception(g, args)
		}
	}
	k := known[g]
	if k == nil && kwargs == nil && knownException(g) {
		return m.exception(g, args)
	}
	if k == nil || kwargs != nil || k.calls&how == 0 && len(args) > 0 {
		return nil, false, nil
	}
	return k.construct(m, args)
}

// callable returns an error for values that nothing in Python could make something of when they are called.
func callable(v py.Value) error {
	switch v.(type) {
	case nil, bool, int64, float64, string, py.Bytes, py.Str2, py.Tuple, *py.List, *py.Dict, *py.Set, *py.FrozenSet, *py.ByteArray:
		return corrupt("%s is called or instantiated, which is no class or function", describe(v))
	}
	return nil
}

// arguments is the tuple below the top n of the stack.
func (m *machine) arguments(n int) (py.Tuple, error) {
	v := m.stack[len(m.stack)-n]
	args, ok := v.(py.Tuple)
	if !ok {
		return nil, corrupt("the arguments should be a tuple, not %s", describe(v))
	}
	return args, nil
}

// replace puts a value in the place of the top n of the stack, in which it has them.
func (m *machine) replace(n int, v py.Value) error {
	from := len(m.stack) - n
	if err := m.nest(from, from); err != nil {
		return err
	}
	m.drop(from)
	m.push(v)
	return nil
}

// reduce is REDUCE: a call.
func (m *machine) reduce() error {
	if err := m.above(2); err != nil {
		return err
	}
	args, err := m.arguments(1)
	if err != nil {
		return err
	}
	v, err := m.call(m.stack[len(m.stack)-2], args)
	if err != nil {
		return err
	}
	return m.replace(2, v)
}

func (m *machine) newObj() error {
	if err := m.above(2); err != nil {
		return err
	}
	args, err := m.arguments(1)
	if err != nil {
		return err
	}
	v, err := m.make(m.stack[len(m.stack)-2], args, nil)
	if err != nil {
		return err
	}
	return m.replace(2, v)
}

func (m *machine) newObjEx() error {
	if err := m.above(3); err != nil {
		return err
	}
	args, err := m.arguments(2)
	if err != nil {
		return err
	}
	kwargs, ok := m.stack[len(m.stack)-1].(*py.Dict)
	if !ok {
		return corrupt("the keyword arguments should be a dict, not %s", describe(m.stack[len(m.stack)-1]))
	}
	if kwargs.Len() == 0 {
		kwargs = nil
	}
	v, err := m.make(m.stack[len(m.stack)-3], args, kwargs)
	if err != nil {
		return err
	}
	return m.replace(3, v)
}

// inst is INST: the class by name, the arguments from the last MARK on.
func (m *machine) inst() error {
	class, err := m.globalName()
	if err != nil {
		return err
	}
	from, err := m.unmark()
	if err != nil {
		return err
	}
	return m.instance(class, from, from)
}

// obj is OBJ: the class, and then the arguments from the last MARK on.
func (m *machine) obj() error {
	from, err := m.unmark()
	if err != nil {
		return err
	}
	if from == len(m.stack) {
		return corrupt("there is no class after the MARK")
	}
	return m.instance(m.stack[from], from+1, from)
}

// instance makes an instance with the arguments that begin at a place of the stack, and puts it to another.
func (m *machine) instance(class py.Value, args, at int) error {
	n := len(m.stack) - args
	if err := m.charge(n * costSlot); err != nil {
		return err
	}
	v, err := m.classic(class, append(py.Tuple{}, m.stack[args:]...))
	if err != nil {
		return err
	}
	return m.replace(len(m.stack)-at, v)
}

// extension is EXT1, EXT2 and EXT4: a global by its code.
func (m *machine) extension(op Op) error {
	var code int
	var err error
	switch op {
	case opExt1:
		code, err = m.in.uint8()
	case opExt2:
		code, err = m.in.uint16()
	default:
		var n uint32
		n, err = m.in.uint32()
		code = int(int32(n))
	}
	switch {
	case err != nil:
		return err
	case code <= 0:
		return corrupt("the code of an extension should be 1 or more, not %d", code)
	}
	if g, ok := m.registry.extensions.get(code); ok {
		m.push(m.global(g))
		return m.charge(costSmall)
	}
	v, err := m.opaque(py.Object{Form: py.Extension, Args: py.Tuple{int64(code)}})
	m.push(v)
	return err
}
