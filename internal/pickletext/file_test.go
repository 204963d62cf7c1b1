package pickletext

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/pickle"
)

const (
	one     = "\x80\x04K\x01."
	list    = "\x80\x04]\x94(K\x01K\x02e."
	request = "\x80\x04\x95\x21\x00\x00\x00\x00\x00\x00\x00(\x8c\x0c7f44dcd29b40\x94\x8c\x06append\x94K\x01\x85\x94}\x94t\x94."
)

func tree(data string) (string, error) {
	var b bytes.Buffer
	err := WriteTree(&b, []byte(data), DefaultOptions)
	return b.String(), err
}

func opcodes(data string) (string, error) {
	var b bytes.Buffer
	err := WriteOpcodes(&b, []byte(data), DefaultOptions)
	return b.String(), err
}

func TestFiles(t *testing.T) {
	for _, tc := range []struct{ data, want string }{
		{request, "# pickle 1 at byte 0: protocol 4, 45 bytes\n('7f44dcd29b40', 'append', (1,), {})\n"},
		{"I1\n.", "# pickle 1 at byte 0: protocol 0, 4 bytes\n1\n"},
		{"K\x01.", "# pickle 1 at byte 0: protocol 1, 3 bytes\n1\n"},
		{one + list, "# pickle 1 at byte 0: protocol 4, 5 bytes\n1\n# pickle 2 at byte 5: protocol 4, 11 bytes\n[1, 2]\n"},
		// As in the file of a dbm.dumb.
		{one + "\x00\x00\x00" + one + "\x00", "# pickle 1 at byte 0: protocol 4, 5 bytes\n1\n# pickle 2 at byte 8: protocol 4, 5 bytes\n1\n"},
	} {
		if got, err := tree(tc.data); err != nil || got != tc.want {
			t.Errorf("%q: %v\n%swant\n%s", tc.data, err, got, tc.want)
		}
	}
}

func TestBrokenFiles(t *testing.T) {
	for _, tc := range []struct {
		data   string
		offset int64
		kind   error
	}{
		{"\x80\x04K", 2, pickle.ErrTruncated},
		{one + "\x80\x04K", 7, pickle.ErrTruncated},
		{one + "\x80\x04K\x01", 9, pickle.ErrTruncated},
		{one + "\xff", 5, pickle.ErrCorrupt},
		{one + "\n", 5, pickle.ErrCorrupt},
		{one + "\x80\x04h\x07.", 7, pickle.ErrCorrupt},
		{"\x80\x04a.", 2, pickle.ErrCorrupt},
	} {
		for name, print := range map[string]func(string) (string, error){"tree": tree, "opcodes": opcodes} {
			got, err := print(tc.data)
			bad, ok := errors.AsType[*pickle.DecodeError](err)
			if !ok || bad.Offset != tc.offset || !errors.Is(err, tc.kind) {
				t.Errorf("%s of %q: error %v, want %v at %d", name, tc.data, err, tc.kind, tc.offset)
			}
			if strings.HasPrefix(tc.data, one) && !strings.HasPrefix(got, "# pickle 1 at byte 0: protocol 4, 5 bytes\n") {
				t.Errorf("%s of %q: what is good is not printed:\n%s", name, tc.data, got)
			}
		}
	}
	for data, want := range map[string]string{
		"": "there are no bytes", "\x1f\x8b\x08": "gzip -dc", "PK\x03\x04": "data.pkl", "\x93NUMPY\x01": "numpy.save", "SQLite format 3\x00": "SQLite",
	} {
		if got, err := tree(data); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(got, "protocol") {
			t.Errorf("%q: error %v, want one that says %q\n%s", data, err, want, got)
		}
	}
}

