package object

import (
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

// The calls of the benchmarks are made as a server makes them: one Call, used again.

func BenchmarkLock(b *testing.B) { benchmarkLock(b, LockType, false) }

func BenchmarkRLock(b *testing.B) { benchmarkLock(b, RLockType, false) }

func BenchmarkLockReclaimed(b *testing.B) { benchmarkLock(b, LockType, true) }

func BenchmarkSemaphore(b *testing.B) { benchmarkLock(b, SemaphoreType, false) }

func benchmarkLock(b *testing.B, typ *Type, reclaim bool) {
	o := makeObject(b, typ)
	a := newActor("a")
	a.Reclaim = reclaim
	c := &Call{Caller: a.Caller}
	acquire, release := typ.Methods["acquire"], typ.Methods["release"]
	with := py.Tuple{true}
	b.ReportAllocs()
	for b.Loop() {
		c.Args = with
		if v, err := acquire(o, c); v != true || err != nil {
			b.Fatal(v, err)
		}
		c.Args = nil
		if _, err := release(o, c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueue(b *testing.B) {
	o := makeObject(b, QueueType)
	c := &Call{Caller: newActor("a").Caller}
	put, get := QueueType.Methods["put"], QueueType.Methods["get"]
	item := py.Tuple{"item"}
	b.ReportAllocs()
	for b.Loop() {
		c.Args = item
		if _, err := put(o, c); err != nil {
			b.Fatal(err)
		}
		c.Args = nil
		if _, err := get(o, c); err != nil {
			b.Fatal(err)
		}
	}
}
