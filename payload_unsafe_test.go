//go:build linux

package multiproc

import (
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
)

func payloadBytes(h *arena.Handle) []byte {
	return unsafe.Slice((*byte)(h.Payload()), h.Size())
}
