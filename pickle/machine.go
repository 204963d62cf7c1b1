package pickle

import (
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// machine is what a pickle is a program for: a stack with marks in it, and a memo. It never recurses, whatever the pickle nests.
type machine struct {
	in       input
	config   Config
	registry *Registry

	stack []py.Value
	used  int // slots of the stack that were in use, as far as drop knows
	// marks are the fences that were before the present one, and fence is the place in the stack above which the operations since the last MARK work.
	marks []int
	fence int
	// nested has the depths of the containers on the stack that are not empty, in the order of the stack. What is not in it has nothing in it, or comes from the memo.
	nested   []nesting
	maxDepth int

	memo     memo
	maxMemo  int
	proto    int // as of the last PROTO
	buffers  int // of Config.Buffers that were used
	frameEnd int64
	blank    blank
	// instances are the structs that stand for registered classes.
	instances instances

	memory, memoryLimit int64
	work                int64
	tupleWeights        map[*py.Value]weight // by the first element; see spendKey
	setWeights          map[*py.FrozenSet]weight

	strings interned
	str2s   *interned // made by the first pickle that needs it
	credit  int
	bulk    bulk
}

// nesting is how deep the value at a place in the stack is.
type nesting struct {
	at, depth int
}

const (
	firstSlots = 64
	// keepSlots is the size from which on a stack or memo is not kept for the next pickle.
	keepSlots = 1024
)

var machines = sync.Pool{New: func() any {
	return &machine{
		stack: make([]py.Value, 0, firstSlots),
		marks: make([]int, 0, 16),
		memo:  memo{dense: make([]py.Value, 0, firstSlots)},
	}
}}

func newMachine(c *Config) *machine {
	m := machines.Get().(*machine)
	m.config = *c
	m.registry = c.registry()
	m.maxDepth = c.Limits.depth()
	m.maxMemo = c.Limits.memo()
	m.credit = internCredit
	return m
}

// begin makes the machine ready for a pickle of its input.
func (m *machine) begin() {
	m.in.begin = m.in.base + int64(m.in.pos)
	m.in.limit = m.config.Limits.size()
	m.memoryLimit = m.config.Limits.memory(m.in.known())
}

// release gives the machine back, with nothing in it that belongs to the pickle but short strings: see interned.
func (m *machine) release() {
	if cap(m.stack) > keepSlots {
		m.stack, m.used = make([]py.Value, 0, firstSlots), 0
	}
	clear(m.stack[:max(m.used, len(m.stack))])
	m.stack, m.used = m.stack[:0], 0
	if cap(m.marks) > keepSlots {
		m.marks = nil
	}
	m.marks = m.marks[:0]
	if cap(m.nested) > keepSlots {
		m.nested = nil
	}
	m.nested = m.nested[:0]
	m.memo.reset()
	m.in = input{}
	m.config = Config{}
	m.registry = nil
	m.fence, m.proto, m.buffers = 0, 0, 0
	m.frameEnd = 0
	m.blank = blank{}
	m.instances = instances{}
	m.memory, m.work = 0, 0
	m.tupleWeights, m.setWeights = nil, nil
	m.bulk = bulk{}
	machines.Put(m)
}

// grow makes room on the stack. It is called before each operation, which pushes one value at most.
func (m *machine) grow() error {
	n := 2 * cap(m.stack)
	if err := m.charge(n * costSlot); err != nil {
		return err
	}
	m.stack = append(make([]py.Value, 0, n), m.stack...)
	return nil
}

func (m *machine) push(v py.Value) { m.stack = append(m.stack, v) }

// mark begins a group of values.
func (m *machine) mark() error {
	if len(m.marks) == cap(m.marks) {
		if err := m.charge(2 * 8 * cap(m.marks)); err != nil {
			return err
		}
	}
	m.marks = append(m.marks, m.fence)
	m.fence = len(m.stack)
	return nil
}

// unmark ends the group that the last MARK began, and returns where it begins.
func (m *machine) unmark() (from int, err error) {
	last := len(m.marks) - 1
	if last < 0 {
		return 0, corrupt("there is no MARK before it")
	}
	from, m.fence = m.fence, m.marks[last]
	m.marks = m.marks[:last]
	return from, nil
}

// above makes sure that there are n values on the stack since the last MARK.
func (m *machine) above(n int) error {
	if len(m.stack)-m.fence >= n {
		return nil
	}
	return corrupt("it needs %d values on the stack, and there are %d since the last MARK", n, len(m.stack)-m.fence)
}

// drop takes the values from a place on off the stack. They are cleared when the machine is released.
func (m *machine) drop(from int) {
	m.used = max(m.used, len(m.stack))
	m.stack = m.stack[:from]
}

// nest notes that the values from a place on are now inside of the one at another, and checks how deep that is. It is called before these are dropped.
func (m *machine) nest(from, at int) error {
	n, depth := len(m.nested), 0
	for ; n > 0 && m.nested[n-1].at >= from; n-- {
		depth = max(depth, m.nested[n-1].depth)
	}
	m.nested = m.nested[:n]
	if depth++; depth > m.maxDepth {
		return tooMuch("values are nested more than %d deep", m.maxDepth)
	}
	if n > 0 && m.nested[n-1].at == at {
		m.nested[n-1].depth = max(depth, m.nested[n-1].depth)
		return nil
	}
	m.nested = append(m.nested, nesting{at, depth})
	return nil
}

// unnest forgets the depths of the values from a place on.
func (m *machine) unnest(from int) {
	n := len(m.nested)
	for n > 0 && m.nested[n-1].at >= from {
		n--
	}
	m.nested = m.nested[:n]
}

// put stores the value on top of the stack in the memo.
func (m *machine) put(i int) error {
	if err := m.above(1); err != nil {
		return err
	}
	v := m.stack[len(m.stack)-1]
	if m.blank.object != nil {
		m.blank.put(v, i)
	}
	if m.memo.isNext(i) && v != nil && m.memo.count < m.maxMemo {
		m.memo.dense = append(m.memo.dense, v)
		m.memo.count++
		return nil
	}
	if err := m.charge(m.memo.put(i, v)); err != nil {
		return err
	}
	if m.memo.count > m.maxMemo {
		return tooMuch("the memo has more than %d entries", m.maxMemo)
	}
	return nil
}

// get pushes a value of the memo.
func (m *machine) get(i int) error {
	v, ok := m.memo.get(i)
	if !ok {
		return corrupt("the memo has no entry %d", i)
	}
	if m.blank.object != nil {
		m.blank.seen(v)
	}
	m.push(v)
	return nil
}
