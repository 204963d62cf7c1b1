package pickle

import "strconv"

// Op is one operation of a pickle: the byte that stands for it.
type Op byte

// ArgForm is what follows an opcode in the pickle. Numbers are little-endian unless said otherwise.
type ArgForm uint8

const (
	NoArg       ArgForm = iota
	Uint1               // one byte, unsigned
	Uint2               // two bytes, unsigned
	Uint4               // four bytes, unsigned
	Uint8               // eight bytes, unsigned
	Int4                // four bytes, signed
	Float8              // eight bytes, IEEE 754, big-endian
	Line                // text up to a newline
	TwoLines            // module and name, each up to a newline
	Counted1            // a length of one byte, then as many bytes
	Counted4            // a length of four bytes, unsigned, then as many bytes
	Counted4Int         // a length of four bytes, signed, then as many bytes
	Counted8            // a length of eight bytes, unsigned, then as many bytes
)

// OpInfo describes an opcode.
type OpInfo struct {
	Name     string // as in Python's module pickle
	Arg      ArgForm
	Protocol int // the first that has it
}

const (
	opMark           Op = '('
	opStop           Op = '.'
	opPop            Op = '0'
	opPopMark        Op = '1'
	opDup            Op = '2'
	opFloat          Op = 'F'
	opInt            Op = 'I'
	opBinInt         Op = 'J'
	opBinInt1        Op = 'K'
	opLong           Op = 'L'
	opBinInt2        Op = 'M'
	opNone           Op = 'N'
	opPersID         Op = 'P'
	opBinPersID      Op = 'Q'
	opReduce         Op = 'R'
	opString         Op = 'S'
	opBinString      Op = 'T'
	opShortBinString Op = 'U'
	opUnicode        Op = 'V'
	opBinUnicode     Op = 'X'
	opAppend         Op = 'a'
	opBuild          Op = 'b'
	opGlobal         Op = 'c'
	opDict           Op = 'd'
	opEmptyDict      Op = '}'
	opAppends        Op = 'e'
	opGet            Op = 'g'
	opBinGet         Op = 'h'
	opInst           Op = 'i'
	opLongBinGet     Op = 'j'
	opList           Op = 'l'
	opEmptyList      Op = ']'
	opObj            Op = 'o'
	opPut            Op = 'p'
	opBinPut         Op = 'q'
	opLongBinPut     Op = 'r'
	opSetItem        Op = 's'
	opTuple          Op = 't'
	opEmptyTuple     Op = ')'
	opSetItems       Op = 'u'
	opBinFloat       Op = 'G'

	opProto    Op = 0x80
	opNewObj   Op = 0x81
	opExt1     Op = 0x82
	opExt2     Op = 0x83
	opExt4     Op = 0x84
	opTuple1   Op = 0x85
	opTuple2   Op = 0x86
	opTuple3   Op = 0x87
	opNewTrue  Op = 0x88
	opNewFalse Op = 0x89
	opLong1    Op = 0x8a
	opLong4    Op = 0x8b

	opBinBytes      Op = 'B'
	opShortBinBytes Op = 'C'

	opShortBinUnicode Op = 0x8c
	opBinUnicode8     Op = 0x8d
	opBinBytes8       Op = 0x8e
	opEmptySet        Op = 0x8f
	opAddItems        Op = 0x90
	opFrozenSet       Op = 0x91
	opNewObjEx        Op = 0x92
	opStackGlobal     Op = 0x93
	opMemoize         Op = 0x94
	opFrame           Op = 0x95

	opByteArray8     Op = 0x96
	opNextBuffer     Op = 0x97
	opReadonlyBuffer Op = 0x98
)