func TestOpcodes(t *testing.T) {
	for _, tc := range []struct{ data, want string }{
		{request, `# pickle 1 at byte 0: protocol 4, 45 bytes
       0  80    PROTO 4
       2  95    FRAME 33
      11  28 (  MARK
      12  8c      SHORT_BINUNICODE '7f44dcd29b40'
      26  94      MEMOIZE  # as 0
      27  8c      SHORT_BINUNICODE 'append'
      35  94      MEMOIZE  # as 1
      36  4b K    BININT1 1
      38  85      TUPLE1
      39  94      MEMOIZE  # as 2
      40  7d }    EMPTY_DICT
      41  94      MEMOIZE  # as 3
      42  74 t  TUPLE  # from the MARK at 11
      43  94    MEMOIZE  # as 4
      44  2e .  STOP
`},
		// All kinds of arguments.
		{"\x80\x02(cos\nsystem\nq\x07L-5L\nF1.5\nG?\xf8\x00\x00\x00\x00\x00\x00V\\u20ac\nS'a'\nX\x02\x00\x00\x00\xc3\xa4C\x01\x00\x8a\x02\x00\xffJ\xff\xff\xff\xffM\x00\x01h\x07j\x07\x00\x00\x00\x82\x05t.", `# pickle 1 at byte 0: protocol 2, 81 bytes
       0  80    PROTO 2
       2  28 (  MARK
       3  63 c    GLOBAL os system
      14  71 q    BINPUT 7
      16  4c L    LONG -5L
      21  46 F    FLOAT 1.5
      26  47 G    BINFLOAT 1.5
      35  56 V    UNICODE \u20ac
      43  53 S    STRING 'a'
      48  58 X    BINUNICODE 'ä'
      55  43 C    SHORT_BINBYTES b'\x00'
      58  8a      LONG1 -256
      62  4a J    BININT -1
      67  4d M    BININT2 256
      70  68 h    BINGET 7  # of GLOBAL os system at 3
      72  6a j    LONG_BINGET 7  # of GLOBAL os system at 3
      77  82      EXT1 5
      79  74 t  TUPLE  # from the MARK at 2
      80  2e .  STOP
`},
		// POP takes the mark, when there is nothing above it.
		{"(I1\n00I2\n.", `# pickle 1 at byte 0: protocol 0, 10 bytes
       0  28 (  MARK
       1  49 I    INT 1
       4  30 0    POP
       5  30 0  POP  # from the MARK at 0
       6  49 I  INT 2
       9  2e .  STOP
`},
		{"\x80\x04]\x94h\x00.", `# pickle 1 at byte 0: protocol 4, 7 bytes
       0  80    PROTO 4
       2  5d ]  EMPTY_LIST
       3  94    MEMOIZE  # as 0
       4  68 h  BINGET 0  # of EMPTY_LIST at 2
       6  2e .  STOP
`},
	} {
		got, err := opcodes(tc.data)
		if err != nil {
			t.Errorf("%q: %v", tc.data, err)
		}
		if got != tc.want {
			t.Errorf("%q:\n%swant\n%s", tc.data, got, tc.want)
		}
	}
}

// What is wrong is the last that is printed, and all before it is.
func TestOpcodesUpToTheError(t *testing.T) {
	got, err := opcodes("\x80\x04K\x01K\x02h\x07K\x03.")
	if err == nil || !strings.HasSuffix(got, "BININT1 2\n       6  68 h  BINGET 7\n") || !strings.Contains(got, "broken\n") {
		t.Errorf("%v\n%s", err, got)
	}
	// What is cut off has all that is there, although its frame is known to be wrong from the beginning.
	got, err = opcodes(request[:34])
	if err == nil || !strings.HasSuffix(got, "      26  94      MEMOIZE  # as 0\n") {
		t.Errorf("%v\n%s", err, got)
	}
}

// No bytes are too strange, and lines of opcodes don't leave the alphabet of a terminal.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(request + one + list)
		for range rapid.IntRange(0, 8).Draw(t, "changes") {
			data[rapid.IntRange(0, len(data)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		data = data[:rapid.IntRange(0, len(data)).Draw(t, "length")]
		for _, write := range []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error { return WriteTree(b, data, DefaultOptions) },
			func(b *bytes.Buffer) error { return WriteOpcodes(b, data, DefaultOptions) },
		} {
			var b bytes.Buffer
			_ = write(&b)
			for _, c := range b.Bytes() {
				if c < ' ' && c != '\n' || c == 0x7f {
					t.Fatalf("%q prints %q", data, b.String())
				}
			}
		}
	})
}

// The first operation of a pickle of protocol 0 or 1 makes an object, as any other.
func TestReferenceToFirstOperation(t *testing.T) {
	for data, want := range map[string]string{
		"]q\x00h\x00a.":     "BINGET 0  # of EMPTY_LIST at 0\n",
		"I5\np0\n0g0\n.":    "GET 0  # of INT 5 at 0\n",
		"\x94N.":            "", // there is nothing to remember
		"N]\x94h\x00a.":     "BINGET 0  # of EMPTY_LIST at 1\n",
		"\x94]\x94h\x00a0N": "",
	} {
		var b strings.Builder
		_ = WriteOpcodes(&b, []byte(data), DefaultOptions)
		if want != "" && !strings.Contains(b.String(), want) || want == "" && strings.Contains(b.String(), "# of") {
			t.Errorf("%q:\n%swant %s", data, b.String(), want)
		}
	}
}
