package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// maths is a user's type with all that the server treats in its own way.
type maths struct {
	sync.Mutex
	name    string
	waiting atomic.Int32
	ended   atomic.Int32
	release chan struct{}
	peer    *maths
	queue   *Object
}

type point struct {
	X, Y int
	Name string `pickle:"name"`
}

type level int

func (l *level) UnmarshalText(b []byte) error {
	if string(b) != "high" {
		return fmt.Errorf("there is no level %q", b)
	}
	*l = 9
	return nil
}

func newMaths(name string) *maths { return &maths{name: name, release: make(chan struct{})} }

func (m *maths) String() string { return "maths of " + m.name }

func (m *maths) Add(a, b int) int         { return a + b }
func (m *maths) Name() string             { return m.name }
func (m *maths) Len() int                 { return len(m.name) }
func (m *maths) Small(n int8) int8        { return n }
func (m *maths) Float(f float64) float64  { return f }
func (m *maths) Text(s string) string     { return s }
func (m *maths) Flag(b bool) bool         { return b }
func (m *maths) Blob(b []byte) []byte     { return b }
func (m *maths) Unsigned(u uint64) uint64 { return u }
func (m *maths) Sum(values ...float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}
func (m *maths) SumList(values []int) (sum int) {
	for _, v := range values {
		sum += v
	}
	return sum
}
func (m *maths) Counts(c map[string]int) int         { return c["a"] }
func (m *maths) Names(s map[string]struct{}) int     { return len(s) }
func (m *maths) Move(p point, by int) point          { return point{p.X + by, p.Y + by, p.Name} }
func (m *maths) Maybe(p *point) bool                 { return p != nil }
func (m *maths) Level(l level) int                   { return int(l) }
func (m *maths) At(t time.Time, d time.Duration) any { return t.Add(d) }
func (m *maths) Type(v any) string                   { return fmt.Sprintf("%T", v) }
func (m *maths) List(l *py.List) int                 { return len(l.Items) }
func (m *maths) Nothing()                            {}
func (m *maths) Pair() (int, string)                 { return 1, "one" }
func (m *maths) Nil() *point                         { return nil }
func (m *maths) Strange() map[string]func()          { return map[string]func(){"f": nil} }
func (m *maths) Other(o *maths) string               { return o.name }
func (m *maths) Say(s fmt.Stringer) string           { return s.String() }
func (m *maths) Peer() *maths                        { return m.peer }
func (m *maths) Queue() *Object                      { return m.queue }
func (m *maths) PeerObject() *maths                  { return m.peer }
func (m *maths) QueueObject() *Object                { return m.queue }
func (m *maths) Squares(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i*i); i++ {
		}
	}
}
func (m *maths) Numbers(n int) []int                    { return make([]int, n) }
func (m *maths) Table() map[string]int                  { return map[string]int{"a": 1} }
func (m *maths) HTTPGet(url string, retries int) string { return fmt.Sprint(url, retries) }

func (m *maths) Put(ctx context.Context, q *Object, v any) error {
	_, err := q.Call(ctx, "put", v)
	return err
}

func (m *maths) Broken(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		if yield(1, nil) {
			if n == 0 {
				panic("in the midst")
			}
			yield(0, fs.ErrNotExist)
		}
	}
}

var errOwn = errors.New("an error of its own")

func (m *maths) Fail(how string) (int, error) {
	switch how {
	case "python":
		return 0, fmt.Errorf("around: %w", py.KeyError("x"))
	case "time":
		return 0, context.DeadlineExceeded
	case "eof":
		return 0, io.EOF
	case "file":
		_, err := os.Open("/no/such/file")
		return 0, err
	case "exist":
		return 0, fs.ErrExist
	case "permission":
		return 0, fs.ErrPermission
	case "unsupported":
		return 0, errors.ErrUnsupported
	case "panic":
		panic(errOwn)
	case "nil":
		var p *maths
		return len(p.name), nil
	case "goexit":
		runtime.Goexit()
	case "":
		return 1, nil
	}
	return 0, errOwn
}

func (m *maths) Wait(ctx context.Context, value int) (int, error) {
	m.waiting.Add(1)
	defer m.ended.Add(1)
	select {
	case <-m.release:
		return value, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (m *maths) Release() { close(m.release) }

// copied has a value in Python.
type copied struct{ n int }

func (c *copied) MarshalPickle() (py.Value, error) { return py.Tuple{"copied", int64(c.n)}, nil }
func (c *copied) Get() int                         { return c.n }
func (c *copied) Same() *copied                    { return c }

var _ pickle.Marshaler = (*copied)(nil)

// mathsOptions are those of the tests' registrations.
func mathsOptions() []RegisterOption {
	return []RegisterOption{
		Rename("Len", "__len__"), Params("add", "x", "y"), Params("http_get", "url", "retries="), Params("", "name="), Params("sum", "*values"),
		MethodToTypeid(map[string]string{"squares": "Iterator", "broken": "Iterator", "numbers": "list", "table": "dict", "peer_object": "Maths", "queue_object": "get_queue"}),
	}
}

// withMaths registers the tests' types.
func withMaths(s *Server, m *maths) error {
	return errors.Join(
		s.Register("Maths", func(name string) (*maths, error) {
			switch name {
			case "nil":
				return nil, nil
			case "fail":
				return nil, fs.ErrNotExist
			case "panic":
				panic("a bug")
			case "single":
				return m, nil
			}
			return newMaths(name), nil
		}, mathsOptions()...),
		s.Register("get_queue", func() *Object { return m.queue }),
		s.Register("Copied", func() *copied { return &copied{7} }),
		s.Register("baz", func() iter.Seq[int] { return m.Squares(10) }),
	)
}

// mathsServer is a server that has them, and the Maths that is there once.
func mathsServer() (*Server, *maths, error) {
	s, err := NewServer(Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	m := newMaths("single")
	m.peer = newMaths("peer")
	if m.queue, err = s.New("Queue"); err == nil {
		err = withMaths(s, m)
	}
	return s, m, err
}
