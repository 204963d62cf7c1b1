package layout

import (
	"errors"
	"reflect"
	"strings"
	"structs"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
)

type (
	celsius float64
	point   struct{ X, Y float64 }
	tag     struct {
		ID   int32
		Name string
	}
	conf struct {
		N    int64
		Tags [4]tag
	}
	list struct {
		V    int64
		Next *list
	}
	pair[T any] struct{ A, B T }
	counter     atomic.Int64
	mutex       sync.Mutex
	named       struct {
		point
		T celsius
	}
)

func TestAccepted(t *testing.T) {
	if unsafe.Sizeof(int(0)) != 8 {
		t.Skip("the table is written for 64-bit platforms")
	}
	tests := []struct {
		typ         reflect.Type
		name        string
		size, align uintptr
	}{
		{reflect.TypeFor[bool](), "bool", 1, 1},
		{reflect.TypeFor[byte](), "uint8", 1, 1},
		{reflect.TypeFor[rune](), "int32", 4, 4},
		{reflect.TypeFor[int](), "int64", 8, 8},
		{reflect.TypeFor[uint](), "uint64", 8, 8},
		{reflect.TypeFor[time.Duration](), "int64", 8, 8},
		{reflect.TypeFor[celsius](), "float64", 8, 8},
		{reflect.TypeFor[complex64](), "complex64", 8, 4},
		{reflect.TypeFor[complex128](), "complex128", 16, 8},
		{reflect.TypeFor[[3][2]int16](), "[3][2]int16", 12, 2},
		{reflect.TypeFor[point](), "struct{X float64; Y float64}", 16, 8},
		{reflect.TypeFor[pair[int]](), "struct{A int64; B int64}", 16, 8},
		{reflect.TypeFor[named](), "struct{point struct{X float64; Y float64}; T float64}", 24, 8},
		{reflect.TypeFor[struct {
			X float64
			N [3]int32
		}](), "struct{X float64; N [3]int32}", 24, 8},
		{reflect.TypeFor[struct {
			_ [3]byte
			n int8
		}](), "struct{_ [3]uint8; n int8}", 4, 1},
		{reflect.TypeFor[struct {
			_ structs.HostLayout
			V int32
		}](), "struct{_ struct{_ struct{}}; V int32}", 4, 4},
		{reflect.TypeFor[atomic.Bool](), "uint32", 4, 4},
		{reflect.TypeFor[atomic.Int32](), "int32", 4, 4},
		{reflect.TypeFor[atomic.Uint32](), "uint32", 4, 4},
		{reflect.TypeFor[atomic.Int64](), "int64", 8, 8},
		{reflect.TypeFor[[2]atomic.Uint64](), "[2]uint64", 16, 8},
		{reflect.TypeFor[counter](), "struct{_ struct{}; _ struct{}; v int64}", 8, 8},
	}
	for _, tt := range tests {
		l, err := Of(tt.typ)
		if err != nil {
			t.Errorf("Of(%v): %v", tt.typ, err)
			continue
		}
		if l.Name != tt.name || l.Size != tt.size || l.Align != tt.align {
			t.Errorf("Of(%v) = %q size %d align %d, want %q size %d align %d",
				tt.typ, l.Name, l.Size, l.Align, tt.name, tt.size, tt.align)
		}
		if l.Fingerprint == 0 || l.Fingerprint != fingerprint(l.Name) {
			t.Errorf("Of(%v): fingerprint %#x", tt.typ, l.Fingerprint)
		}
	}
}

