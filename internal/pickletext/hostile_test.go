package pickletext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/py"
)

var errEnough = errors.New("enough")

// bounded takes some bytes, and fails then.
type bounded struct{ n, left int }

func (b *bounded) Write(p []byte) (int, error) {
	b.n += len(p)
	if b.left -= len(p); b.left < 0 {
		return 0, errEnough
	}
	return len(p), nil
}

// within fails if f takes far longer than it should: what the tests below are about would take minutes, or years.
func within(t *testing.T, name string, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s takes more than a minute", name)
	}
}

// doubled is an object that is 2**n objects, if each reference is printed.
func doubled(t *testing.T, n int, made func(below py.Value) py.Value) (v py.Value) {
	for range n {
		v = made(v)
	}
	return v
}

// Attributes are printed one level less deep than they are in the pickle, in which they are in a dict. Each object gets its anchor all the same.
func TestObjectsAreCountedAsDeepAsTheyArePrinted(t *testing.T) {
	object := func(below py.Value) py.Value {
		d := py.NewDict()
		for i := range 50 {
			_ = d.Set(fmt.Sprintf("a%d", i), below)
		}
		return &py.Object{Form: py.Made, Class: global("app", "Job"), Built: true, State: d}
	}
	// What is met far too deep at first is shown where it is less deep.
	list := doubled(t, 40, func(v py.Value) py.Value { return py.NewList(v, v) })
	chain := list
	for range 4 * py.MaxDepth {
		chain = py.NewList(chain)
	}
	for name, v := range map[string]py.Value{"objects": doubled(t, 18, object), "list": py.Tuple{chain, list}} {
		within(t, name, func() error { return WriteValue(&bounded{left: 1 << 20}, v, DefaultOptions) })
	}
}

// Whatever kind of value a pickle has that is large, and to which it refers again and again: no more of it is printed than Chars says.
func TestSharedLargeValues(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	number := new(big.Int).Lsh(big.NewInt(1), 8*4<<20)
	digits, err := py.ParseDecimal(strings.Repeat("7", 100_000))
	if err != nil {
		t.Fatal(err)
	}
	named := func() py.Value {
		return &py.Object{Form: py.Made, Class: global("app", "Job"), Built: true, State: dict(t, long, int64(1))}
	}
	for name, large := range map[string]func() py.Value{
		"str":       func() py.Value { return long },
		"bytes":     func() py.Value { return py.Bytes(long) },
		"int":       func() py.Value { return number },
		"decimal":   func() py.Value { return digits },
		"fraction":  func() py.Value { return &py.Fraction{Num: number, Den: big.NewInt(1)} },
		"range":     func() py.Value { return py.Range{Start: int64(0), Stop: number, Step: int64(1)} },
		"class":     func() py.Value { return global("app", long) },
		"module":    func() py.Value { return &py.Object{Class: global(long, "f")} },
		"attribute": named,
		"keyword": func() py.Value {
			return &py.Object{Form: py.MadeWith, Class: global("a", "b"), Kwargs: dict(t, long, nil)}
		},
		"zone":       func() py.Value { return py.TimeZone{Name: long} },
		"time":       func() py.Value { return py.Time{TZ: py.TimeZone{Name: py.Str2(long)}} },
		"datetime":   func() py.Value { return py.DateTime{Year: 2000, Month: 1, Day: 1, TZ: py.TimeZone{Name: long}} },
		"characters": func() py.Value { return &py.Array{Typecode: 'u', Data: make([]byte, 4000)} },
	} {
		var all []py.Value
		for range 30 {
			row := &py.List{}
			for range 30 {
				row.Items = append(row.Items, large())
			}
			all = append(all, row)
		}
		within(t, name, func() error { return WriteValue(&bounded{left: 900 * 1000}, &py.List{Items: all}, DefaultOptions) })
	}
}

