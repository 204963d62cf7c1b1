package pickletest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// What a damaged pickle may cost. Limits.Memory is an estimate of what the values take; slices that grow are allocated about twice, and what allocates in the test itself is part of slack.
const (
	memoryLimit = 1 << 20
	mostMemory  = 4 * memoryLimit
	slack       = 256 << 10
	// perByte is what a limit in proportion to the pickle allows. An empty dict, in a slice that grows, takes 80 bytes for its one; pickles of Python's need no more (see decode).
	perByte = 128
	// longest is far more than any input of a test should take, on a machine that is busy.
	longest = 2 * time.Minute
)

// proportionate is a limit by the size of the pickle alone.
func proportionate(data []byte) pickle.Limits {
	return pickle.Limits{Memory: int64(perByte*len(data) + 64<<10)}
}

// spent is how many bytes f allocates, whether or not they are freed again.
func spent(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// hostile does with data all that a program can do with what a stranger has sent, and returns what is wrong with the outcome. It reports whether data was a pickle.
func hostile(data []byte) (read bool, err error) { return costs(data, true) }

// costs is hostile, with or without texts of the value: these may have 256 MiB, whose making takes seconds.
func costs(data []byte, texts bool) (read bool, err error) {
	begin := time.Now()
	defer caught(&err)
	defer func() {
		if d := time.Since(begin); err == nil && d > longest {
			err = fmt.Errorf("it takes %v", d)
		}
	}()
	cfg := pickle.Config{Limits: pickle.Limits{Memory: memoryLimit, Size: 64 << 20}}
	var v, w any
	var failed error
	if n := spent(func() { v, failed = cfg.Decode(data) }); n > mostMemory+slack+4*uint64(len(data)) {
		return false, fmt.Errorf("Decode allocates %d bytes for %d under a limit of %d", n, len(data), memoryLimit)
	}
	var streamed error
	if n := spent(func() { w, streamed = cfg.NewDecoder(bytes.NewReader(data)).Value() }); n > mostMemory+slack+4*uint64(len(data)) {
		return false, fmt.Errorf("a Decoder allocates %d bytes for %d under a limit of %d", n, len(data), memoryLimit)
	}
	if failed == nil && streamed != nil {
		return true, fmt.Errorf("Decode reads it, a Decoder says: %w", streamed)
	}
	small := proportionate(data)
	if n := spent(func() { _, _ = pickle.Config{Limits: small}.Decode(data) }); n > 2*uint64(small.Memory)+slack {
		return false, fmt.Errorf("Decode allocates %d bytes for %d, %d each, under a limit of %d", n, len(data), n/uint64(max(1, len(data))), small.Memory)
	}
	if failed != nil {
		return false, nil
	}
	if texts {
		text, err := py.Repr(v)
		other, err2 := py.Repr(w)
		if text != other || (err == nil) != (err2 == nil) {
			return true, fmt.Errorf("read twice, it is %.200s (%v) and %.200s (%v)", text, err, other, err2)
		}
		_, _ = py.Str(v)
	}
	return true, useAll(cfg, v, w, data)
}

// useAll calls what walks over values. v and w were read from the same pickle.
func useAll(cfg pickle.Config, v, w py.Value, data []byte) error {
	for protocol := 2; protocol <= 5; protocol++ {
		cfg.Protocol = protocol
		out, err := cfg.Marshal(v)
		if err != nil {
			continue // a limit, or what this protocol can't say
		}
		// A str of Python 2 where only bytes make sense, for example, is bytes after that.
		if err := again(cfg, v, out, true); err != nil {
			return fmt.Errorf("with protocol %d: %w\nwritten: %.500q", protocol, err, out)
		}
	}
	_, _ = py.Equal(v, w)
	_, _ = py.Less(v, w)
	_, _ = py.Hash(v)
	py.Truth(v)
	py.TypeName(v)
	for _, to := range []any{new(any), new(map[string]any), new([]any), new(string), new(int), new(float64), new([]byte), new(time.Time), new(struct{ A, B any }), new(error)} {
		_ = pickle.Assign(v, to)
		_ = pickle.Unmarshal(data, to)
	}
	return nil
}

// material is pickles to damage: Go's own and, if there is a Python, those that Python makes of graphs.
func material(t testing.TB, r *rand.Rand, n int) (out [][]byte) {
	for len(out) < n {
		cfg := pickle.Config{Protocol: 2 + r.IntN(4)}
		data, err := cfg.Marshal(newSource(r, false, false).value(0))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	for _, p := range pythons.Find() {
		c := p.Serve(t, modules("pickletest_child", childSource)...)
		for range max(1, n/len(pythons.Find())/3) {
			q := request{Op: "make", Seed: r.Uint64(), Level: level(p), Variants: variants(r, p)}
			a, data, err := ask(c, q)
			if err != nil {
				t.Fatal(err)
			}
			for i := range q.Variants {
				if a.Whys[i] == "" && len(data[i]) < 20_000 {
					out = append(out, data[i])
				}
			}
		}
		c.Close()
	}
	return out
}

// TestHostile: neither damaged pickles nor programs of random opcodes panic, cost more than the limits say, or are read in two ways.
func TestHostile(t *testing.T) {
	r := rand.New(rand.NewPCG(firstSeed(t), 3))
	pickles := material(t, r, 100)
	var inputs, read, size int
	for end := time.Now().Add(*duration); time.Now().Before(end); inputs++ {
		var data []byte
		if r.IntN(3) == 0 {
			data = program(r)
		} else {
			data = mutate(r, pickles[r.IntN(len(pickles))], pickles[r.IntN(len(pickles))])
		}
		ok, err := hostile(data)
		if err != nil {
			t.Fatalf("%v\nread: %.2000q", err, data)
		}
		size += len(data)
		if ok {
			read++
		}
	}
	t.Logf("%d damaged pickles and programs of %d bytes, of which %d could be read", inputs, size, read)
	if inputs > 2000 && read*100 < inputs {
		t.Errorf("of %d inputs only %d were read: they are too much damaged to show anything", inputs, read)
	}
}

// TestBombs: pickles that are made to cost much.
func TestBombs(t *testing.T) {
	u32 := func(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }
	u64 := func(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
	repeat := func(s string, n int) string { return string(bytes.Repeat([]byte(s), n)) }
	laughs := func(end string) string {
		s := "]q\x00"
		for i := range 60 {
			s += fmt.Sprintf("(h%c", byte(i)) + repeat(fmt.Sprintf("h%c", byte(i)), 9) + end + fmt.Sprintf("q%c", byte(i+1))
		}
		return s + "."
	}
	for name, data := range map[string]string{
		"laughing lists": laughs("l"), "laughing tuples": laughs("t"), "laughing instances": laughs("(cm\nC\no"),
		"long text": "X" + u32(1<<32-1) + "a.", "long text 8": "\x8d" + u64(1<<63-1) + "a.", "negative text": "\x8d" + u64(1<<64-1) + "a.", "long bytes": "B" + u32(1<<31) + "a.",
		"long bytes 8": "\x8e" + u64(1<<40) + "a.", "long bytearray": "\x96" + u64(1<<40) + "a.", "long int": "\x8b" + u32(1<<31-1) + "a.", "long string": "T" + u32(1<<31-1) + "a.",
		"frame": "\x80\x04\x95" + u64(1<<62) + "N.", "memo hole": "Nr" + u32(1<<32-1) + ".", "memo hole in words": "Np4294967295\n.", "memo holes": "N" + repeat("r"+u32(1<<30), 1000) + ".",
		"put in words": "Np99999999999999999999\n.", "deep lists": repeat("]", 1_000_000) + repeat("a", 999_999) + ".", "deep tuples": "N" + repeat("\x85", 1_000_000) + ".",
		"deep marks": repeat("(", 1_000_000) + repeat("l", 1_000_000) + ".", "deep dicts": "]" + repeat("}N", 500_000) + repeat("s", 499_999) + ".", "deep sets": "N" + repeat("(\x91\x85", 10) + repeat("(", 500_000) + ".",
		"deep calls": "cm\nC\nq\x00" + repeat("h\x00", 300_000) + repeat(")R\x85R", 300_000) + ".", "deep instances": "cm\nC\nq\x00" + repeat("h\x00)\x81", 300_000) + repeat("b", 299_999) + ".",
		"many dicts": "(" + repeat("}", 1_000_000) + "t.", "many lists": "(" + repeat("]", 1_000_000) + "t.", "many sets": "(" + repeat("\x8f", 1_000_000) + "t.", "many copies": "(]q\x00" + repeat("h\x00", 1_000_000) + "t.",
		"many states": "cm\nC\n)\x81" + repeat("Nb", 500_000) + ".", "range": "c__builtin__\nxrange\n(K\x00L" + repeat("9", 4000) + "L\nK\x01tR.", "int in words": "L" + repeat("9", 2_000_000) + "L\n.",
		"float in words": "F" + repeat("9", 2_000_000) + "\n.", "decimal": "cdecimal\nDecimal\n(X" + u32(12) + "1E+999999999tR.", "fraction": "cfractions\nFraction\n(X" + u32(12) + "1E+999999999tR.",
		"one text many times": "(X" + u32(100_000) + repeat("a", 100_000) + "q\x00" + repeat("h\x00", 100_000) + "t.", "one int many times": "(\x8b" + u32(100_000) + repeat("a", 100_000) + "q\x00" + repeat("h\x00", 100_000) + "t.",
		"repeated list": "coperator\nmul\n(](K\x00eJ" + u32(1<<30) + "tR.", "bytes of a number": "c__builtin__\nbytearray\n(J" + u32(1<<30) + "tR.", "bytes of a number 2": "c__builtin__\nbytes\n(J" + u32(1<<30) + "tR.",
		"array of a range": "carray\narray\n(X\x01\x00\x00\x00ic__builtin__\nxrange\n(J" + u32(1<<30) + "tRtR.", "set of a range": "c__builtin__\nset\n(c__builtin__\nxrange\n(J" + u32(1<<30) + "tRtR.",
		"list of a range": "c__builtin__\nlist\n(c__builtin__\nxrange\n(J" + u32(1<<30) + "tRtR.", "equal keys": "(" + repeat("K\x01N", 500_000) + "d.", "set in itself": "\x8fq\x00(h\x00\x90.",
		"frozenset of tuples": "(N" + repeat("\x85(\x91", 1) + "(\x91.", "dict in itself": "}q\x00(h\x00h\x00u.",
	} {
		t.Run(name, func(t *testing.T) {
			read, err := costs([]byte(data), !strings.HasPrefix(name, "laughing"))
			if err != nil {
				t.Error(err)
			}
			t.Logf("read: %v", read)
		})
	}
}

// FuzzDecode is TestHostile with Go's own fuzzing.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		f.Add(program(r))
		data, err := pickle.Config{Protocol: 2 + r.IntN(4)}.Marshal(newSource(r, false, false).value(0))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := hostile(data); err != nil {
			t.Error(err)
		}
	})
}

// FuzzDecoder reads a stream that comes in pieces: it must give the same values as the whole.
func FuzzDecoder(f *testing.F) {
	f.Add([]byte("\x80\x04]\x94(K\x01X\x01\x00\x00\x00ae.N.\x80\x02}q\x00."), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		whole, parts := pickle.NewDecoder(bytes.NewReader(data)), pickle.NewDecoder(&pieces{data, int(piece)%7 + 1})
		for {
			a, err := whole.Value()
			b, err2 := parts.Value()
			if (err == nil) != (err2 == nil) || (err == io.EOF) != (err2 == io.EOF) {
				t.Fatalf("whole: %v, in pieces: %v", err, err2)
			}
			if err != nil {
				return
			}
			one, err := pickle.Marshal(a)
			two, err2 := pickle.Marshal(b)
			if !bytes.Equal(one, two) || (err == nil) != (err2 == nil) {
				t.Fatalf("whole: %q, %v, in pieces: %q, %v", one, err, two, err2)
			}
		}
	})
}

// pieces is a reader that gives some bytes at a time.
type pieces struct {
	data []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.n)], p.data)
	p.data = p.data[n:]
	return n, nil
}