func TestRefused(t *testing.T) {
	if unsafe.Sizeof(int(0)) != 8 {
		t.Skip("the table is written for 64-bit platforms")
	}
	tests := []struct {
		typ          reflect.Type
		path, reason string
	}{
		{reflect.TypeFor[string](), "string", "a string holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]"},
		{reflect.TypeFor[[]int](), "", "a slice ([]int) holds the address of its elements; use an array of fixed length, or a shm.Array of its own"},
		{reflect.TypeFor[conf](), "conf.Tags[].Name", "a string holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]"},
		{reflect.TypeFor[[2]conf](), "[].Tags[].Name", "a string holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]"},
		{reflect.TypeFor[list](), "list.Next", "a pointer (*layout.list): an address means nothing in another process; use the value itself, or an index into a shm.Array"},
		{reflect.TypeFor[struct{ A, B map[string]int }](), "A", "a map (map[string]int) lives in this process's heap; use an array of key and value structs"},
		{reflect.TypeFor[error](), "error", "an interface (error) holds the addresses of a type and a value; use a concrete type"},
		{reflect.TypeFor[struct{ V any }](), "V", "an interface (interface {}) holds the addresses of a type and a value; use a concrete type"},
		{reflect.TypeFor[struct{ C [1]chan int }](), "C[]", "a channel (chan int) lives in this process's heap; use a shm.Array under its lock for what it would carry"},
		{reflect.TypeFor[pair[func()]](), "pair[func()].A", "a function (func()) is an address of code; use multiproc.Register and the function's name"},
		{reflect.TypeFor[struct {
			_ [0]func()
			V int
		}](), "_[]", "a function (func()) is an address of code; use multiproc.Register and the function's name"},
		{reflect.TypeFor[unsafe.Pointer](), "Pointer", "an unsafe.Pointer: an address means nothing in another process; use an offset or an index as uint64"},
		{reflect.TypeFor[uintptr](), "uintptr", "a uintptr: an address means nothing in another process; use uint64 if it is a number"},
		{reflect.TypeFor[struct {
			Mu sync.Mutex
			N  int
		}](), "Mu", "sync.Mutex works between goroutines of one process only; use a psync.Lock beside the value"},
		{reflect.TypeFor[struct{ sync.RWMutex }](), "RWMutex", "sync.RWMutex works between goroutines of one process only; use a psync.Lock beside the value"},
		{reflect.TypeFor[mutex](), "mutex.mu", "sync.Mutex works between goroutines of one process only; use a psync.Lock beside the value"},
		{reflect.TypeFor[sync.WaitGroup](), "WaitGroup", "sync.WaitGroup works between goroutines of one process only; use an atomic.Int64 as the count, and Process.Wait for the end of workers"},
		{reflect.TypeFor[sync.Once](), "Once", "sync.Once works between goroutines of one process only; use an atomic.Bool, or a psync.Lock beside the value"},
		{reflect.TypeFor[sync.Cond](), "Cond", "sync.Cond works between goroutines of one process only; use a psync.Lock beside the value, and look again under it"},
		{reflect.TypeFor[sync.Map](), "Map", "sync.Map works between goroutines of one process only; use plain fields, under a psync.Lock"},
		{reflect.TypeFor[struct{ P atomic.Pointer[int] }](), "P", "atomic.Pointer holds an address, which means nothing in another process; use an index in an atomic.Int64"},
		{reflect.TypeFor[atomic.Uintptr](), "Uintptr", "atomic.Uintptr holds an address, which means nothing in another process; use atomic.Uint64 if it is a number"},
		{reflect.TypeFor[atomic.Value](), "Value", "atomic.Value holds an interface, which is two addresses; use atomic.Int64 or atomic.Uint64, or a value under a psync.Lock"},
		{reflect.TypeFor[struct{ At time.Time }](), "At", "time.Time holds the address of its time zone; use an int64 with t.UnixNano()"},
		{reflect.TypeFor[struct{}](), "", "has no bytes, so there is nothing to share; use a type with at least one field of some size"},
		{reflect.TypeFor[[0]int](), "", "has no bytes, so there is nothing to share; use a type with at least one field of some size"},
		{nil, "", "there is no type; give a value or a type"},
	}
	for _, tt := range tests {
		l, err := Of(tt.typ)
		var e *Error
		if !errors.As(err, &e) || l != nil {
			t.Errorf("Of(%v) = %v, %v, want an *Error", tt.typ, l, err)
			continue
		}
		if e.Path != tt.path || e.Reason != tt.reason {
			t.Errorf("Of(%v):\n path %q reason %q\n want %q, %q", tt.typ, e.Path, e.Reason, tt.path, tt.reason)
		}
		if tt.typ != nil && e.Type != tt.typ.String() {
			t.Errorf("Of(%v): type %q", tt.typ, e.Type)
		}
	}
}

func TestIntOn32Bit(t *testing.T) {
	r := compute(reflect.TypeFor[struct{ N [2]uint }](), 32)
	if r.err == nil || r.err.Path != "N[]" ||
		r.err.Reason != "uint has 32 bits on this platform and 64 on others; use uint32 or uint64" {
		t.Errorf("got %v", r.err)
	}
	if r := compute(reflect.TypeFor[struct{ N [2]uint64 }](), 32); r.err != nil {
		t.Error(r.err)
	}
}

func TestFlags(t *testing.T) {
	type count struct{ N [2]atomic.Int32 }
	if l, err := For[byte](); err != nil || !l.Bytes || l.Atomic {
		t.Errorf("byte: %+v, %v", l, err)
	}
	if l, err := For[int8](); err != nil || l.Bytes {
		t.Errorf("int8: %+v, %v", l, err)
	}
	if l, err := For[count](); err != nil || l.Bytes || !l.Atomic {
		t.Errorf("count: %+v, %v", l, err)
	}
}

// The number is written into shared memory and compared there by programs built
// at other times, so it may never change.
func TestFingerprintIsStable(t *testing.T) {
	tests := map[string]uint64{
		"float64":                      0x8cf8aea3885527a7,
		"struct{X float64; Y float64}": 0x5049c4a94b0bfd52,
	}
	for name, want := range tests {
		if got := fingerprint(name); got != want {
			t.Errorf("fingerprint(%q) = %#x, want %#x", name, got, want)
		}
	}
}

func TestSameLayoutForAllCallers(t *testing.T) {
	first, err := For[point]()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if l, err := For[point](); l != first || err != nil {
				t.Errorf("another layout: %v, %v", l, err)
			}
		})
	}
	wg.Wait()

	_, err1 := For[conf]()
	err1.(*Error).Reason = "changed"
	if _, err2 := For[conf](); err2.(*Error).Reason == "changed" {
		t.Error("a caller can change what others see")
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[unsafe.Pointer](), "multiproc: unsafe.Pointer cannot live in shared memory: an unsafe.Pointer: an address"},
		{reflect.TypeFor[sync.Mutex](), "multiproc: sync.Mutex cannot live in shared memory: sync.Mutex works"},
		{reflect.TypeFor[list](), "multiproc: layout.list cannot live in shared memory: list.Next: a pointer (*layout.list)"},
		{reflect.TypeFor[[]byte](), "multiproc: []uint8 cannot live in shared memory: a slice ([]uint8) holds"},
	}
	for _, tt := range tests {
		if _, err := Of(tt.typ); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got  %v\nwant %s...", err, tt.want)
		}
	}
}
