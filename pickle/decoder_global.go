package pickle

import "github.com/multiproc-go/multiproc/py"

// globalLines is GLOBAL.
func (m *machine) globalLines() error {
	g, err := m.globalName()
	if err != nil {
		return err
	}
	m.push(g)
	return nil
}

// globalName reads the module and the name of a global, each up to a newline.
func (m *machine) globalName() (py.Value, error) {
	module, name, err := m.in.lines()
	if err != nil {
		return nil, err
	}
	if err := checkText(module); err != nil {
		return nil, err
	}
	if err := checkText(name); err != nil {
		return nil, err
	}
	if err := m.charge(len(module) + len(name) + 2*costString + costSmall); err != nil {
		return nil, err
	}
	return m.named(m.name(module), m.name(name)), nil
}

// name is a string that often comes again.
func (m *machine) name(b []byte) string {
	if len(b) == 0 || len(b) > internMax {
		return string(b)
	}
	slot, v := m.strings.find(b)
	if v == nil {
		s := string(b)
		m.strings.slots[slot].text, m.strings.slots[slot].value = s, s
		return s
	}
	return m.strings.slots[slot].text
}

// stackGlobal is STACK_GLOBAL.
func (m *machine) stackGlobal() error {
	if err := m.above(2); err != nil {
		return err
	}
	n := len(m.stack)
	module, ok := m.stack[n-2].(string)
	name, ok2 := m.stack[n-1].(string)
	if !ok || !ok2 {
		return corrupt("the module and the name of a global should be str, not %s and %s", describe(m.stack[n-2]), describe(m.stack[n-1]))
	}
	m.stack[n-2] = m.named(module, name)
	m.drop(n - 1)
	return m.charge(costSmall)
}

// named is the value of a global, with the names that Python 3 has for what protocols 0 to 2 call by those of Python 2.
func (m *machine) named(module, name string) py.Value {
	if m.proto < 3 {
		module, name = name2to3(module, name)
	}
	return m.global(py.Global{Module: module, Name: name})
}

// global is the value of a global: itself, unless it is the name of a singleton.
func (m *machine) global(g py.Global) py.Value {
	if k := known[g]; k != nil && k.value != nil {
		return k.value
	}
	return g
}

// persIDLine is PERSID; binPersID is BINPERSID.
func (m *machine) persIDLine() error {
	b, err := m.in.line()
	if err != nil {
		return err
	}
	for _, c := range b {
		if c >= 0x80 {
			return corrupt("a persistent ID of protocol 0 should be ASCII")
		}
	}
	if err := m.charge(len(b) + costString); err != nil {
		return err
	}
	v, err := m.persistent(string(b))
	if err != nil {
		return err
	}
	m.push(v)
	return nil
}

func (m *machine) binPersID() error {
	if err := m.above(1); err != nil {
		return err
	}
	v, err := m.persistent(m.stack[len(m.stack)-1])
	if err != nil {
		return err
	}
	return m.replace(1, v)
}

func (m *machine) persistent(id py.Value) (py.Value, error) {
	if m.config.PersistentLoad != nil {
		return m.config.PersistentLoad(id)
	}
	return &py.Persistent{ID: id}, m.charge(costList)
}
