package handle

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
)

// maxDepth bounds the nesting of a message that is scanned; it is deeper than any that the codec decodes.
const maxDepth = 1 << 15

// ScanRefs finds the references of all handles in an encoded message, wherever they are: in structs, slices, maps, interfaces, or in what a type's own
// MarshalCBOR wrote. It reads only the heads of items, about 5 ns each, and skips strings. Handles inside a byte string (a message in a message) are not found.
func ScanRefs(data []byte) ([]arena.Ref, error) {
	s := scanner{data: data}
	for len(s.data) > 0 {
		if err := s.item(0); err != nil {
			return nil, err
		}
	}
	// Each object once, however often it is meant: many values may share one lock.
	slices.SortFunc(s.refs, func(a, b arena.Ref) int { return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(a.Serial, b.Serial)) })
	return slices.Compact(s.refs), nil
}

type scanner struct {
	data []byte
	refs []arena.Ref
}

func malformed(what string) error {
	return fmt.Errorf("%w: message is not well-formed CBOR: %s", errs.ErrCorrupt, what)
}

// head reads the initial bytes of an item: major type, argument, and whether its length is open.
func (s *scanner) head() (major byte, arg uint64, open bool, err error) {
	if len(s.data) == 0 {
		return 0, 0, false, malformed("it ends too soon")
	}
	major, info := s.data[0]>>5, s.data[0]&31
	n := 0
	switch {
	case info < 24:
		arg = uint64(info)
	case info <= 27:
		n = 1 << (info - 24)
	case info == 31 && major >= 2 && major != 6:
		open = true
	default:
		return 0, 0, false, malformed("reserved length")
	}
	if len(s.data) < 1+n {
		return 0, 0, false, malformed("it ends too soon")
	}
	switch n {
	case 1:
		arg = uint64(s.data[1])
	case 2:
		arg = uint64(binary.BigEndian.Uint16(s.data[1:]))
	case 4:
		arg = uint64(binary.BigEndian.Uint32(s.data[1:]))
	case 8:
		arg = binary.BigEndian.Uint64(s.data[1:])
	}
	s.data = s.data[1+n:]
	return major, arg, open, nil
}

func (s *scanner) item(depth int) error {
	if depth > maxDepth {
		return malformed("nested too deeply")
	}
	major, arg, open, err := s.head()
	if err != nil {
		return err
	}
	switch major {
	case 2, 3: // strings
		if open {
			return s.untilBreak(depth)
		}
		return s.skip(arg)
	case 4, 5: // array, map
		if open {
			return s.untilBreak(depth)
		}
		if major == 5 {
			if arg > 1<<62 {
				return malformed("map length")
			}
			arg *= 2
		}
		for range arg {
			if err := s.item(depth + 1); err != nil {
				return err
			}
		}
	case 6:
		if arg == Tag {
			return s.handle()
		}
		return s.item(depth + 1)
	case 7:
		if open {
			return malformed("stray break")
		}
	}
	return nil
}

func (s *scanner) skip(n uint64) error {
	if n > uint64(len(s.data)) {
		return malformed("a string is longer than the message")
	}
	s.data = s.data[n:]
	return nil
}

func (s *scanner) untilBreak(depth int) error {
	for {
		if len(s.data) > 0 && s.data[0] == 0xff {
			s.data = s.data[1:]
			return nil
		}
		if err := s.item(depth + 1); err != nil {
			return err
		}
	}
}

func (s *scanner) handle() error {
	major, n, open, err := s.head()
	if err != nil {
		return err
	}
	if major != 2 || open || n > uint64(len(s.data)) {
		return malformed("tag of a handle without its bytes")
	}
	b, err := parseBody(s.data[:n])
	if err != nil {
		return err
	}
	s.refs = b.refs(s.refs)
	s.data = s.data[n:]
	return nil
}