func TestCutsOfOtherLeaves(t *testing.T) {
	o := Options{Width: 80, Chars: 4}
	long := strings.Repeat("x", 10_000)
	digits, err := py.ParseDecimal(strings.Repeat("7", 10_000))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		v    py.Value
		want string
	}{
		{long, "'xxxx'... (10000 bytes)"}, // nobody counts its characters
		{global("app", long), "global('app', 'xxxx'... (10000 bytes))"},
		{py.TimeZone{Name: "äöü"}, "datetime.timezone(datetime.timedelta(0), 'äö...')"},
		{digits, "Deci... (10011 bytes)"},
		{&py.Array{Typecode: 'w', Data: bytes.Repeat([]byte{'a', 0, 0, 0}, 5)}, "array('w', 'aaaa'... (5 characters))"},
		{&py.Object{Form: py.Made, Class: global("app", "Job"), Built: true, State: dict(t, long, nil)}, "new app.Job() {state = {'xxxx'... (10000 bytes): None}}"},
	} {
		if got := text(t, tc.v, o); got != tc.want+"\n" {
			t.Errorf("%swant\n%s", got, tc.want)
		}
	}
}

// allocated is how many bytes f allocates, whether or not they are freed again.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A long text is not printed once for each of the values that it is in, to see that it doesn't fit: what was made and thrown away would have been allocated.
func TestLongTextDeepInside(t *testing.T) {
	for _, leaf := range []py.Value{strings.Repeat("x", 16<<20), &py.ByteArray{B: make([]byte, 16<<20)}} {
		v := leaf
		for range 90 {
			v = py.NewList(v)
		}
		var alone, inside string
		once := allocated(func() { alone = text(t, leaf, DefaultOptions.All()) })
		nested := allocated(func() { inside = text(t, v, DefaultOptions.All()) })
		if len(inside) < len(alone) {
			t.Errorf("%d bytes", len(inside))
		}
		t.Logf("%d bytes are allocated alone, %d inside of lists", once, nested)
		if nested > 3*once {
			t.Errorf("%T: %d bytes are allocated alone, %d inside of lists", leaf, once, nested)
		}
	}
}

// Depth is what the user asks for, but no pickle makes the printer exceed its stack: the memo nests values without an end, which the decoder does not see.
func TestNestedByTheMemo(t *testing.T) {
	const n = 1_000_000
	b := []byte("\x80\x04]\x940")
	for i := range uint32(n) {
		b = append(b, "]\x94j"...)
		b = append(binary.LittleEndian.AppendUint32(b, i), "a0"...)
	}
	b[len(b)-1] = '.'
	var out bytes.Buffer
	if err := WriteTree(&out, b, Options{Width: 80, Depth: 1 << 40}); err != nil || !strings.Contains(out.String(), "... (1)") {
		t.Errorf("%v, %d bytes", err, out.Len())
	}
}

// The operations that fetch a long argument don't go over it again.
func TestOpcodesOfSharedLargeValues(t *testing.T) {
	b := binary.LittleEndian.AppendUint32([]byte("\x80\x04X"), 4<<20)
	b = append(b, bytes.Repeat([]byte{'x'}, 4<<20)...)
	b = binary.LittleEndian.AppendUint32(append(b, "q\x000\x8b"...), 4<<20)
	b = append(b, bytes.Repeat([]byte{'x'}, 4<<20)...)
	b = append(b, "q\x010]("...)
	b = append(b, bytes.Repeat([]byte("h\x00h\x01"), 50_000)...)
	b = append(b, "e."...)
	within(t, "opcodes", func() error { return WriteOpcodes(&bounded{left: 16 << 20}, b, DefaultOptions) })
}

// Nothing is made for a writer that has failed.
func TestPrintingEndsWithTheWriter(t *testing.T) {
	w := &bounded{left: 1000}
	if err := WriteValue(w, py.NewList(ints(1_000_000)...), Options{Width: 10}); !errors.Is(err, errEnough) || w.n > 2000 {
		t.Errorf("%v after %d bytes", err, w.n)
	}
}

// What is wrong with a pickle is told without what it would like the terminal to do.
func TestPrintable(t *testing.T) {
	if got, want := Printable("a\x1b[31m\u202e\u009bé'\n\xff"), `a\x1b[31m\u202e\u009bé'\n`+"\ufffd"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Printable(strings.Repeat("x", 5000)); len(got) > 1100 {
		t.Errorf("%d bytes", len(got))
	}
}
