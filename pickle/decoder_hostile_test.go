package pickle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"
)

// cost decodes data and returns what was allocated for it in all, whether it is still there or not.
func cost(c Config, data []byte, stream bool) (allocated uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if stream {
		_, err = c.NewDecoder(bytes.NewReader(data)).Value()
	} else {
		_, err = c.Decode(data)
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err
}

// checkCost decodes data in both ways, and checks what that costs and what comes of it (nil: no error).
func checkCost(t *testing.T, name string, c Config, data []byte, most uint64, want error) {
	t.Helper()
	for _, stream := range []bool{false, true} {
		allocated, err := cost(c, data, stream)
		if want == nil && err != nil || !errors.Is(err, want) {
			t.Errorf("%s (stream: %v): %v, want %v", name, stream, err, want)
		}
		if allocated > most {
			t.Errorf("%s (stream: %v): %d bytes of pickle took %d bytes of memory, more than %d", name, stream, len(data), allocated, most)
		}
	}
}

func TestLengthsBeyondTheInput(t *testing.T) {
	for op := range 256 {
		info, _ := Op(op).Info()
		var length []byte
		switch info.Arg {
		case Counted1:
			length = []byte{0xff}
		case Counted4:
			length = []byte{0xff, 0xff, 0xff, 0xff}
		case Counted4Int:
			length = []byte{0xff, 0xff, 0xff, 0x7f}
		case Counted8:
			length = []byte{0, 0, 0, 0, 0, 0, 0, 0x10}
		case Uint8:
			length = []byte{0, 0, 0, 0, 0, 1, 0, 0}
		default:
			continue
		}
		data := append(append([]byte{byte(op)}, length...), strings.Repeat("a", 200)...)
		if Op(op) == opFrame {
			data = append(data[:9], strings.Repeat("N0", 100)...)
		}
		checkCost(t, info.Name, Config{Limits: Limits{Size: 1 << 62}}, data, 4<<20, ErrTruncated)
	}
}

func TestMemoHoles(t *testing.T) {
	checkCost(t, "PUT of 2^31", Config{}, []byte("]p2147483648\n0g2147483648\n."), 1<<17, nil)
	checkCost(t, "LONG_BINPUT of 2^32-1", Config{}, []byte("]r\xff\xff\xff\xff0j\xff\xff\xff\xff."), 1<<17, nil)

	var holes, powers bytes.Buffer
	holes.WriteString("]")
	powers.WriteString("]")
	for i := range 100_000 {
		fmt.Fprintf(&holes, "r%s", binary.LittleEndian.AppendUint32(nil, uint32(i*40_000)))
	}
	for i := range 62 {
		fmt.Fprintf(&powers, "p%d\n", 1<<i)
	}
	holes.WriteString(".")
	powers.WriteString(".")
	checkCost(t, "holes", Config{}, holes.Bytes(), uint64(holes.Len())*128, nil)
	checkCost(t, "powers of 2", Config{}, powers.Bytes(), 1<<18, nil)
	checkCost(t, "entries", Config{Limits: Limits{Memo: 1000}}, []byte("]"+strings.Repeat("\x94", 1001)+"."), 1<<18, ErrLimit)
	checkCost(t, "as many entries as allowed", Config{Limits: Limits{Memo: 1000}}, []byte("]"+strings.Repeat("\x94", 1000)+"."), 1<<18, nil)
}

func TestDepth(t *testing.T) {
	for _, test := range []struct {
		name, open, leaf, shut string
	}{
		{"TUPLE1", "", ")", "\x85"},
		{"tuples", "(", "N", "t"},
		{"lists", "(", "N", "l"},
		{"lists, appended to", "]", "N", "a"},
		{"lists, appended to with marks", "](", "N", "e"},
		{"dicts", "(N", "N", "d"},
		{"dicts, set", "}N", "N", "s"},
		{"dicts, set with marks", "}(N", "N", "u"},
		{"frozensets", "(", "N", "\x91"},
		{"calls", "cm\nf\n", ")", "R\x85"},
		{"states", "cm\nf\n)R", "N", "b"},
		{"items", "cm\nf\n)R", "N", "a"},
		{"instances", "(cm\nC\n", "N", "o"},
		{"doubled", "", "]", "\x852"},
		{"persistent", "", "N", "Q"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nested := func(n int) []byte {
				return []byte(strings.Repeat(test.open, n) + test.leaf + strings.Repeat(test.shut, n) + ".")
			}
			// A frozenset is hashed as a whole when it gets into another.
			if test.name != "frozensets" {
				if _, err := Decode(nested(4_000)); err != nil {
					t.Errorf("4,000 deep: %v", err)
				}
				if _, err := Decode(nested(100_000)); !errors.Is(err, ErrLimit) {
					t.Errorf("100,000 deep: %v", err)
				}
			}
			c := Config{Limits: Limits{Depth: 50}}
			if _, err := c.Decode(nested(20)); err != nil {
				t.Errorf("20 deep, of 50: %v", err)
			}
			if _, err := c.Decode(nested(60)); !errors.Is(err, ErrLimit) {
				t.Errorf("60 deep, of 50: %v", err)
			}
		})
	}
	wide := "(" + strings.Repeat("(NtNNl", 1000) + "t."
	if _, err := (Config{Limits: Limits{Depth: 3}}).Decode([]byte(strings.ReplaceAll(wide, "NNl", ""))); err != nil {
		t.Errorf("a tuple of 1,000 tuples: %v", err)
	}
}

