package ctype

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// pythonScript prints what Python says of each name and code. It runs on 2.7 and
// all later versions. Doubles travel as the hexadecimal digits of their bits.
const pythonScript = `
import array, binascii, ctypes, json, struct, sys
from multiprocessing.sharedctypes import typecode_to_type
asked = json.load(sys.stdin)
hexed = lambda b: binascii.hexlify(b).decode()
out = {"version": list(sys.version_info[:2]), "pointer": struct.calcsize("P"),
       "types": {}, "array": {}, "multiprocessing": {}, "bytes": {}, "values": {}}
for name in asked["names"]:
    t = getattr(ctypes, name, None)
    if t is not None:
        out["types"][name] = {"size": ctypes.sizeof(t), "align": ctypes.alignment(t),
                              "letter": t._type_, "class": t.__name__}
for code in asked["codes"]:
    try:
        out["array"][code] = array.array(str(code)).itemsize
    except ValueError:
        pass
    t = typecode_to_type.get(code)
    if t is not None:
        out["multiprocessing"][code] = ctypes.sizeof(t)
for b in asked["doubles"]:
    x = struct.unpack("=d", binascii.unhexlify(b))[0]
    v = ctypes.c_longdouble(x)
    out["bytes"][b] = hexed(ctypes.string_at(ctypes.addressof(v), ctypes.sizeof(v)))
for b in asked["longdoubles"]:
    v = ctypes.c_longdouble()
    raw = binascii.unhexlify(b)
    ctypes.memmove(ctypes.addressof(v), raw, min(len(raw), ctypes.sizeof(v)))
    out["values"][b] = hexed(struct.pack("=d", v.value))
json.dump(out, sys.stdout)
`

type pythonAnswer struct {
	Version [2]int
	Pointer int
	Types   map[string]struct {
		Size, Align   uintptr
		Letter, Class string
	}
	Array, Multiprocessing map[string]uintptr
	Bytes, Values          map[string]string
}

// pythons are the python3 on PATH and the interpreters that the environment
// variable MULTIPROC_PYTHONS lists, separated as PATH is.
func pythons(t *testing.T) []string {
	found := filepath.SplitList(os.Getenv("MULTIPROC_PYTHONS"))
	if p, err := exec.LookPath("python3"); err == nil {
		found = append(found, p)
	}
	if len(found) == 0 {
		t.Skip("there is no python3 on PATH and MULTIPROC_PYTHONS is empty")
	}
	return found
}

func ask(t *testing.T, python string, question any) pythonAnswer {
	in, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", pythonScript)
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", python, err, stderr.Bytes())
	}
	var a pythonAnswer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	if a.Pointer*8 != bits.UintSize {
		t.Skipf("%s has %d-bit pointers, this test %d", python, a.Pointer*8, bits.UintSize)
	}
	return a
}

func TestAgainstPython(t *testing.T) {
	for _, python := range pythons(t) {
		t.Run(filepath.Base(python), func(t *testing.T) {
			question := map[string][]string{"names": nil, "codes": nil}
			for _, row := range All() {
				question["names"] = append(question["names"], row.Name)
				question["codes"] = append(question["codes"], string(row.Code))
			}
			for name := range aliases {
				question["names"] = append(question["names"], name)
			}
			question["doubles"] = doublesToAsk()
			question["longdoubles"] = longDoublesToAsk()
			a := ask(t, python, question)
			t.Logf("Python %d.%d", a.Version[0], a.Version[1])
			checkTypes(t, a)
			checkCodes(t, a)
			if _, err := ByName("c_longdouble"); err != nil {
				t.Log(err)
				return
			}
			checkLongDoubles(t, a)
		})
	}
}

func checkTypes(t *testing.T, a pythonAnswer) {
	for _, row := range All() {
		if row.Name == "" || row.Size == 0 {
			continue
		}
		p, ok := a.Types[row.Name]
		if !ok {
			t.Errorf("Python has no %s", row.Name)
			continue
		}
		if p.Size != row.Size || p.Align != row.Align || p.Letter != string(row.Letter) || p.Class != row.Class {
			t.Errorf("%s: Python says %+v, the table %+v", row.Name, p, row)
		}
	}
	for name, target := range aliases {
		if p, ok := a.Types[name]; !ok || p.Size != a.Types[target].Size {
			t.Errorf("%s: Python says %+v, the table %+v", name, p, a.Types[target])
		}
	}
}

