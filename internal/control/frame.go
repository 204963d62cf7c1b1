package control

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"
)

// Type says what a frame means.
type Type uint8

// The types of frames; doc.go has their order.
const (
	TypeHello Type = 1 + iota
	TypeStart
	TypeRunning
	TypeRefused
	TypeCancel
	TypeResult
	TypeFailure
	typeEnd
)

var typeNames = [...]string{"", "hello", "start", "running", "refused", "cancel", "result", "failure"}

func (t Type) String() string {
	if int(t) < len(typeNames) && t > 0 {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Limits of a frame.
const (
	MaxMessage = 16 << 20
	MaxPayload = 1 << 40
)

const (
	magic      = 'M'
	version    = 1
	headerSize = 16
	// oneWrite is the size up to which a payload is copied behind its header, to save a system call.
	oneWrite = 64 << 10
	// firstChunk is how much a reader allocates on the word of a header alone.
	firstChunk = 1 << 20
)

// ErrFrame is in the chain of every error about bytes that are not a frame.
var ErrFrame = errors.New("multiproc: malformed frame on the control channel")

// A Frame is a message and its payload.
type Frame struct {
	Type    Type
	Message []byte
	Payload []byte
}

var msgMode = func() cbor.DecMode {
	m, err := cbor.DecOptions{MaxArrayElements: 1<<31 - 1, IndefLength: cbor.IndefLengthForbidden, UTF8: cbor.UTF8DecodeInvalid}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}()

// Decode sets *message from the frame's message; DecodeStart is for that of a Start frame.
func (f Frame) Decode(message any) error {
	if err := msgMode.Unmarshal(f.Message, message); err != nil {
		return fmt.Errorf("%w: the message of a %v frame: %w", ErrFrame, f.Type, err)
	}
	return nil
}

// ErrTooLarge: a frame was not sent, for its size.
var ErrTooLarge = errors.New("multiproc: message too large")

// Write writes one frame; message may be nil. Frames of concurrent calls get mixed up: the caller takes turns.
func Write(w io.Writer, t Type, message any, payload []byte) error {
	var m []byte
	if s, ok := message.(Start); ok {
		m = s.append(nil)
	} else if message != nil {
		var err error
		if m, err = cbor.Marshal(message); err != nil {
			return err
		}
	}
	if len(m) > MaxMessage {
		return fmt.Errorf("%w: the message of a %v frame has %d bytes, more than %d; does it refer to very many shared objects?", ErrTooLarge, t, len(m), MaxMessage)
	}
	size := headerSize + len(m)
	if len(payload) <= oneWrite {
		size += len(payload)
	}
	b := make([]byte, headerSize, size)
	b[0], b[1], b[2] = magic, version, byte(t)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(m)))
	binary.LittleEndian.PutUint64(b[8:], uint64(len(payload)))
	b = append(b, m...)
	if len(payload) <= oneWrite {
		_, err := w.Write(append(b, payload...))
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	_, err := w.Write(payload)
	return err
}

// Read reads one frame. Its error is io.EOF if the stream ends before the first byte, and wraps ErrFrame if what
// arrives is no frame or ends in its midst.
func Read(r io.Reader) (Frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		if err == io.EOF {
			return Frame{}, err
		}
		return Frame{}, cut(err)
	}
	f := Frame{Type: Type(h[2])}
	n, m := binary.LittleEndian.Uint32(h[4:]), binary.LittleEndian.Uint64(h[8:])
	switch {
	case h[0] != magic || h[3] != 0:
		return Frame{}, fmt.Errorf("%w: it begins with % x", ErrFrame, h[:4])
	case h[1] != version:
		return Frame{}, fmt.Errorf("%w: it has version %d, this program speaks %d", ErrFrame, h[1], version)
	case f.Type == 0 || f.Type >= typeEnd:
		return Frame{}, fmt.Errorf("%w: it has the unknown %v", ErrFrame, f.Type)
	case n > MaxMessage || m > MaxPayload:
		return Frame{}, fmt.Errorf("%w: it announces %d bytes of message and %d of payload, more than %d and %d", ErrFrame, n, m, MaxMessage, uint64(MaxPayload))
	}
	var err error
	if f.Message, err = readN(r, uint64(n)); err != nil {
		return Frame{}, cut(err)
	}
	if f.Payload, err = readN(r, m); err != nil {
		return Frame{}, cut(err)
	}
	return f, nil
}

// cut says that a stream ended within a frame. Other errors, such as a deadline's, are the caller's to know.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: the stream ended in its midst", ErrFrame)
	}
	return err
}

// readN reads n bytes into memory that grows with what has arrived.
func readN(r io.Reader, n uint64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := make([]byte, min(n, firstChunk))
	for have := uint64(0); ; {
		if _, err := io.ReadFull(r, b[have:]); err != nil {
			return nil, err
		}
		have = uint64(len(b))
		if have == n {
			return b, nil
		}
		grown := make([]byte, min(n, 4*have))
		copy(grown, b)
		b = grown
	}
}
