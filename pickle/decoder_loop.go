package pickle

import (
	"encoding/binary"
	"math"

	"github.com/multiproc-go/multiproc/py"
)

// run executes the pickle up to its STOP.
func (m *machine) run() (py.Value, error) {
	in := &m.in
	for {
		in.start = in.pos
		if in.pos >= len(in.data) {
			if err := in.fill(1); err != nil {
				return nil, m.failed(0, err)
			}
		}
		if len(m.stack) == cap(m.stack) {
			if err := m.grow(); err != nil {
				return nil, m.failed(0, err)
			}
		}
		op := Op(in.data[in.pos])
		in.pos++
		if op == opStop {
			v, err := m.stop()
			if err != nil {
				return nil, m.failed(op, err)
			}
			return v, nil
		}
		if err := m.step(op); err != nil {
			return nil, m.failed(op, err)
		}
	}
}

// failed says where.
func (m *machine) failed(op Op, err error) error {
	if f, ok := err.(*fault); ok && m.in.offset() == m.in.begin && op != 0 && op != opProto && (f.kind == ErrCorrupt || f.kind == ErrTruncated) {
		// Text, or a file of another kind. A pickle that was damaged or cut off has mostly at least its PROTO.
		err = &fault{f.kind, f.text + " (is this a pickle?)"}
	}
	return &DecodeError{Offset: m.in.offset(), Op: op, Err: err}
}

// stop takes the result off the stack. What is below it is dropped, as Python does.
func (m *machine) stop() (py.Value, error) {
	if err := m.above(1); err != nil {
		return nil, err
	}
	if more := m.frameEnd - m.in.base - int64(m.in.pos); more > int64(m.in.left()) {
		return nil, truncated("the last FRAME should go on for another %d bytes", more)
	} else if more > 0 {
		return nil, corrupt("the last FRAME goes on for another %d bytes", more)
	}
	if err := m.in.within(0); err != nil {
		return nil, err
	}
	if err := m.instances.finish(m.config); err != nil {
		return nil, err
	}
	return m.stack[len(m.stack)-1], nil
}

// step executes one operation other than STOP.
func (m *machine) step(op Op) error {
	in := &m.in
	switch op {
	case opMark:
		return m.mark()
	case opPop:
		return m.popOp()
	case opPopMark:
		from, err := m.unmark()
		if err != nil {
			return err
		}
		m.unnest(from)
		m.drop(from)
	case opDup:
		return m.dup()
	case opProto:
		return m.protoOp()
	case opFrame:
		return m.frame()

	// Values without an argument.
	case opNone:
		m.push(nil)
	case opNewTrue:
		m.push(true)
	case opNewFalse:
		m.push(false)
	case opEmptyTuple:
		m.push(emptyTuple)
	case opEmptyList:
		m.push(new(py.List))
		return m.charge(costList)
	case opEmptyDict:
		m.push(py.NewDict())
		return m.charge(costDict)
	case opEmptySet:
		return m.emptySet()

	// Numbers.
	case opBinInt1:
		if err := in.need(1); err != nil {
			return err
		}
		m.push(smallInts[int(in.data[in.pos])-minSmall])
		in.pos++
	case opBinInt2:
		if err := in.need(2); err != nil {
			return err
		}
		m.push(m.int(int64(binary.LittleEndian.Uint16(in.data[in.pos:]))))
		in.pos += 2
	case opBinInt:
		if err := in.need(4); err != nil {
			return err
		}
		m.push(m.int(int64(int32(binary.LittleEndian.Uint32(in.data[in.pos:])))))
		in.pos += 4
	case opBinFloat:
		return m.floats()
	case opLong1:
		return m.long(Counted1)
	case opLong4:
		return m.long(Counted4Int)
	case opInt:
		return m.intLine()
	case opLong:
		return m.longLine()
	case opFloat:
		return m.floatLine()

	// Text and bytes.
	case opShortBinUnicode:
		return m.text(Counted1)
	case opBinUnicode:
		return m.text(Counted4)
	case opBinUnicode8:
		return m.text(Counted8)
	case opShortBinBytes:
		return m.bytes(Counted1)
	case opBinBytes:
		return m.bytes(Counted4)
	case opBinBytes8:
		return m.bytes(Counted8)
	case opByteArray8:
		return m.byteArray()
	case opShortBinString:
		return m.str2(Counted1)
	case opBinString:
		return m.str2(Counted4Int)
	case opString:
		return m.stringLine()
	case opUnicode:
		return m.unicodeLine()
	case opNextBuffer:
		return m.nextBuffer()
	case opReadonlyBuffer:
		return m.readonlyBuffer()

	// Containers.
	case opTuple1:
		return m.shortTuple(1)
	case opTuple2:
		return m.shortTuple(2)
	case opTuple3:
		return m.shortTuple(3)
	case opTuple:
		return m.tuple()
	case opList:
		return m.list()
	case opDict:
		return m.dict()
	case opFrozenSet:
		return m.frozenSet()
	case opAppend:
		if err := m.above(1); err != nil {
			return err
		}
		return m.appends(len(m.stack) - 1)
	case opAppends:
		from, err := m.unmark()
		if err != nil {
			return err
		}
		return m.appends(from)
	case opSetItem:
		if err := m.above(2); err != nil {
			return err
		}
		return m.setItems(len(m.stack) - 2)
	case opSetItems:
		from, err := m.unmark()
		if err != nil {
			return err
		}
		return m.setItems(from)
	case opAddItems:
		from, err := m.unmark()
		if err != nil {
			return err
		}
		return m.addItems(from)

	// The memo.
	case opMemoize:
		return m.put(m.memo.count)
	case opBinPut:
		i, err := in.uint8()
		if err != nil {
			return err
		}
		return m.put(i)
	case opLongBinPut:
		return m.longPut()
	case opPut:
		return m.putLine()
	case opBinGet:
		i, err := in.uint8()
		if err != nil {
			return err
		}
		return m.get(i)
	case opLongBinGet:
		return m.longGet()
	case opGet:
		return m.getLine()

	// Classes and instances.
	case opGlobal:
		return m.globalLines()
	case opStackGlobal:
		return m.stackGlobal()
	case opExt1, opExt2, opExt4:
		return m.extension(op)
	case opReduce:
		return m.reduce()
	case opNewObj:
		return m.newObj()
	case opNewObjEx:
		return m.newObjEx()
	case opInst:
		return m.inst()
	case opObj:
		return m.obj()
	case opBuild:
		return m.build()
	case opPersID:
		return m.persIDLine()
	case opBinPersID:
		return m.binPersID()

	default:
		return corrupt("no protocol has this opcode")
	}
	return nil
}

