package connection

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/multiproc-go/multiproc/internal/sys"
)

// The handshake, in frames. Each end asks the other to prove that it has the key; the server asks first.
//
//	server > client    #CHALLENGE# and M1
//	client > server    answer to M1
//	server > client    #WELCOME#, or #FAILURE#
//	client > server    #CHALLENGE# and M2
//	server > client    answer to M2
//	client > server    #WELCOME#, or #FAILURE#
//
// CPython sends the paths of its installation behind a #FAILURE#. Nothing of the kind is sent here.
const (
	challengePrefix = "#CHALLENGE#"
	welcome         = "#WELCOME#"
	failure         = "#FAILURE#"

	// maxHandshakeFrame is the longest frame of a handshake, as in Python.
	maxHandshakeFrame = 256
)

// Role is who of the two ends asks first for proof.
type Role uint8

const (
	// Client is who has dialed.
	Client Role = iota
	// Server is who has accepted.
	Server
)

func (r Role) String() string {
	if r == Server {
		return "Server"
	}
	return "Client"
}

// Authenticate makes sure that the other end has the same key, and shows it that this end has. It is for a Conn that NewConn has made, before anything else is sent or received;
// the other end has the other role. It takes up to HandshakeTimeout, and returns at once where the Config has no key. After an error, an *AuthenticationError, the connection is closed.
func (c *Conn) Authenticate(ctx context.Context, role Role) error {
	if c.config.Key == nil {
		return c.usable()
	}
	ctx, cancel := c.config.handshakeContext(ctx)
	defer cancel()
	return c.authenticate(ctx, role)
}

func (c *Conn) authenticate(ctx context.Context, role Role) error {
	err := c.exchange(ctx, role)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		err = fromContext(ctx)
	} else if c.byUser.Load() {
		err = ErrClosed
	}
	_ = c.breaks(err)
	return &AuthenticationError{Peer: c.RemoteAddr(), Err: err}
}

func (c *Conn) exchange(ctx context.Context, role Role) error {
	if err := c.enter(ctx, c.sending); err != nil {
		return err
	}
	defer c.sending.give()
	if err := c.enter(ctx, c.receiving); err != nil {
		return err
	}
	defer c.receiving.give()
	w := begin(ctx, &c.sendDeadline, &c.recvDeadline)
	defer w.end()

	if role == Client {
		if err := c.prove(); err != nil {
			return err
		}
		return c.demand()
	}
	if err := c.demand(); err != nil {
		return err
	}
	if err := c.prove(); err != nil {
		return err
	}
	// A Python client sends its first message right behind its last #WELCOME#. Its kernel holds that back until the #WELCOME# is acknowledged, which ours would put off by 40 ms,
	// since there is nothing to send.
	if quickAck {
		c.raw(func(fd uintptr) { _ = sys.QuickAck(int(fd)) })
	}
	return nil
}

// quickAck is switched off by a test that shows what it is good for.
var quickAck = true

// demand makes the other end prove that it has the key.
func (c *Conn) demand() error {
	m := newChallenge()
	defer c.remember(m)()
	if err := c.say([]byte(challengePrefix), m); err != nil {
		return err
	}
	got, err := c.hear()
	if err != nil {
		return err
	}
	digest, err := verify(c.config.Key, m, got, c.md5Allowed())
	if err != nil {
		_ = c.say([]byte(failure))
		return err
	}
	c.digest = digest
	return c.say([]byte(welcome))
}

// prove shows the other end that this one has the key.
func (c *Conn) prove() error {
	got, err := c.hear()
	if err != nil {
		return err
	}
	m, ok := bytes.CutPrefix(got, []byte(challengePrefix))
	if !ok {
		return fmt.Errorf("%w: no challenge", ErrHandshake)
	}
	if c.reflected(m) {
		return ErrReflected
	}
	a, err := answer(c.config.Key, m, c.md5Allowed())
	if err != nil {
		return err
	}
	if err := c.say(a); err != nil {
		return err
	}
	got, err = c.hear()
	switch {
	case err != nil:
		return err
	case string(got) == welcome:
		return nil
	case string(got) == failure:
		return ErrWrongKey
	default:
		return fmt.Errorf("%w: neither %s nor %s", ErrHandshake, welcome, failure)
	}
}

// say sends one frame of the handshake.
func (c *Conn) say(parts ...[]byte) error {
	payload := bytes.Join(parts, nil)
	head := putHeader(&c.header, uint64(len(payload)))
	_, err := c.to.Write(append(head[:len(head):len(head)], payload...))
	return err
}

// hear receives one.
func (c *Conn) hear() ([]byte, error) {
	whole, err := c.in.next(maxHandshakeFrame)
	var large *FrameTooLargeError
	switch {
	case err == io.EOF:
		return nil, fmt.Errorf("the peer has closed the connection in the handshake: %w", io.ErrUnexpectedEOF)
	case errors.As(err, &large), errors.Is(err, ErrBadLength):
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	case err != nil:
		return nil, err
	}
	message := bytes.Clone(whole)
	c.in.done(whole)
	return message, nil
}
