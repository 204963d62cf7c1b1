package connection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
)

// MD5Policy says with whom MD5 is good enough. Python 3.11 and older can neither send nor understand anything else.
type MD5Policy uint8

const (
	// MD5Local takes MD5 from peers on this machine: unix sockets, loopback addresses, and TCP connections from this machine's address to the same address. A tunnel
	// that ends on this machine counts as local.
	MD5Local MD5Policy = iota
	// MD5Always takes it from everybody.
	MD5Always
	// MD5Never refuses it.
	MD5Never
)

func (p MD5Policy) String() string {
	switch p {
	case MD5Local:
		return "MD5Local"
	case MD5Always:
		return "MD5Always"
	case MD5Never:
		return "MD5Never"
	default:
		return fmt.Sprintf("MD5Policy(%d)", uint8(p))
	}
}

// The defaults of a Config.
const (
	DefaultHandshakeTimeout = 10 * time.Second
	DefaultMaxHandshakes    = 512
	DefaultMaxFrame         = 1 << 30
)

// Config says how to authenticate, and what a peer may cost. The zero Config does not authenticate. A Config is copied by who takes it.
type Config struct {
	// Key is the authkey, the secret that both ends have. nil means that there is no authentication, as None does in Python; then the peer's Key has to be nil, too, or both
	// wait for the other until HandshakeTimeout. An empty key that is not nil is an error: it is what a variable leaves behind that nobody has set.
	Key []byte `json:"-"`
	// MD5 says from whom to take MD5, and to whom to answer with it.
	MD5 MD5Policy
	// HandshakeTimeout bounds the whole authentication of a connection; 0 is DefaultHandshakeTimeout. Dial counts the time to connect as well.
	HandshakeTimeout time.Duration
	// MaxHandshakes is how many connections a Listener has that are not authenticated yet, or that Accept has not returned yet; 0 is DefaultMaxHandshakes. When all places
	// are taken and another client comes, the oldest that is not authenticated is closed once it has had a tenth of HandshakeTimeout; until then the others wait in the
	// kernel. So clients that say nothing can't keep others out, and a burst of honest ones loses none.
	MaxHandshakes int
	// MaxFrame is the largest message in bytes that is received; 0 is DefaultMaxFrame, 1 GiB. Python has no limit; math.MaxInt64 is none either. What is sent has no limit.
	MaxFrame int64
	// Pickle is how Send and Recv write and read objects. A peer that is Python 2.7 needs Pickle.Protocol 2, one that is 3.0 to 3.3 needs 3.
	Pickle pickle.Config
	// Logger gets a record for each client that a Listener refuses, at most 20 in a second; nil is slog.Default().
	Logger *slog.Logger
}

// String leaves the key out, so that a Config that is printed does not give it away.
func (c Config) String() string {
	key := "none"
	if c.Key != nil {
		key = fmt.Sprintf("%d bytes", len(c.Key))
	}
	return fmt.Sprintf("connection.Config{Key: %s, MD5: %v}", key, c.MD5)
}

// GoString is String.
func (c Config) GoString() string { return c.String() }

// LogValue is String.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// ErrEmptyKey: a key that has no bytes and is not nil.
var ErrEmptyKey = errors.New("connection: the key is empty; nil, not an empty key, means that there is no authentication")

// resolved is the Config with its defaults, and a key that nobody else can change.
func (c Config) resolved() (*Config, error) {
	if c.Key != nil && len(c.Key) == 0 {
		return nil, ErrEmptyKey
	}
	if c.MD5 > MD5Never {
		return nil, fmt.Errorf("connection: there is no %v", c.MD5)
	}
	if p := c.Pickle.Protocol; p != 0 && (p < 2 || p > 5) {
		return nil, fmt.Errorf("connection: Config.Pickle.Protocol is %d, not 2 to 5, or 0 for the default", p)
	}
	if c.HandshakeTimeout < 0 || c.MaxHandshakes < 0 || c.MaxFrame < 0 {
		return nil, errors.New("connection: HandshakeTimeout, MaxHandshakes and MaxFrame can't be negative")
	}
	c.Key = slices.Clone(c.Key)
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.MaxHandshakes == 0 {
		c.MaxHandshakes = DefaultMaxHandshakes
	}
	if c.MaxFrame == 0 {
		c.MaxFrame = DefaultMaxFrame
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &c, nil
}

// handshakeContext is ctx with the end of the handshake, whose error says which setting that was.
func (c *Config) handshakeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.HandshakeTimeout, fmt.Errorf("no handshake within Config.HandshakeTimeout (%v)", c.HandshakeTimeout))
}
