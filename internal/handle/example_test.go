package handle_test

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// What a sender looks for in a message: the objects that it has to keep alive on the way.
func ExampleScanRefs() {
	lock := handle.Blob{Kind: handle.KindLock, Ref: arena.Ref{Off: 0x2001000, Serial: 1}}
	message, err := cbor.Marshal(map[string]any{"name": "job", "locks": []any{lock, lock}})
	if err != nil {
		fmt.Println(err)
		return
	}
	refs, err := handle.ScanRefs(message)
	fmt.Printf("%x %v\n", refs, err)
	// Output: [{2001000 1}] <nil>
}