// popOp is POP: it also takes away a MARK that is on top.
func (m *machine) popOp() error {
	n := len(m.stack)
	if len(m.marks) > 0 && n == m.fence {
		_, err := m.unmark()
		return err
	}
	if err := m.above(1); err != nil {
		return err
	}
	if done, err := m.callOf(); done || err != nil {
		return err
	}
	m.unnest(n - 1)
	m.drop(n - 1)
	return nil
}

func (m *machine) dup() error {
	if err := m.above(1); err != nil {
		return err
	}
	n := len(m.stack)
	v := m.stack[n-1]
	m.blank.seen(v)
	if k := len(m.nested); k > 0 && m.nested[k-1].at == n-1 {
		m.nested = append(m.nested, nesting{n, m.nested[k-1].depth})
	}
	m.push(v)
	return nil
}

func (m *machine) protoOp() error {
	n, err := m.in.uint8()
	if err != nil {
		return err
	}
	if n > HighestProtocol {
		return unsupported("protocol %d; up to %d are known", n, HighestProtocol)
	}
	m.proto = n
	return nil
}

// frame checks that the frame is inside of the data. Like Python's own reader in C it does not mind where the operations in it end.
func (m *machine) frame() error {
	in := &m.in
	n, err := in.length(Counted8)
	if err != nil {
		return err
	}
	if in.r == nil {
		if n > in.left() {
			return truncated("the frame should have %d bytes, and there are only %d: the pickle is cut off", n, in.left())
		}
	} else if err := in.within(n); err != nil {
		return err
	}
	m.frameEnd = max(m.frameEnd, in.base+int64(in.pos)+int64(n))
	return nil
}

// longPut is LONG_BINPUT; longGet is LONG_BINGET.
func (m *machine) longPut() error {
	i, err := m.in.uint32()
	if err != nil {
		return err
	}
	if uint64(i) > math.MaxInt {
		return tooMuch("the memo has no entry %d on this machine", i)
	}
	return m.put(int(i))
}

func (m *machine) longGet() error {
	i, err := m.in.uint32()
	if err != nil {
		return err
	}
	if uint64(i) > math.MaxInt {
		return corrupt("the memo has no entry %d", i)
	}
	return m.get(int(i))
}
