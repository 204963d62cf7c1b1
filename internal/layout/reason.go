package layout

import (
	"reflect"
	"strings"
)

// kindReason says what is wrong with a type of a kind that is never shared.
func kindReason(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return found(t, "a string") + " holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]"
	case reflect.Slice:
		return found(t, "a slice") + " holds the address of its elements; use an array of fixed length, or a shm.Array of its own"
	case reflect.Pointer:
		return found(t, "a pointer") + ": an address means nothing in another process; use the value itself, or an index into a shm.Array"
	case reflect.Map:
		return found(t, "a map") + " lives in this process's heap; use an array of key and value structs"
	case reflect.Interface:
		return found(t, "an interface") + " holds the addresses of a type and a value; use a concrete type"
	case reflect.Chan:
		return found(t, "a channel") + " lives in this process's heap; use a shm.Array under its lock for what it would carry"
	case reflect.Func:
		return found(t, "a function") + " is an address of code; use multiproc.Register and the function's name"
	case reflect.UnsafePointer:
		return found(t, "an unsafe.Pointer") + ": an address means nothing in another process; use an offset or an index as uint64"
	case reflect.Uintptr:
		return found(t, "a uintptr") + ": an address means nothing in another process; use uint64 if it is a number"
	default:
		return found(t, "a "+t.Kind().String()) + " is of a kind that cannot be shared; use numbers, arrays and structs"
	}
}

// found names the kind and, where that says more, the type itself.
func found(t reflect.Type, kind string) string {
	if name := t.String(); !strings.HasSuffix(kind, " "+name) {
		return kind + " (" + name + ")"
	}
	return kind
}

// syncReason names the counterpart in psync where there is one. All these types
// keep their waiters in this process's runtime, so even those whose bytes are
// plain numbers would wake nobody elsewhere.
func syncReason(t reflect.Type) string {
	s := "sync." + t.Name() + " works between goroutines of one process only; "
	switch t.Name() {
	case "Mutex", "RWMutex", "Locker":
		return s + "use a psync.Lock beside the value"
	case "Cond":
		return s + "use a psync.Lock beside the value, and look again under it"
	case "WaitGroup":
		return s + "use an atomic.Int64 as the count, and Process.Wait for the end of workers"
	case "Once":
		return s + "use an atomic.Bool, or a psync.Lock beside the value"
	default:
		return s + "use plain fields, under a psync.Lock"
	}
}

func atomicReason(t reflect.Type) string {
	name, _, generic := strings.Cut(t.Name(), "[")
	s := "atomic." + name
	switch {
	case generic:
		return s + " holds an address, which means nothing in another process; use an index in an atomic.Int64"
	case name == "Uintptr":
		return s + " holds an address, which means nothing in another process; use atomic.Uint64 if it is a number"
	case name == "Value":
		return s + " holds an interface, which is two addresses; use atomic.Int64 or atomic.Uint64, or a value under a psync.Lock"
	default:
		return s + " is not known to be shareable; use atomic.Bool, Int32, Int64, Uint32 or Uint64"
	}
}
