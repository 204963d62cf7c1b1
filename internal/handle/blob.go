package handle

import (
	"encoding/binary"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
)

// Tag is the CBOR tag number of handles: "mprc", from the first-come range.
const Tag = 0x6d707263

// The kinds of handles.
const (
	KindLock = iota + 1
	KindRawValue
	KindRawArray
	KindValue
	KindArray
	KindRLock
	KindSemaphore
	KindBoundedSemaphore
	KindEvent
	KindCondition
	KindBarrier
	KindQueue
	KindJoinableQueue
	KindConn
	// The others are objects without a handle that users see: more rows of a ledger, a queue's item that is larger than its ring, a pipe's ring, what a
	// JoinableQueue knows of its consumers.
	KindRows
	KindItem
	KindPipe
	KindConsumers
)

var kindNames = [...]string{"", "psync.Lock", "shm.RawValue", "shm.RawArray", "shm.Value", "shm.Array", "psync.RLock", "psync.Semaphore", "psync.BoundedSemaphore",
	"psync.Event", "psync.Condition", "psync.Barrier", "queue.Queue", "queue.JoinableQueue", "queue.Conn", "table of rows", "large item",
	"pipe", "table of consumers"}

// KindName is the Go type of a kind of handle.
func KindName(kind uint8) string {
	if kind > 0 && int(kind) < len(kindNames) {
		return kindNames[kind]
	}
	return fmt.Sprintf("handle of unknown kind %d", kind)
}

const (
	version  = 1
	fixed    = 70
	maxBytes = 1 << 16
)

// Blob is a decoded handle.
type Blob struct {
	Kind     uint8
	Ref      arena.Ref
	Lock     arena.Ref // zero: the object's own lock, or none
	Off, Len uint64    // the view's first element and number of elements
	Flags    uint32
	Type     string // name of the element type, for messages; what is checked is the fingerprint in the object
}

// MarshalCBOR encodes the handle for this process's family.
func (b Blob) MarshalCBOR() ([]byte, error) {
	f, err := family.Home()
	if err != nil {
		return nil, err
	}
	if fixed+len(b.Type) > maxBytes {
		return nil, fmt.Errorf("multiproc: the name of element type %.80s... takes %d bytes, more than a handle can carry", b.Type, len(b.Type))
	}
	n := fixed + len(b.Type)
	out := make([]byte, 0, 5+5+n)
	out = binary.BigEndian.AppendUint32(append(out, 0xda), Tag) // tag with a 4-byte number
	out = binary.BigEndian.AppendUint32(append(out, 0x5a), uint32(n))
	id := f.ID()
	out = append(append(out, version, b.Kind), id[:]...)
	for _, v := range [...]uint64{b.Ref.Off, b.Ref.Serial, b.Lock.Off, b.Lock.Serial, b.Off, b.Len} {
		out = binary.LittleEndian.AppendUint64(out, v)
	}
	out = binary.LittleEndian.AppendUint32(out, b.Flags)
	return append(out, b.Type...), nil
}

// Parse decodes what MarshalCBOR wrote. Nothing in it is trusted beyond its form.
func Parse(data []byte, kind uint8) (Blob, error) {
	var raw cbor.RawTag
	if err := cbor.Unmarshal(data, &raw); err != nil {
		return Blob{}, fmt.Errorf("multiproc: a %s was expected: %w", KindName(kind), err)
	}
	if raw.Number != Tag {
		return Blob{}, fmt.Errorf("%w: a %s was expected, CBOR tag %d found", errs.ErrWrongType, KindName(kind), raw.Number)
	}
	// As strict as ScanRefs: what that would not find in a message must not be decoded from it.
	if c := raw.Content; len(c) == 0 || c[0]>>5 != 2 || c[0]&31 == 31 {
		return Blob{}, fmt.Errorf("%w: handle without its bytes", errs.ErrCorrupt)
	}
	var body []byte
	if err := cbor.Unmarshal(raw.Content, &body); err != nil {
		return Blob{}, fmt.Errorf("%w: handle: %w", errs.ErrCorrupt, err)
	}
	b, err := parseBody(body)
	if err != nil {
		return Blob{}, err
	}
	if b.Kind != kind {
		return Blob{}, fmt.Errorf("%w: a %s was expected, the message has a %s", errs.ErrWrongType, KindName(kind), KindName(b.Kind))
	}
	return b, nil
}

func parseBody(body []byte) (Blob, error) {
	if len(body) < fixed || len(body) > maxBytes || body[0] != version {
		return Blob{}, fmt.Errorf("%w: handle of %d bytes", errs.ErrCorrupt, len(body))
	}
	f, err := family.Home()
	if err != nil {
		return Blob{}, err
	}
	if [16]byte(body[2:18]) != f.ID() {
		return Blob{}, errs.ErrOtherFamily
	}
	word := func(at int) uint64 { return binary.LittleEndian.Uint64(body[at:]) }
	return Blob{
		Kind:  body[1],
		Ref:   arena.Ref{Off: word(18), Serial: word(26)},
		Lock:  arena.Ref{Off: word(34), Serial: word(42)},
		Off:   word(50),
		Len:   word(58),
		Flags: binary.LittleEndian.Uint32(body[66:]),
		Type:  string(body[fixed:]),
	}, nil
}

// refs are the objects that the handle needs.
func (b Blob) refs(out []arena.Ref) []arena.Ref {
	out = append(out, b.Ref)
	if b.Lock != (arena.Ref{}) {
		out = append(out, b.Lock)
	}
	return out
}
