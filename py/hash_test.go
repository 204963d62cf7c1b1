package py

import "testing"

// A tuple that another one has many times is hashed once, also if there are no tuples in it.
func TestHashOfASharedWideTuple(t *testing.T) {
	wide := make(Tuple, 200_000)
	for i := range wide {
		wide[i] = int64(i)
	}
	set, err := NewFrozenSet(wide...)
	if err != nil {
		t.Fatal(err)
	}
	wide[0] = &Object{} // whose hash no frozenset keeps
	for _, part := range []Value{wide, set} {
		outer := make(Tuple, 200_000)
		for i := range outer {
			outer[i] = part
		}
		soon(t, func() {
			if _, err := Hash(outer); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEqualOfASharedWideTuple(t *testing.T) {
	var sides [2]Tuple
	for i := range sides {
		wide := make(Tuple, 200_000)
		for i := range wide {
			wide[i] = int64(i)
		}
		for range 200_000 {
			sides[i] = append(sides[i], wide)
		}
	}
	soon(t, func() {
		if equal, err := Equal(sides[0], sides[1]); !equal || err != nil {
			t.Error(equal, err)
		}
		if r, err := Less(sides[0], sides[1]); r || err != nil {
			t.Error(r, err)
		}
	})
}
