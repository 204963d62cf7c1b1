package py

// Cursor is Python's iterator over a dict or set: where All allows any change, it refuses to go on as Python does.
type Cursor struct {
	over     cursorTable // nil at the end
	position int
	step     int
	length   int // of the table, when it began
	left     int // keys that may still come
	moved    int
	rules    cursorRules
}

// cursorTable is a table of either type.
type cursorTable interface {
	len() int
	moved() int
	at(i int) (key, value Value, alive, inside bool)
}

// cursorRules are how Python's types refuse.
type cursorRules struct {
	sizeChanged string // the message
	sticky      bool   // it is repeated for ever; else the end comes after it
	keysChanged string // "" if it is not noticed
	knowsEnd    bool   // nothing is said after the last key
}

var (
	dictRules    = cursorRules{"dictionary changed size during iteration", true, "dictionary keys changed during iteration", false}
	orderedRules = cursorRules{"OrderedDict mutated during iteration", false, "OrderedDict mutated during iteration", true}
	setRules     = cursorRules{"Set changed size during iteration", true, "", false}
)

func newCursor(over cursorTable, rules cursorRules) *Cursor {
	return &Cursor{over: over, step: 1, length: over.len(), left: over.len(), moved: over.moved(), rules: rules}
}

// Cursor is iter(d.items()).
func (d *Dict) Cursor() *Cursor { return newCursor(&d.t, dictRules) }

// Cursor is iter(d.items()).
func (d *OrderedDict) Cursor() *Cursor { return newCursor(&d.t, orderedRules) }

// Backward is reversed(d.items()).
func (d *Dict) Backward() *Cursor { return newCursor(&d.t, dictRules).backward(len(d.t.entries)) }

// Backward is reversed(d.items()).
func (d *OrderedDict) Backward() *Cursor {
	return newCursor(&d.t, orderedRules).backward(len(d.t.entries))
}

func (c *Cursor) backward(n int) *Cursor {
	c.step, c.position = -1, n-1
	return c
}

// Left is how many keys are to come if nothing changes: Python's __length_hint__.
func (c *Cursor) Left() int {
	if c.over == nil || c.over.len() != c.length {
		return 0
	}
	return c.left
}

// Next is the next key and its value, which is None in a set. ok is false at the end, and from then on. Where Python would, it returns a RuntimeError: because the number of keys has
// changed, which it goes on to say, or because there are other keys, after which the end has come.
func (c *Cursor) Next() (key, value Value, ok bool, err error) {
	if c.left == 0 && c.rules.knowsEnd {
		c.over = nil
	}
	if c.over == nil {
		return nil, nil, false, nil
	}
	if c.over.len() != c.length {
		if c.length = -1; !c.rules.sticky {
			c.over = nil
		}
		return nil, nil, false, RuntimeError(c.rules.sizeChanged)
	}
	if c.rules.keysChanged != "" && c.over.moved() != c.moved {
		c.over = nil
		return nil, nil, false, RuntimeError(c.rules.keysChanged)
	}
	for {
		key, value, alive, inside := c.over.at(c.position)
		if !inside {
			c.over = nil
			return nil, nil, false, nil
		}
		c.position += c.step
		if !alive {
			continue
		}
		if c.left == 0 {
			c.over = nil
			if c.rules.keysChanged == "" {
				return nil, nil, false, nil
			}
			return nil, nil, false, RuntimeError(c.rules.keysChanged)
		}
		c.left--
		return key, value, true, nil
	}
}

// at is the entry at a position.
func (t *table[V]) at(i int) (key, value Value, alive, inside bool) {
	if i < 0 || i >= len(t.entries) {
		return nil, nil, false, false
	}
	e := &t.entries[i]
	if isDead(e.key) {
		return nil, nil, false, true
	}
	if value = any(e.value); value == (struct{}{}) {
		value = nil
	}
	return e.key, value, true, true
}
