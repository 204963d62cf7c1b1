package pickletest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
)

// names are globals that mean something to a decoder, and some that mean nothing.
var names = []string{
	"builtins\nset", "builtins\nfrozenset", "builtins\nbytearray", "builtins\nrange", "builtins\nslice", "builtins\ncomplex", "builtins\nlist", "builtins\ngetattr", "builtins\nValueError",
	"builtins\nreversed", "builtins\nint", "__builtin__\nxrange", "__builtin__\nunicode", "_codecs\nencode", "copyreg\n_reconstructor", "copy_reg\n__newobj__", "copyreg\n__newobj_ex__",
	"collections\nOrderedDict", "collections\ndefaultdict", "collections\ndeque", "array\narray", "array\n_array_reconstructor", "datetime\ndatetime", "datetime\ndate", "datetime\ntime", "datetime\ntimedelta",
	"datetime\ntimezone", "decimal\nDecimal", "fractions\nFraction", "uuid\nUUID", "operator\nadd", "m\nC", "m\nC.D", "exceptions\nKeyError", "functools\npartial",
}

// program writes opcodes with arguments that are mostly in order. What they do to the stack is left to chance, so the decoder comes into states that no pickler brings it to.
func program(r *rand.Rand) []byte {
	var b []byte
	if r.IntN(2) == 0 {
		b = append(b, 0x80, byte(r.IntN(6)))
	}
	memo := 0
	text := func() string { return []string{"", "a", "abc", "\xc3\xa9", "\xed\xa0\x80", "int"}[r.IntN(6)] }
	size := func(n int) int { // a length that is now and then a lie
		if r.IntN(200) == 0 {
			return []int{0, 1, 255, 1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1}[r.IntN(7)]
		}
		return n
	}
	push := []func(){
		func() { b = append(b, "N\x88\x89]}()\x8f"[r.IntN(8)]) },
		func() { b = append(b, 'K', byte(r.Uint32())) },
		func() { b = append(b, 'J', byte(r.Uint32()), 0, 0, byte(r.Uint32())) },
		func() { b = fmt.Appendf(b, "I%d\n", r.Int64()>>r.IntN(64)) },
		func() { b = fmt.Appendf(b, "L%dL\n", r.Int64()) },
		func() { b = append(b, 0x8a, 2, byte(r.Uint32()), byte(r.Uint32())) },
		func() { b = fmt.Appendf(b, "F%v\n", r.NormFloat64()) },
		func() { b = binary.BigEndian.AppendUint64(append(b, 'G'), r.Uint64()) },
		func() { s := text(); b = append(append(b, 0x8c, byte(size(len(s)))), s...) },
		func() {
			s := text()
			b = append(binary.LittleEndian.AppendUint32(append(b, 'X'), uint32(size(len(s)))), s...)
		},
		func() { s := text(); b = append(append(b, 'C', byte(size(len(s)))), s...) },
		func() { s := text(); b = append(append(b, 'U', byte(size(len(s)))), s...) },
		func() {
			s := text()
			b = append(binary.LittleEndian.AppendUint64(append(b, 0x96), uint64(size(len(s)))), s...)
		},
		func() { b = append(b, "c"+names[r.IntN(len(names))]+"\n"...) },
		func() { b = append(b, "c"+names[r.IntN(len(names))]+"\n"...) },
		func() { b = append(b, "V\\u00e9\n"...) },
		func() { b = append(b, "S'a'\n"...) },
		func() { b = append(b, 0x82, byte(r.IntN(256))) },
		func() { b = append(b, "Pid\n"...) },
	}
	work := []func(){
		func() { b = append(b, 'q', byte(memo)); memo++ },
		func() { b = append(b, 0x94); memo++ },
		func() { b = fmt.Appendf(b, "p%d\n", memo); memo++ },
		func() { b = append(b, 'h', byte(r.IntN(memo+1))) },
		func() { b = append(b, 'h', byte(r.IntN(memo+1))) },
		func() { b = fmt.Appendf(b, "g%d\n", r.IntN(memo+1)) },
		func() { b = append(b, '(') },
		func() { b = append(b, '(') },
		func() { b = append(b, "aeusb012R\x81\x92\x90\x91tld"[r.IntN(16)]) },
		func() { b = append(b, "\x85\x86\x87tR\x81bRbaes"[r.IntN(12)]) },
		func() { b = append(b, "\x85R"...) },
		func() { b = append(b, "]\x86\x81"...) },
		func() { b = append(b, "oQ\x93i"[r.IntN(4)]) },
		func() { b = append(b, "(im\nC\n"...) },
	}
	for range 3 + r.IntN(80) {
		if r.IntN(5) < 3 {
			push[r.IntN(len(push))]()
		} else {
			work[r.IntN(len(work))]()
		}
	}
	// What is left on the stack becomes one tuple now and then, so that more of it is seen.
	if r.IntN(2) == 0 {
		at := 0
		if b[0] == 0x80 {
			at = 2
		}
		b = append(slices.Insert(b, at, '('), 't')
	}
	return append(b, '.')
}

// edges are bytes that often are lengths or opcodes.
var edges = []byte{0, 1, 2, 0x7f, 0x80, 0xff, '.', '(', 'R', 'b', 'c', 'h', 'j', 'q', 'r', 0x81, 0x8b, 0x8d, 0x8e, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98}

// mutate damages a pickle in one to four places, with parts of another.
func mutate(r *rand.Rand, data, other []byte) []byte {
	data = slices.Clone(data)
	for range 1 + r.IntN(4) {
		if len(data) == 0 {
			return append(data, other...)
		}
		at := r.IntN(len(data))
		n := min(1+r.IntN(8), len(data)-at)
		switch r.IntN(10) {
		case 0:
			data[at] ^= 1 << r.IntN(8)
		case 1:
			data[at] = edges[r.IntN(len(edges))]
		case 2:
			data[at] = byte(r.Uint32())
		case 3:
			data = slices.Delete(data, at, at+n)
		case 4:
			data = slices.Insert(data, at, slices.Clone(data[at:at+n])...)
		case 5:
			data = slices.Insert(data, at, edges[r.IntN(len(edges))])
		case 6:
			for i := range n {
				data[at+i] = edges[r.IntN(6)]
			}
		case 7:
			if len(other) > 0 {
				from := r.IntN(len(other))
				data = slices.Insert(data, at, other[from:min(from+1+r.IntN(40), len(other))]...)
			}
		case 8:
			// The same again and again: deep nesting, many marks, many references.
			data = slices.Insert(data, at, slices.Repeat(slices.Clone(data[at:at+n]), 1+r.IntN(200))...)
		case 9:
			if r.IntN(3) == 0 {
				data = data[:at]
			}
		}
	}
	return data
}