// TestBillionLaughs: a value that is exponentially larger than its pickle costs nothing as long as nobody walks over it.
func TestBillionLaughs(t *testing.T) {
	lists := "]q\x00" + strings.Repeat("](h\x00h\x00eq\x00", 60) + "."
	tuples := "Nq\x00" + strings.Repeat("h\x00h\x00\x86q\x00", 60)
	checkCost(t, "lists", Config{}, []byte(lists), 1<<17, nil)
	checkCost(t, "tuples", Config{}, []byte(tuples+"."), 1<<17, nil)

	for name, data := range map[string]string{
		"key":             tuples + "0}h\x00Ns.",
		"element":         tuples + "0\x8f(h\x00\x90.",
		"frozenset":       tuples + "0(h\x00\x91.",
		"list of key":     tuples + "0(h\x00N\x86l0}(h\x00Nu.",
		"key of an array": tuples + "0\x80\x03cbuiltins\nset\n](h\x00e\x85R.",
	} {
		checkCost(t, name, Config{}, []byte(data), 1<<20, nil)
	}
}

// TestCopies: constructors copy what they are called with, and the pickle can call them again and again with the same.
func TestCopies(t *testing.T) {
	numbers := new(bytes.Buffer)
	for i := range 20_000 {
		numbers.WriteString("J")
		binary.Write(numbers, binary.LittleEndian, uint32(i))
	}
	list := "\x80\x03](" + numbers.String() + "eq\x000"
	text := "\x80\x03X\x00\x00\x01\x00" + strings.Repeat("a", 1<<16) + "q\x000X\x06\x00\x00\x00latin1q\x010"
	for name, data := range map[string]string{
		"sets":        list + strings.Repeat("cbuiltins\nset\nh\x00\x85R", 1000),
		"lists":       list + strings.Repeat("cbuiltins\nlist\nh\x00\x85R", 3000),
		"tuples":      list + strings.Repeat("cbuiltins\ntuple\nh\x00\x85R", 3000),
		"arrays":      list + "X\x01\x00\x00\x00lq\x010" + strings.Repeat("carray\narray\nh\x01h\x00\x86R", 3000),
		"bytes":       text + strings.Repeat("c_codecs\nencode\nh\x00h\x01\x86R", 5000),
		"bytearrays":  text + strings.Repeat("cbuiltins\nbytearray\nh\x00h\x01\x86R", 5000),
		"zeros":       "\x80\x03" + strings.Repeat("cbuiltins\nbytearray\nJ\x00\x00\x10\x00\x85R", 1000),
		"one of them": "\x80\x03" + strings.Repeat("cbuiltins\nbytes\nJ\x00\x00\x00\x7f\x85R", 1000),
	} {
		// What is over the limit is charged before it is made; what has been made so far is garbage at once.
		if name == "lists" || name == "zeros" {
			checkCost(t, name, Config{}, []byte(data+"."), 3*(memoryBase+memoryPerByte*uint64(len(data))), ErrLimit)
		}
		checkCost(t, name+", limited", Config{Limits: Limits{Memory: 4 << 20}}, []byte(data+"."), 16<<20, ErrLimit)
	}
}

