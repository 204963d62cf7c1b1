package pickletext

import (
	"fmt"
	"strconv"
)

// A machine follows what operations do to the stack and the memo, as far as it takes to say which mark or which entry of the memo one of them is about. It doesn't mind what is
// wrong: the decoder does.
type machine struct {
	data  []byte
	marks []markAt
	memo  map[uint64]int // where the operation before an entry was put there is, which has made the object; -1 if there was none
	texts map[int]string // about these, by their places; made once, as there may be a reference to a long argument in every second byte of a pickle
	prev  instruction
}

// about says what has made an entry of the memo.
func (m *machine) about(at int) string {
	if text, ok := m.texts[at]; ok {
		return text
	}
	from, ok := next(m.data, at)
	if !ok {
		return ""
	}
	text := "of " + from.info.Name
	if arg := (Options{Chars: 30}).argument(from); arg != "" {
		text += " " + arg
	}
	text += fmt.Sprintf(" at %d", at)
	m.texts[at] = text
	return text
}

// A markAt is a mark on the stack.
type markAt struct {
	at    int
	above int // values on the stack above it, and below the next
}

// effects are what operations pop and push. Others push one value.
var effects = map[string][2]int{
	"MARK": {0, 0}, "STOP": {1, 0}, "POP": {1, 0}, "PROTO": {0, 0}, "FRAME": {0, 0},
	"PUT": {0, 0}, "BINPUT": {0, 0}, "LONG_BINPUT": {0, 0}, "MEMOIZE": {0, 0},
	"APPEND": {2, 1}, "SETITEM": {3, 1}, "BUILD": {2, 1}, "REDUCE": {2, 1}, "NEWOBJ": {2, 1}, "NEWOBJ_EX": {3, 1}, "STACK_GLOBAL": {2, 1},
	"TUPLE1": {1, 1}, "TUPLE2": {2, 1}, "TUPLE3": {3, 1}, "BINPERSID": {1, 1}, "READONLY_BUFFER": {1, 1},
}

// toMark are the operations that take all values down to a mark, and what they push then.
var toMark = map[string]int{
	"TUPLE": 1, "LIST": 1, "DICT": 1, "FROZENSET": 1, "OBJ": 1, "INST": 1, "POP_MARK": 0, "APPENDS": 0, "SETITEMS": 0, "ADDITEMS": 0,
}

// note does the operation and returns what there is to say about it.
func (m *machine) note(in instruction) string {
	name := in.info.Name
	push, pops := toMark[name]
	switch {
	case pops:
		text := m.unmark()
		m.move(0, push)
		return text
	case name == "MARK":
		m.marks = append(m.marks, markAt{at: in.at})
		return ""
	case name == "POP" && len(m.marks) > 0 && m.marks[len(m.marks)-1].above == 0:
		return m.unmark()
	}
	if effect, ok := effects[name]; ok {
		m.move(effect[0], effect[1])
	} else {
		m.move(0, 1)
	}
	return m.memoNote(in)
}

func (m *machine) unmark() string {
	if len(m.marks) == 0 {
		return ""
	}
	top := m.marks[len(m.marks)-1]
	m.marks = m.marks[:len(m.marks)-1]
	return fmt.Sprintf("from the MARK at %d", top.at)
}

func (m *machine) move(pop, push int) {
	if len(m.marks) > 0 {
		top := &m.marks[len(m.marks)-1]
		top.above = max(top.above-pop, 0) + push
	}
}

// memoNote says which entry of the memo is written, or which one is read and what it has.
func (m *machine) memoNote(in instruction) string {
	switch in.info.Name {
	case "MEMOIZE":
		n := uint64(len(m.memo))
		m.memo[n] = m.made()
		return fmt.Sprintf("as %d", n)
	case "PUT", "BINPUT", "LONG_BINPUT":
		if n, ok := index(in); ok {
			m.memo[n] = m.made()
		}
	case "GET", "BINGET", "LONG_BINGET":
		if n, ok := index(in); ok {
			if at, ok := m.memo[n]; ok && at >= 0 {
				return m.about(at)
			}
		}
	}
	return ""
}

// made is where the operation is that has made the object on top of the stack.
func (m *machine) made() int {
	if m.prev.end == 0 {
		return -1
	}
	return m.prev.at
}

// index is the number of an entry: of PUT and GET it is in decimal.
func index(in instruction) (uint64, bool) {
	if len(in.info.Name) == len("PUT") {
		n, err := strconv.ParseUint(string(in.arg), 10, 64)
		return n, err == nil
	}
	return unsigned(in.arg), true
}
