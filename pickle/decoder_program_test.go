package pickle

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// pieces are what random programs are made of. Most of them leave the stack so that others can go on.
var pieces = strings.Split("N|\x88|K\x01|K\x07|M\x00\x02|J\xff\xff\xff\xff|\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00|G\x3f\xf8\x00\x00\x00\x00\x00\x00|G\x7f\xf8\x00\x00\x00\x00\x00\x00|"+
	"\x8c\x01a|\x8c\x03int|X\x02\x00\x00\x00\xc3\xa9|U\x01a|U\x01\xff|C\x01a|C\x00|C\x04\x07\xd1\x02\x03|C\x0a\x07\xd1\x02\x03\x04\x05\x06\x00\x00\x07|\x96\x01\x00\x00\x00\x00\x00\x00\x00a|"+
	")|]|}|\x8f|(|(|(|(|t|l|d|\x91|e|e|u|u|\x90|a|a|s|s|\x85|\x85|\x86|\x87|0|1|2|\x94|\x94|\x94|q\x00|q\x05|h\x00|h\x00|h\x01|h\x02|h\x05|b|b|b|R|R|R|R|\x81|\x81|\x92|o|\x93|Q|\x82\x01|"+
	"\x80\x02|\x80\x04|"+
	"cm\nC\n|cm\nD\n|(im\nC\n|cbuiltins\nset\n|cbuiltins\nfrozenset\n|cbuiltins\nlist\n|cbuiltins\ntuple\n|cbuiltins\ndict\n|cbuiltins\nbytearray\n|cbuiltins\nbytes\n|cbuiltins\ncomplex\n|"+
	"cbuiltins\nrange\n|cbuiltins\nslice\n|cbuiltins\ngetattr\n|cbuiltins\nobject\n|cbuiltins\nEllipsis\n|cbuiltins\nKeyError\n|ccollections\nOrderedDict\n|c_codecs\nencode\n|Vlatin1\n|"+
	"ccopyreg\n_reconstructor\n|ccopyreg\n__newobj__\n|ccopyreg\n__newobj_ex__\n|cdatetime\ndatetime\n|cdatetime\ndate\n|cdatetime\ntimedelta\n|cdatetime\ntimezone\n|cdecimal\nDecimal\n|V1.5\n|"+
	"V1/3\n|cfractions\nFraction\n|cuuid\nUUID\n)\x81|cuuid\nUUID\n)\x81\x94}\x8c\x03intK\x05s|carray\narray\n|carray\n_array_reconstructor\n|cfunctools\npartial\n|c_queue\nEmpty\n", "|")

// TestRandomPrograms: whatever operations follow one another, there is no panic, data and streams give the same, and what comes of it can be written and read again.
func TestRandomPrograms(t *testing.T) {
	piece := rapid.SampledFrom(pieces)
	decoded := 0
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "n")
		program := []byte{}
		c := Config{Limits: Limits{Depth: 100}}
		for range n {
			// A piece that is an error here is left out, so that programs get long.
			next := append(program[:len(program):len(program)], piece.Draw(t, "piece")...)
			if _, err := c.Decode(append(next[:len(next):len(next)], "N."...)); err == nil {
				program = next
			}
		}
		program = append(program, '.')
		v, err := c.Decode(program)
		streamed, err2 := c.NewDecoder(bytes.NewReader(program)).Value()
		if (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %v, and as a stream %v", program, err, err2)
		}
		if err != nil {
			var d *DecodeError
			if !errors.As(err, &d) {
				t.Fatalf("%q: %v is no *DecodeError", program, err)
			}
			return
		}
		decoded++
		if dump(v) != dump(streamed) {
			t.Fatalf("%q: %s, and as a stream %s", program, dump(v), dump(streamed))
		}
		writeAgain(t, v, dump(v))
	})
	t.Logf("%d programs gave a value", decoded)
}