func TestMemoryLimit(t *testing.T) {
	for name, unit := range map[string]string{
		"None": "N", "lists": "]", "dicts": "}", "sets": "\x8f", "strings": "X\x02\x00\x00\x00ab", "short strings": "\x8c\x01a", "marks": "(", "tuples": "N\x85", "memo": "]\x94",
		"floats": "G\x3f\xf8\x00\x00\x00\x00\x00\x00", "ints": "J\x00\x00\x10\x00", "empty tuples": ")", "long": "\x8a\x01\x7f", "text": "Vab\n", "globals": "cm\nf\n", "objects": "cm\nC\n)\x81",
		"ext": "\x82\x01", "inst": "(im\nC\n", "dup": "N2", "bytes": "C\x01a", "bytearrays": "\x96\x01\x00\x00\x00\x00\x00\x00\x00a", "exceptions": "cexceptions\nKeyError\n)R", "frozensets": "(\x91",
		"big": "L99999999999999999999L\n", "persistent": "P1\n", "nested": "N\x85\x85",
	} {
		data := []byte(strings.Repeat(unit, 100_000/len(unit)) + "N.")
		// Nothing may take more than a small multiple of what is estimated.
		checkCost(t, name, Config{}, data, 300*uint64(len(data)), nil)
		checkCost(t, name+", limited", Config{Limits: Limits{Memory: 1 << 15}}, data, 1<<20, ErrLimit)
	}
}

// within fails the test if f takes unreasonably long: many times of what it takes if its time is in proportion to the input, and a fraction of that if it is quadratic.
func within(t *testing.T, limit time.Duration, f func()) {
	t.Helper()
	begin := time.Now()
	f()
	if d := time.Since(begin); d > limit {
		t.Errorf("took %v, more than %v", d, limit)
	}
}

func TestLongKeys(t *testing.T) {
	// One key of a megabyte, used a hundred thousand times, in as many dicts.
	data := "X\x00\x00\x10\x00" + strings.Repeat("a", 1<<20) + "q\x000(" + strings.Repeat("}h\x00Ns", 100_000) + "l."
	within(t, time.Minute, func() {
		checkCost(t, "strings", Config{}, []byte(data), 1<<28, ErrLimit)
	})
	// A key of ordinary length is no matter.
	data = "X\x40\x00\x00\x00" + strings.Repeat("a", 64) + "q\x000(" + strings.Repeat("}h\x00Ns", 100_000) + "l."
	checkCost(t, "short strings", Config{}, []byte(data), 1<<28, nil)
	data = "(" + strings.Repeat("N", 100_000) + "tq\x000(" + strings.Repeat("}h\x00Ns", 100_000) + "l."
	within(t, time.Minute, func() {
		checkCost(t, "tuples", Config{}, []byte(data), 1<<28, ErrLimit)
	})
}

// TestCollidingKeys: Python hashes ints modulo 2^61-1, so these would all have one hash.
func TestCollidingKeys(t *testing.T) {
	prime := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 61), big.NewInt(1))
	data := []byte("}(")
	n := new(big.Int)
	for i := range 100_000 {
		n.Mul(prime, big.NewInt(int64(i+1)<<20))
		b := n.FillBytes(make([]byte, 14))
		data = append(data, byte(opLong1), byte(len(b)))
		for j := range b {
			data = append(data, b[len(b)-1-j])
		}
		data = append(data, 'N')
	}
	data = append(data, "u."...)
	within(t, time.Minute, func() {
		if _, err := Decode(data); err != nil {
			t.Error(err)
		}
	})
}

func TestLargeNumbers(t *testing.T) {
	digits := strings.Repeat("9", 1<<20)
	for name, data := range map[string]string{
		"INT": "I" + digits + "\n.", "LONG": "L" + digits + "L\n.",
		"again and again": strings.Repeat("L"+digits[:100_000]+"L\n0", 20) + "N.",
	} {
		within(t, time.Minute, func() {
			_, err := Decode([]byte(data))
			if name != "again and again" && !errors.Is(err, ErrLimit) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	number := func(n int) string {
		return "\x8b" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("\x7f", n)
	}
	data := number(1<<19) + "q\x000" + number(1<<19-1) + "q\x010(" + strings.Repeat("cfractions\nFraction\nh\x00h\x01\x86R", 100) + "l."
	within(t, time.Minute, func() {
		if _, err := Decode([]byte(data)); !errors.Is(err, ErrLimit) {
			t.Errorf("fractions of very large numbers: %v", err)
		}
	})
	for _, text := range []string{digits, "1e999999999", digits + "/" + digits, "1/" + digits[:100_000]} {
		head := "\x80\x03cdecimal\nDecimal\nX" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(text)))) + text + "\x85R."
		within(t, time.Minute, func() { Decode([]byte(head)) })
		head = strings.Replace(head, "decimal\nDecimal", "fractions\nFraction", 1)
		within(t, time.Minute, func() { Decode([]byte(head)) })
	}
}

