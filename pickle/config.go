package pickle

import "github.com/multiproc-go/multiproc/py"

// Protocols that are written. All of them, and 0 and 1, are read.
const (
	DefaultProtocol = 4 // read by Python 3.4 and newer
	HighestProtocol = 5
)

// Config says how to read and write pickles. The zero Config is the default. A Config may be copied, and used by several goroutines.
type Config struct {
	// Protocol to write, 2 to 5; 0 is DefaultProtocol. With another nothing can be written.
	// Python 2.7 reads up to 2, 3.0 to 3.3 up to 3, 3.4 to 3.7 up to 4.
	Protocol int
	// Registry of the classes that are known; nil is the package's own, to which nothing can be added.
	Registry *Registry
	// Limits of what is read and written.
	Limits Limits
	// PersistentLoad gives the value of a persistent reference; nil leaves it a *py.Persistent.
	PersistentLoad func(id py.Value) (py.Value, error)
	// Buffers are the out-of-band buffers of protocol 5, in their order.
	Buffers [][]byte
	// TakeBuffer, with protocol 5, is asked for the contents of each bytes and bytearray that is
	// written. If it returns true the pickle says only that there is a buffer, and whoever reads it
	// must be given these in the same order: as Buffers, or as the argument buffers of Python's
	// pickle.loads, where each gives the object that it is. What b has must not be changed, and not
	// be kept longer than the value is unchanged.
	TakeBuffer func(b []byte) bool
	// DisallowUnknownFields makes it an error if a dict or an instance that is stored in a struct has
	// a key or attribute for which there is no field.
	DisallowUnknownFields bool
	// Alias lets large strings and bytes share the memory of the data they were read from, which must
	// not be changed afterwards.
	Alias bool
}

// Limits bound what an untrusted pickle, or value, can cost. A zero field is its default. The time that decoding takes has a limit, too, that can't be set: about a tenth of a second, and a
// microsecond for each byte, which only pickles come near that are made for it.
type Limits struct {
	Depth  int   // of values in one another; py.MaxDepth
	Size   int64 // of one pickle in bytes; 64 GiB
	Memo   int   // entries; 1<<27, and never more than the pickle's bytes justify
	Memory int64 // estimated bytes of the values made; 64 MiB and 128 times the size of the pickle
}
