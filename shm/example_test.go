package shm_test

import (
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc/psync"
	"github.com/multiproc-go/multiproc/shm"
)

func ExampleNewValue() {
	type position struct{ X, Y float64 }
	v, err := shm.NewValue(position{1, 2})
	if err != nil {
		log.Fatal(err)
	}
	defer v.Close()
	if err := v.Store(position{3, 4}); err != nil {
		log.Fatal(err)
	}
	p, err := v.Load()
	fmt.Println(p, err)

	_, err = shm.NewValue("text")
	fmt.Println(err)
	// Output:
	// {3 4} <nil>
	// multiproc: string cannot live in shared memory: a string holds the address of its text; use [N]byte, or shm.TextOf over an Array[byte]
}

// Update holds the lock from the read to the write, so no other process's update is lost in between.
func ExampleValue_Update() {
	hits, err := shm.NewValue(0)
	if err != nil {
		log.Fatal(err)
	}
	defer hits.Close()
	for range 3 {
		if err := hits.Update(func(n *int) { *n++ }); err != nil {
			log.Fatal(err) // a process died inside an Update: see Repair
		}
	}
	fmt.Println(hits)
	// Output: Value[int](3)
}

func ExampleNewArray() {
	a, err := shm.NewArray[float64](5)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	err = a.Update(func(s []float64) {
		for i := range s {
			s[i] = float64(i) / 2
		}
	})
	if err != nil {
		log.Fatal(err)
	}
	middle, err := a.View(1, 4)
	if err != nil {
		log.Fatal(err)
	}
	defer middle.Close()
	if err := middle.Set(0, 10); err != nil {
		log.Fatal(err)
	}
	fmt.Println(a)
	fmt.Println(middle.Set(3, 1))
	// Output:
	// Array[float64]([0 10 1 1.5 2])
	// shm: index 3 is out of range of an array of 3 elements
}

// The slice is the shared memory itself: everything that works on slices works on it, at its speed.
func ExampleRawArray_Slice() {
	r, err := shm.RawArrayOf([]int{3, 1, 2})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close() // s must not be used any more then
	s := r.Slice()
	s[0] += 4
	fmt.Println(r, len(s))
	// Output: RawArray[int]([7 1 2]) 3
}

// Two objects that are changed together share a lock, here and in every process to which they travel.
func ExampleWithLock() {
	l, err := psync.NewLock()
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	from, err := shm.NewValue(100, shm.WithLock(l))
	if err != nil {
		log.Fatal(err)
	}
	defer from.Close()
	to, err := shm.NewValue(0, shm.WithLock(l))
	if err != nil {
		log.Fatal(err)
	}
	defer to.Close()
	rawFrom, err := from.Raw()
	if err != nil {
		log.Fatal(err)
	}
	defer rawFrom.Close()
	rawTo, err := to.Raw()
	if err != nil {
		log.Fatal(err)
	}
	defer rawTo.Close()

	l.Lock() // the methods of from and to would wait for us: use the raw forms
	*rawFrom.Ptr() -= 30
	*rawTo.Ptr() += 30
	l.Unlock()
	fmt.Println(from, to)
	// Output: Value[int](70) Value[int](30)
}

func ExampleTextOf() {
	a, err := shm.NewArray[byte](8)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	text := shm.TextOf(a)
	if err := text.Store("hello"); err != nil {
		log.Fatal(err)
	}
	s, err := text.Load()
	fmt.Printf("%q %v\n", s, err)
	fmt.Println(text.Store("good morning"))
	// Output:
	// "hello" <nil>
	// shm: a string of 12 bytes does not fit into an array of 8
}

// A raw array gets a lock for those who want one; the memory stays the same.
func ExampleRawArray_Synchronized() {
	r, err := shm.RawArrayOf([]int{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	a, err := r.Synchronized()
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	if err := a.Fill(4); err != nil {
		log.Fatal(err)
	}
	r.Set(0, 5)
	fmt.Println(a)
	// Output: Array[int]([5 4 4])
}
