package py

import "testing"

// TestHashOfCycles: an object that is its own state, class or argument has a hash, as every Object.
func TestHashOfCycles(t *testing.T) {
	object := func(change func(o *Object)) *Object {
		o := &Object{Form: Made, Class: Global{"m", "C"}}
		change(o)
		return o
	}
	for name, change := range map[string]func(o *Object){
		"state":      func(o *Object) { o.Built, o.State = true, o },
		"class":      func(o *Object) { o.Class = o },
		"argument":   func(o *Object) { o.Args = Tuple{o, o} },
		"item":       func(o *Object) { o.Items = []Value{o, o} },
		"pair":       func(o *Object) { o.Pairs = []Pair{{o, o}} },
		"time zone":  func(o *Object) { o.State = NewList(Time{TZ: o}, DateTime{Year: 1, Month: 1, Day: 1, TZ: Tuple{o}}) },
		"slice":      func(o *Object) { o.Args = Tuple{Slice{o, o, o}} },
		"persistent": func(o *Object) { o.State = &Persistent{ID: Tuple{o}} },
	} {
		a, errA := Hash(object(change))
		b, errB := Hash(object(change))
		if a != b || errA != nil || errB != nil {
			t.Errorf("%s: %x, %v; %x, %v", name, a, errA, b, errB)
		}
		if equal, err := Equal(object(change), object(change)); !equal || err != nil {
			t.Errorf("%s: %v, %v", name, equal, err)
		}
	}
}
