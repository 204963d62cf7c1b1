package connection

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"

	"github.com/multiproc-go/multiproc/internal/errs"
)

var (
	// ErrClosed: the Conn or the Listener was closed in this process. errors.Is finds net.ErrClosed in it too.
	ErrClosed error = closedError{}

	// ErrBroken: the connection has ended inside a message, because the peer broke the rules or has died, or because a context or a deadline ended a Send half-way. It
	// was closed, and every later call returns ErrBroken. After an Authenticate that has failed they return it, too.
	ErrBroken = errors.New("connection: broken inside a message")

	// ErrStaleSocket: Listen found the file of a unix socket on which nobody listens any more. Its owner was killed before it could remove it. os.Remove it and listen again, if no other
	// process could be about to do the same.
	ErrStaleSocket = errors.New("nobody listens on the socket's file; os.Remove it first")

	// ErrBadLength: the peer has sent a length that no message has. It speaks another protocol.
	ErrBadLength = errors.New("negative length of a message: the peer speaks another protocol")
)

// closedError is what all packages of this module call closed, and package net as well, in words that fit here.
type closedError struct{}

func (closedError) Error() string { return "connection: the Conn or Listener was closed here" }

func (closedError) Is(target error) bool { return target == errs.ErrClosed || target == net.ErrClosed }

// What is wrong in an AuthenticationError, besides errors of the network and contexts that have ended.
var (
	// ErrWrongKey: the keys of the two ends differ.
	ErrWrongKey = errors.New("the keys differ")
	// ErrMD5: the peer knows nothing but MD5, and Config.MD5 refuses that.
	ErrMD5 = errors.New("the peer is Python <= 3.11, which authenticates with MD5, or asked for MD5; " +
		"Config.MD5 refuses that from this peer: MD5Local allows it to peers on this machine, MD5Always to all")
	// ErrHandshake: what the peer sends is no part of the handshake.
	ErrHandshake = errors.New("the peer does not speak the handshake of multiprocessing.connection")
	// ErrReflected: the peer asks to answer a challenge that this process has itself put to somebody else. Who does not know the key would do that, to pass the answer on.
	ErrReflected = errors.New("the peer has sent back a challenge of this process")
	// ErrCrowded: the client was closed in favour of others, see Config.MaxHandshakes.
	ErrCrowded = errors.New("closed to make room, as the oldest of too many clients that are not authenticated")
)

// AuthenticationError says why a connection was not authenticated. The connection is closed.
type AuthenticationError struct {
	Peer net.Addr // may be nil
	Err  error    // ErrWrongKey, ErrMD5, ErrHandshake, ErrReflected, or why the connection or the wait has ended
}

func (e *AuthenticationError) Error() string {
	return "connection: authentication with " + peerName(e.Peer) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *AuthenticationError) Unwrap() error { return e.Err }

// peerName is how a peer is called in messages: clients on unix sockets mostly have no address, and those that have one have chosen its bytes.
func peerName(a net.Addr) string {
	if a == nil {
		return "a peer without an address"
	}
	if name := a.String(); name != "" && name != "@" {
		if quoted := strconv.Quote(name); len(quoted) != len(name)+2 {
			return quoted
		}
		return name
	}
	return "a peer on a " + a.Network() + " socket"
}

// BufferTooShortError is RecvBytesInto's error for a message that is longer than the buffer. The message is received all the same and is here. Python's BufferTooShort is the same.
type BufferTooShortError struct {
	Message []byte
	Len     int // of the buffer
}

func (e *BufferTooShortError) Error() string {
	return fmt.Sprintf("connection: the message has %d bytes, the buffer %d", len(e.Message), e.Len)
}

// Unwrap makes errors.Is find io.ErrShortBuffer.
func (e *BufferTooShortError) Unwrap() error { return io.ErrShortBuffer }

// FrameTooLargeError: the peer has announced a message longer than the limit. The connection is broken, since it can't go on behind a message that was not read; but see Conn.Tolerate.
type FrameTooLargeError struct {
	Size  uint64 // that was announced
	Limit int64  // Config.MaxFrame, or Tolerate's; or 256 bytes, as in Python, as long as the peer is not authenticated
	Why   error  // of Tolerate's room; nil if it is the limit
}

func (e *FrameTooLargeError) Error() string {
	if e.Why != nil {
		return fmt.Sprintf("connection: there is no room for a message of %d bytes: %v", e.Size, e.Why)
	}
	return fmt.Sprintf("connection: the peer announces a message of %d bytes; at most %d are received (Config.MaxFrame, once it is authenticated)", e.Size, e.Limit)
}

// Unwrap returns Why.
func (e *FrameTooLargeError) Unwrap() error { return e.Why }

// gone reports whether an error of the network says that the other end does not exist any more.
func gone(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) }
