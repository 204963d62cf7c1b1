package py

import "hash/maphash"

// Foreign is implemented by pointers to types of other packages that are to be values like any other: they stand in containers, can be keys, equal themselves only, and have the texts that their
// methods give.
type Foreign interface {
	// PythonRepr is the repr.
	PythonRepr() string
	// PythonType is what TypeName says: the name of the class as it stands in Python's messages.
	PythonType() string
}

// hashForeign is the hash of the identity.
func hashForeign(f Foreign) uint64 { return maphash.Comparable(seed, f) }