func checkCodes(t *testing.T, a pythonAnswer) {
	since := func(major, minor int) bool {
		return a.Version[0] > major || a.Version[0] == major && a.Version[1] >= minor
	}
	for _, row := range All() {
		code := string(row.Code)
		inArray, inMultiprocessing := row.InArray, row.InMultiprocessing
		switch row.Code {
		case 'c':
			inArray = !since(3, 0)
		case 'w':
			inArray = since(3, 13)
		case 'q', 'Q':
			inArray = since(3, 3)
			inMultiprocessing = since(3, 7)
		}
		if size, ok := a.Array[code]; ok != inArray || ok && size != row.Size {
			t.Errorf("array code %s: Python says %d, %t; the table %d, %t", code, size, ok, row.Size, inArray)
		}
		if size, ok := a.Multiprocessing[code]; ok != inMultiprocessing || ok && size != row.Size {
			t.Errorf("multiprocessing code %s: Python says %d, %t; the table %d, %t", code, size, ok, row.Size, inMultiprocessing)
		}
	}
}

// meaningful is how many bytes of a long double hold the number; C leaves
// whatever it likes in the rest.
func meaningful() int { return (longDoubleFormat.width() + 7) / 8 }

func checkLongDoubles(t *testing.T, a pythonAnswer) {
	for in, out := range a.Bytes {
		x := math.Float64frombits(bitsOf(t, in))
		ld := FromFloat64(x)
		want := unhex(t, out)
		if n := meaningful(); !bytes.Equal(ld[:n], want[:n]) && !math.IsNaN(x) {
			t.Errorf("%v (%s): got %x, Python %x", x, in, ld, want)
		}
		if ld.IsNaN() != math.IsNaN(x) {
			t.Errorf("%v: got %v", x, ld)
		}
	}
	for in, out := range a.Values {
		var ld LongDouble
		copy(ld[:], unhex(t, in))
		got, want := ld.Float64(), math.Float64frombits(bitsOf(t, out))
		if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%x: got %v, Python %v", ld, got, want)
		}
	}
}

// doublesToAsk are the corners and a fixed choice of others, as bytes in hex.
func doublesToAsk() []string {
	rng := rand.New(rand.NewPCG(1, 2))
	all := slices.Clone(corners)
	for range 300 {
		all = append(all, rng.Uint64(), rng.Uint64()>>12) // any number, and denormals
	}
	var out []string
	for _, b := range all {
		out = append(out, hex.EncodeToString(binary.NativeEndian.AppendUint64(nil, b)))
	}
	return out
}

// longDoublesToAsk are bytes that no float64 converts to: values around the range
// of float64 and its denormals, ties, and what the format itself calls invalid.
func longDoublesToAsk() []string {
	rng := rand.New(rand.NewPCG(3, 4))
	f := longDoubleFormat
	var out []string
	for range 2000 {
		sig := uint128{rng.Uint64(), rng.Uint64()}
		switch rng.IntN(3) {
		case 0: // a tie, or nearly
			cut := f.prec - 54 + rng.IntN(3)
			sig = sig.shr(max(cut, 0)).shl(max(cut, 0))
		case 1: // few bits set
			sig = oneBit(rng.IntN(128)).or(oneBit(rng.IntN(128)))
		}
		if rng.IntN(8) > 0 {
			sig = sig.or(oneBit(f.prec - 1)) // as x87 wants it, mostly
		}
		exp := rng.IntN(f.maxExp() + 1)
		switch rng.IntN(6) {
		case 0, 1:
			exp = min(max(f.bias()-1080+rng.IntN(70), 0), f.maxExp()) // denormals of float64
		case 2:
			exp = min(f.bias()+1018+rng.IntN(10), f.maxExp()) // its upper end
		case 3:
			exp = f.bias() + rng.IntN(64)
		case 4:
			exp = rng.IntN(2) * f.maxExp()
		}
		w := sig.low(f.sigBits()).or(uint128{lo: uint64(exp)}.shl(f.sigBits()))
		if rng.IntN(2) == 0 {
			w = w.or(oneBit(f.width() - 1))
		}
		ld := fromWord(w)
		out = append(out, hex.EncodeToString(ld[:]))
	}
	return out
}

func bitsOf(t *testing.T, s string) uint64 { return binary.NativeEndian.Uint64(unhex(t, s)) }

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
