package control

import (
	"encoding/binary"
	"fmt"

	"github.com/multiproc-go/multiproc/internal/arena"
)

// The layout of a Start message. CBOR would need 90 us of a worker's start for its first struct; this needs 5.
//
//	strings    Func, In, Out, Name, ParentName: each a uvarint length and the bytes
//	byte       flags: 1 Daemon, 2 NoFile, 4 Pipes
//	uvarint    Deadline, Crash, Parent, ParentPID
//	uvarint n  Files, then n strings
//	uvarint n  Refs, then n times 2 uvarints: Off, Serial

const (
	flagDaemon = 1 << iota
	flagNoFile
	flagPipes
	flagsEnd
)

func (s Start) append(b []byte) []byte {
	text := func(t string) {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	for _, t := range [...]string{s.Func, s.In, s.Out, s.Name, s.ParentName} {
		text(t)
	}
	var flags byte
	for i, set := range [...]bool{s.Daemon, s.NoFile, s.Pipes} {
		if set {
			flags |= 1 << i
		}
	}
	b = append(b, flags)
	for _, n := range [...]uint64{uint64(s.Deadline), uint64(s.Crash), uint64(s.Parent), uint64(s.ParentPID), uint64(len(s.Files))} {
		b = binary.AppendUvarint(b, n)
	}
	for _, t := range s.Files {
		text(t)
	}
	b = binary.AppendUvarint(b, uint64(len(s.Refs)))
	for _, r := range s.Refs {
		b = binary.AppendUvarint(b, r.Off)
		b = binary.AppendUvarint(b, r.Serial)
	}
	return b
}

// DecodeStart decodes the message of a Start frame.
func (f Frame) DecodeStart() (s Start, err error) {
	r := reader{rest: f.Message}
	for _, t := range [...]*string{&s.Func, &s.In, &s.Out, &s.Name, &s.ParentName} {
		*t = r.text()
	}
	flags := r.byte()
	s.Daemon, s.NoFile, s.Pipes = flags&flagDaemon != 0, flags&flagNoFile != 0, flags&flagPipes != 0
	s.Deadline = int64(r.number())
	s.Crash = int(r.number())
	s.Parent = uint32(r.number())
	s.ParentPID = int(r.number())
	// A length is believed only as far as the message could hold that many of the smallest.
	for n := r.number(); n > 0 && !r.bad; n-- {
		s.Files = append(s.Files, r.text())
	}
	for n := r.number(); n > 0 && !r.bad; n-- {
		s.Refs = append(s.Refs, arena.Ref{Off: r.number(), Serial: r.number()})
	}
	if r.bad || len(r.rest) > 0 || flags >= flagsEnd {
		return Start{}, fmt.Errorf("%w: the message of a start frame", ErrFrame)
	}
	return s, nil
}

// reader takes values from the front of a message. Once something is missing it is bad, and returns zeros.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return ""
	}
	t := string(r.rest[:n])
	r.rest = r.rest[n:]
	return t
}
