package pickle

import (
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// aliasMin is the length from which on Config.Alias has an effect: shorter strings would keep all of the data alive for the sake of little.
const aliasMin = 4 << 10

// text is the opcodes of str: a string in UTF-8, in which surrogates may stand for themselves.
func (m *machine) text(form ArgForm) error {
	n, err := m.in.length(form)
	if err != nil {
		return err
	}
	if n == 0 {
		m.push(emptyText)
		return nil
	}
	b, whole, err := m.take(n)
	if err != nil {
		return err
	}
	if n > internMax || m.credit <= 0 {
		if err := checkText(b); err != nil {
			return err
		}
		s, err := m.keep(b, whole)
		if err != nil {
			return err
		}
		m.push(m.textValue(s))
		return nil
	}
	slot, v := m.strings.find(b)
	if v != nil {
		m.credit = internCredit
		m.push(v)
		return nil
	}
	if err := checkText(b); err != nil {
		return err
	}
	m.credit--
	s := string(b)
	v = s
	m.strings.slots[slot].text, m.strings.slots[slot].value = s, v
	m.push(v)
	return m.charge(n + costString)
}

// str2 is the opcodes of Python 2's str.
func (m *machine) str2(form ArgForm) error {
	n, err := m.in.length(form)
	if err != nil {
		return err
	}
	b, whole, err := m.take(n)
	if err != nil {
		return err
	}
	if n == 0 || n > internMax || m.credit <= 0 {
		s, err := m.keep(b, whole)
		if err != nil {
			return err
		}
		m.push(py.Str2(s))
		return nil
	}
	if m.str2s == nil {
		m.str2s = new(interned)
	}
	slot, v := m.str2s.find(b)
	if v != nil {
		m.credit = internCredit
		m.push(v)
		return nil
	}
	m.credit--
	s := string(b)
	v = py.Str2(s)
	m.str2s.slots[slot].text, m.str2s.slots[slot].value = s, v
	m.push(v)
	return m.charge(n + costString)
}

// bytes is the opcodes of bytes.
func (m *machine) bytes(form ArgForm) error {
	n, err := m.in.length(form)
	if err != nil {
		return err
	}
	b, whole, err := m.take(n)
	if err != nil {
		return err
	}
	s, err := m.keep(b, whole)
	if err != nil {
		return err
	}
	m.push(py.Bytes(s))
	return nil
}

// byteArray is BYTEARRAY8. A bytearray can be changed, so it never shares memory with the data.
func (m *machine) byteArray() error {
	n, err := m.in.length(Counted8)
	if err != nil {
		return err
	}
	b, whole, err := m.take(n)
	if err != nil {
		return err
	}
	if !whole {
		if err := m.charge(n + costList); err != nil {
			return err
		}
		b = append([]byte(nil), b...)
	}
	m.push(&py.ByteArray{B: b})
	return nil
}

// keep makes a string of bytes of the input.
func (m *machine) keep(b []byte, whole bool) (string, error) {
	switch {
	case whole:
		return stringOf(b), nil
	case m.config.Alias && len(b) >= aliasMin && m.in.r == nil:
		return stringOf(b), m.charge(costString)
	}
	if err := m.charge(len(b) + costString); err != nil {
		return "", err
	}
	if m.credit <= 0 && len(b) <= bulkText {
		return m.bulkText(b), nil
	}
	return string(b), nil
}

// nextBuffer is NEXT_BUFFER: the next of Config.Buffers, which the bytearray shares.
func (m *machine) nextBuffer() error {
	if m.buffers >= len(m.config.Buffers) {
		return corrupt("the pickle refers to more than the %d buffers of the Config", len(m.config.Buffers))
	}
	m.push(&py.ByteArray{B: m.config.Buffers[m.buffers]})
	m.buffers++
	return m.charge(costList)
}

// readonlyBuffer is READONLY_BUFFER: it makes bytes of the buffer on top of the stack.
func (m *machine) readonlyBuffer() error {
	if err := m.above(1); err != nil {
		return err
	}
	top := &m.stack[len(m.stack)-1]
	switch b := (*top).(type) {
	case py.Bytes:
		return nil
	case *py.ByteArray:
		if m.config.Alias {
			*top = py.Bytes(stringOf(b.B))
			return nil
		}
		if err := m.charge(len(b.B)); err != nil {
			return err
		}
		*top = py.Bytes(b.B)
		return nil
	}
	return corrupt("a buffer should be on the stack, not %s", describe(*top))
}

// checkText returns an error unless b is UTF-8, in which surrogates are written like all others from U+0800 on.
func checkText(b []byte) error {
	if utf8.Valid(b) {
		return nil
	}
	for i := 0; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		if r, size := utf8.DecodeRune(b[i:]); r != utf8.RuneError || size > 1 {
			i += size
			continue
		}
		if len(b)-i < 3 || b[i] != 0xed || b[i+1]&0xe0 != 0xa0 || b[i+2]&0xc0 != 0x80 {
			return corrupt("the string is not UTF-8: byte %#x at its offset %d", b[i], i)
		}
		i += 3
	}
	return nil
}
