package psync

import "unsafe"

// The payload of an object whose state is one word, see semaphore.go and event.go for its bits:
//
//	0  u32  word
//	4  u32  reserved
const wordSize = 8

// stateWord is the word in a payload, which arena aligns to 16.
func stateWord(p unsafe.Pointer) *uint32 { return (*uint32)(p) }
