package pickletext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// disassemble prints the operations of one pickle, up to the one that is wrong.
func disassemble(w io.Writer, data []byte, one part, o Options) error {
	last := one.end
	// What is cut off, or more than the decoder takes, is good all the same as far as it goes.
	if bad, ok := errors.AsType[*pickle.DecodeError](one.err); ok && !errors.Is(bad, pickle.ErrTruncated) && !errors.Is(bad, pickle.ErrLimit) {
		last = int(bad.Offset)
	}
	m := machine{data: data[:one.end], memo: map[uint64]int{}, texts: map[int]string{}}
	var line []byte
	at := one.at
	for at < one.end && at <= last {
		in, ok := next(data[:one.end], at)
		if !ok {
			return nil // one.err says so
		}
		note := m.note(in)
		indent := len(m.marks)
		if in.info.Name == "MARK" {
			indent--
		}
		line = fmt.Appendf(line[:0], "%8d  %02x %s  %*s%s", in.at, byte(in.op), printable(in.op), 2*min(indent, 20), "", in.info.Name)
		if arg := o.argument(in); arg != "" {
			line = append(append(line, ' '), arg...)
		}
		if note != "" {
			line = append(append(line, "  # "...), note...)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
		m.prev, at = in, in.end
	}
	return nil
}

func printable(op pickle.Op) string {
	if ' ' < op && op < 0x7f {
		return string(rune(op))
	}
	return " "
}

// argument is the text of what follows the opcode.
func (o Options) argument(in instruction) string {
	switch in.info.Arg {
	case pickle.Uint1, pickle.Uint2, pickle.Uint4, pickle.Uint8:
		return strconv.FormatUint(unsigned(in.arg), 10)
	case pickle.Int4:
		return strconv.Itoa(int(int32(binary.LittleEndian.Uint32(in.arg))))
	case pickle.Float8:
		return repr(math.Float64frombits(binary.BigEndian.Uint64(in.arg)))
	case pickle.TwoLines:
		module, name, _ := bytes.Cut(in.arg, []byte("\n"))
		return o.bare(module) + " " + o.bare(name)
	}
	switch name := in.info.Name; {
	case in.info.Arg == pickle.NoArg:
		return ""
	case in.info.Arg == pickle.Line:
		return o.bare(in.arg)
	case name == "LONG1" || name == "LONG4":
		return o.bigInt(littleEndian(in.arg))
	case strings.HasSuffix(name, "UNICODE") || name == "BINUNICODE8":
		return o.str(string(in.arg))
	default:
		return o.bytes(string(in.arg), func(s string) py.Value { return py.Bytes(s) })
	}
}

// bare is a line of a pickle as it stands there, or quoted if it has characters that are not printed.
func (o Options) bare(line []byte) string {
	for _, c := range line {
		if c < ' ' || c >= 0x7f {
			return o.bytes(string(line), func(s string) py.Value { return py.Bytes(s) })
		}
	}
	if o.Chars > 0 && len(line) > o.Chars {
		return fmt.Sprintf("%s... (%d bytes)", line[:o.Chars], len(line))
	}
	return string(line)
}

func unsigned(arg []byte) uint64 {
	var b [8]byte
	copy(b[:], arg)
	return binary.LittleEndian.Uint64(b[:])
}

// littleEndian is the int in two's complement that LONG1 and LONG4 have.
func littleEndian(arg []byte) *big.Int {
	b := bytes.Clone(arg)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}