// TestFramesInStreams: a frame that is announced is not fetched, however large it is.
func TestFramesInStreams(t *testing.T) {
	var data []byte
	for i := range 60 {
		data = append(data, byte(opFrame))
		data = binary.LittleEndian.AppendUint64(data, 1<<i)
		data = append(data, "N0"...)
	}
	data = append(data, "N."...)
	c := Config{Limits: Limits{Size: 1 << 20}}
	checkCost(t, "frames", Config{}, data[:len(data)/2], 1<<17, ErrTruncated)
	if _, err := c.NewDecoder(bytes.NewReader(data)).Value(); !errors.Is(err, ErrLimit) {
		t.Errorf("a frame beyond the largest pickle: %v", err)
	}
}

func TestDecodeSizeLimit(t *testing.T) {
	c := Config{Limits: Limits{Size: 100}}
	for n, want := range map[int]error{98: nil, 100: ErrLimit, 100_000: ErrLimit} {
		data := []byte(strings.Repeat("N", n) + "N.")
		checkCost(t, fmt.Sprint(n), c, data, 1<<21, want)
	}
	// Each pickle of a stream has the whole limit.
	d := c.NewDecoder(strings.NewReader(strings.Repeat(strings.Repeat("N", 80)+".", 10)))
	for range 10 {
		if _, err := d.Value(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Value(); err != io.EOF {
		t.Error(err)
	}
}

// TestSlicesAreNotSet: a list that is put into itself is twice as long after each operation, and a range takes a few bytes for millions of items.
func TestSlicesAreNotSet(t *testing.T) {
	const empty = "cbuiltins\nslice\nK\x00K\x00\x86R"
	double := strings.Repeat("h\x00h\x01h\x00s0", 13)
	for name, data := range map[string]string{
		"list":  "](" + strings.Repeat("N", 1000) + "eq\x000" + empty + "q\x010" + double + "N.",
		"range": "]" + empty + "cbuiltins\nrange\nJ\x00\x00\x00\x01\x85Rs.",
		"array": "carray\narray\nX\x01\x00\x00\x00d](" + strings.Repeat("K\x01", 1000) + "e\x86Rq\x000" + empty + "q\x010" + double + "N.",
	} {
		checkCost(t, name, Config{}, []byte("\x80\x03"+data), 1<<20, ErrUnsupported)
	}
}

// TestNumbersInArrays: each item of an array of floats is converted anew, also if it is always the same number.
func TestNumbersInArrays(t *testing.T) {
	number := func(c string) string {
		return "\x8b" + string(binary.LittleEndian.AppendUint32(nil, 36_001)) + strings.Repeat(c, 36_000) + "\x01"
	}
	fraction := "cfractions\nFraction\n" + number("\x7f") + number("\x33") + "\x86Rq\x000"
	decimal := "cdecimal\nDecimal\nX" + string(binary.LittleEndian.AppendUint32(nil, 100_000)) + strings.Repeat("9", 100_000) + "\x85Rq\x000"
	for name, data := range map[string]string{
		"fractions":       fraction + "carray\narray\nX\x01\x00\x00\x00d](" + strings.Repeat("h\x00", 200) + "e\x86R.",
		"decimals":        decimal + "carray\narray\nX\x01\x00\x00\x00d](" + strings.Repeat("h\x00", 2000) + "e\x86R.",
		"fractions, set":  fraction + "carray\narray\nX\x01\x00\x00\x00d](K\x00e\x86R(" + strings.Repeat("K\x00h\x00", 200) + "u.",
		"a single number": fraction + "carray\narray\nX\x01\x00\x00\x00d](K\x00e\x86RK\x00h\x00s.",
	} {
		want := ErrLimit
		if name == "a single number" {
			want = nil
		}
		if _, err := Decode([]byte("\x80\x03" + data)); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