// ops has an entry for each opcode; the other entries have no name.
var ops = [256]OpInfo{
	opMark:           {"MARK", NoArg, 0},
	opStop:           {"STOP", NoArg, 0},
	opPop:            {"POP", NoArg, 0},
	opPopMark:        {"POP_MARK", NoArg, 1},
	opDup:            {"DUP", NoArg, 0},
	opFloat:          {"FLOAT", Line, 0},
	opInt:            {"INT", Line, 0},
	opBinInt:         {"BININT", Int4, 1},
	opBinInt1:        {"BININT1", Uint1, 1},
	opLong:           {"LONG", Line, 0},
	opBinInt2:        {"BININT2", Uint2, 1},
	opNone:           {"NONE", NoArg, 0},
	opPersID:         {"PERSID", Line, 0},
	opBinPersID:      {"BINPERSID", NoArg, 1},
	opReduce:         {"REDUCE", NoArg, 0},
	opString:         {"STRING", Line, 0},
	opBinString:      {"BINSTRING", Counted4Int, 1},
	opShortBinString: {"SHORT_BINSTRING", Counted1, 1},
	opUnicode:        {"UNICODE", Line, 0},
	opBinUnicode:     {"BINUNICODE", Counted4, 1},
	opAppend:         {"APPEND", NoArg, 0},
	opBuild:          {"BUILD", NoArg, 0},
	opGlobal:         {"GLOBAL", TwoLines, 0},
	opDict:           {"DICT", NoArg, 0},
	opEmptyDict:      {"EMPTY_DICT", NoArg, 1},
	opAppends:        {"APPENDS", NoArg, 1},
	opGet:            {"GET", Line, 0},
	opBinGet:         {"BINGET", Uint1, 1},
	opInst:           {"INST", TwoLines, 0},
	opLongBinGet:     {"LONG_BINGET", Uint4, 1},
	opList:           {"LIST", NoArg, 0},
	opEmptyList:      {"EMPTY_LIST", NoArg, 1},
	opObj:            {"OBJ", NoArg, 1},
	opPut:            {"PUT", Line, 0},
	opBinPut:         {"BINPUT", Uint1, 1},
	opLongBinPut:     {"LONG_BINPUT", Uint4, 1},
	opSetItem:        {"SETITEM", NoArg, 0},
	opTuple:          {"TUPLE", NoArg, 0},
	opEmptyTuple:     {"EMPTY_TUPLE", NoArg, 1},
	opSetItems:       {"SETITEMS", NoArg, 1},
	opBinFloat:       {"BINFLOAT", Float8, 1},

	opProto:    {"PROTO", Uint1, 2},
	opNewObj:   {"NEWOBJ", NoArg, 2},
	opExt1:     {"EXT1", Uint1, 2},
	opExt2:     {"EXT2", Uint2, 2},
	opExt4:     {"EXT4", Int4, 2},
	opTuple1:   {"TUPLE1", NoArg, 2},
	opTuple2:   {"TUPLE2", NoArg, 2},
	opTuple3:   {"TUPLE3", NoArg, 2},
	opNewTrue:  {"NEWTRUE", NoArg, 2},
	opNewFalse: {"NEWFALSE", NoArg, 2},
	opLong1:    {"LONG1", Counted1, 2},
	opLong4:    {"LONG4", Counted4Int, 2},

	opBinBytes:      {"BINBYTES", Counted4, 3},
	opShortBinBytes: {"SHORT_BINBYTES", Counted1, 3},

	opShortBinUnicode: {"SHORT_BINUNICODE", Counted1, 4},
	opBinUnicode8:     {"BINUNICODE8", Counted8, 4},
	opBinBytes8:       {"BINBYTES8", Counted8, 4},
	opEmptySet:        {"EMPTY_SET", NoArg, 4},
	opAddItems:        {"ADDITEMS", NoArg, 4},
	opFrozenSet:       {"FROZENSET", NoArg, 4},
	opNewObjEx:        {"NEWOBJ_EX", NoArg, 4},
	opStackGlobal:     {"STACK_GLOBAL", NoArg, 4},
	opMemoize:         {"MEMOIZE", NoArg, 4},
	opFrame:           {"FRAME", Uint8, 4},

	opByteArray8:     {"BYTEARRAY8", Counted8, 5},
	opNextBuffer:     {"NEXT_BUFFER", NoArg, 5},
	opReadonlyBuffer: {"READONLY_BUFFER", NoArg, 5},
}

// Info describes the opcode; ok is false if no protocol has it.
func (op Op) Info() (info OpInfo, ok bool) {
	info = ops[op]
	return info, info.Name != ""
}

// String is the opcode's name in Python, or its number if no protocol has it.
func (op Op) String() string {
	if name := ops[op].Name; name != "" {
		return name
	}
	return "opcode 0x" + strconv.FormatUint(uint64(op), 16)
}
