// Package debug reads the environment variable MULTIPROC_DEBUG, a list of words separated by commas:
//
//	quarantine  freed small blocks are overwritten and kept from reuse, so that a use after Close shows
//	nowaitv     do without futex_waitv, as on Linux before 5.16 or under a strict seccomp profile
//	nopidfd     notice the death of peers by polling, as on Linux before 5.3
//
// The last two are for tests of the ways that older systems take.
package debug

import (
	"os"
	"slices"
	"strings"
)

// Env is the variable's name.
const Env = "MULTIPROC_DEBUG"

// Has reports whether the word is in the list.
func Has(word string) bool {
	v := os.Getenv(Env)
	return v != "" && slices.Contains(strings.Split(v, ","), word)
}
