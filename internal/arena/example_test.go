package arena_test

import (
	"errors"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// An object lives as long as somebody has a handle to it.
func Example() {
	h, err := arena.New(arena.Spec{Kind: 1, Size: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	ref := h.Ref() // which may travel to another process of the family
	other, err := arena.Attach(ref)
	fmt.Println(other.Size(), other.Same(h), err)
	_ = h.Close()
	_ = other.Close()
	_, err = arena.Attach(ref)
	fmt.Println("gone:", errors.Is(err, errs.ErrStale))
	// Output:
	// 100 true <nil>
	// gone: true
}
