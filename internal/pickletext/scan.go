package pickletext

import (
	"bytes"
	"encoding/binary"

	"github.com/multiproc-go/multiproc/pickle"
)

// An instruction is one operation of a pickle and what follows it.
type instruction struct {
	at   int // of the opcode
	end  int // of the whole
	op   pickle.Op
	info pickle.OpInfo
	arg  []byte // without the length or the newline at its end
}

// next reads the instruction at a place; ok is false where there is none, or not the whole of one.
func next(data []byte, at int) (in instruction, ok bool) {
	if at >= len(data) {
		return in, false
	}
	in = instruction{at: at, op: pickle.Op(data[at])}
	if in.info, ok = in.op.Info(); !ok {
		return in, false
	}
	rest := data[at+1:]
	before, size, after := 0, 0, 0 // bytes ahead of the argument, of it and behind it
	switch in.info.Arg {
	case pickle.NoArg:
	case pickle.Uint1:
		size = 1
	case pickle.Uint2:
		size = 2
	case pickle.Uint4, pickle.Int4:
		size = 4
	case pickle.Uint8, pickle.Float8:
		size = 8
	case pickle.Line, pickle.TwoLines:
		if size = bytes.IndexByte(rest, '\n'); size < 0 {
			return in, false
		}
		if in.info.Arg == pickle.TwoLines {
			second := bytes.IndexByte(rest[size+1:], '\n')
			if second < 0 {
				return in, false
			}
			size += 1 + second
		}
		after = 1
	case pickle.Counted1:
		before = 1
	case pickle.Counted4, pickle.Counted4Int:
		before = 4
	case pickle.Counted8:
		before = 8
	}
	if before > 0 {
		if len(rest) < before {
			return in, false
		}
		var length [8]byte
		copy(length[:], rest[:before])
		n := binary.LittleEndian.Uint64(length[:])
		if n > uint64(len(rest)-before) { // a signed length that is negative is among these
			return in, false
		}
		size = int(n)
	}
	if len(rest) < before+size+after {
		return in, false
	}
	in.arg = rest[before : before+size]
	in.end = at + 1 + before + size + after
	return in, true
}

// extent is where the pickle that begins at a place ends, and of which protocol it is: what it says of itself, or else the first that has all of its operations.
// ok is false if the pickle has no end.
func extent(data []byte, at int) (end, protocol int, ok bool) {
	said := false
	for {
		in, ok := next(data, at)
		if !ok {
			return 0, 0, false
		}
		switch {
		case in.info.Name == "PROTO":
			protocol, said = int(in.arg[0]), true
		case !said:
			protocol = max(protocol, in.info.Protocol)
		}
		if in.info.Name == "STOP" {
			return in.end, protocol, true
		}
		at = in.end
	}
}
