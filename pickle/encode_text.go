package pickle

import "github.com/multiproc-go/multiproc/py"

func (e *encoder) text(s string) {
	if len(s) <= 1 {
		e.plainText(s)
		return
	}
	if m, done := e.met(textIdent(kindText, s)); !done {
		e.plainText(s)
		e.keep(m)
	}
}

// plainText writes a str that has no place in the memo.
func (e *encoder) plainText(s string) {
	if e.protocol < 4 {
		e.counted(0, opBinUnicode, 0, s)
	} else {
		e.counted(opShortBinUnicode, opBinUnicode, opBinUnicode8, s)
	}
}

func (e *encoder) bytes(b py.Bytes) {
	if len(b) <= 1 {
		e.plainBytes(string(b))
		return
	}
	if m, done := e.met(textIdent(kindBytes, b)); !done {
		if e.takeBuffer != nil && e.takeBuffer(readOnly(string(b))) {
			e.op(opNextBuffer)
			e.op(opReadonlyBuffer)
		} else {
			e.plainBytes(string(b))
		}
		e.keep(m)
	}
}

// plainBytes writes a bytes object that has no place in the memo.
func (e *encoder) plainBytes(b string) {
	switch e.protocol {
	case 2:
		e.bytes2(b)
	case 3:
		e.counted(opShortBinBytes, opBinBytes, 0, b)
	default:
		e.counted(opShortBinBytes, opBinBytes, opBinBytes8, b)
	}
}

func (e *encoder) str2(s py.Str2) {
	if len(s) <= 1 {
		e.plainStr2(string(s))
		return
	}
	if m, done := e.met(textIdent(kindStr2, s)); !done {
		e.plainStr2(string(s))
		e.keep(m)
	}
}

// plainStr2 writes a str of Python 2 that has no place in the memo: see scanStr2.
func (e *encoder) plainStr2(s string) {
	switch {
	case e.protocol == 2:
		e.counted(opShortBinString, opBinString, 0, s)
	case isASCII(s):
		e.plainText(s)
	default:
		e.plainBytes(s)
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
