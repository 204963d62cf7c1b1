//go:build linux

package multiproc

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/handle"
)

// shared stands for the handles of packages shm and psync.
type shared struct{ h *arena.Handle }

const testKind = 200

func (s *shared) MarshalCBOR() ([]byte, error) {
	if s.h.Closed() {
		return nil, errs.ErrClosed
	}
	return handle.Blob{Kind: testKind, Ref: s.h.Ref(), Type: "test"}.MarshalCBOR()
}

func (s *shared) UnmarshalCBOR(data []byte) error {
	b, err := handle.Parse(data, testKind)
	if err != nil {
		return err
	}
	s.h, err = arena.Attach(b.Ref)
	return err
}

func newShared(t testing.TB) *shared {
	h, err := arena.New(arena.Spec{Kind: testKind, Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	return &shared{h}
}

func (s *shared) bytes() []byte { return payloadBytes(s.h) }

type carrier struct {
	Deep map[string][]*shared
	How  string
}

var carry = Register("carry", func(ctx context.Context, c carrier) ([]*shared, error) {
	in := c.Deep["x"][0]
	in.bytes()[0]++
	switch c.How {
	case "die":
		os.Exit(4)
	case "closed":
		if err := in.h.Close(); err != nil {
			return nil, err
		}
		return []*shared{in}, nil
	}
	h, err := arena.New(arena.Spec{Kind: testKind, Size: 8})
	if err != nil {
		return nil, err
	}
	out := &shared{h}
	out.bytes()[1] = 42
	return []*shared{in, out, nil}, nil
})

func TestSharedObjectsTravel(t *testing.T) {
	in := newShared(t)
	got := mustWait(t, mustStart(t, carry, carrier{Deep: map[string][]*shared{"x": {in}}}))
	if len(got) != 3 || got[2] != nil || got[0].h.Ref() != in.h.Ref() {
		t.Fatalf("got %v", got)
	}
	if in.bytes()[0] != 1 || got[0].bytes()[0] != 1 || got[1].bytes()[1] != 42 {
		t.Error("they are not the same objects")
	}
	got[0].bytes()[2] = 7
	if in.bytes()[2] != 7 {
		t.Error("they are not the same memory")
	}
	for _, s := range []*shared{in, got[0], got[1]} {
		if err := s.h.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The references of messages that go nowhere must not keep objects alive.
func TestReferencesOfFailedStarts(t *testing.T) {
	in := newShared(t)
	arg := carrier{Deep: map[string][]*shared{"x": {in}}}
	bg := context.Background()
	for what, opts := range map[string][]Option{
		"exec fails":     {WithDir("/nonexistent")},
		"init exits":     {WithEnv("MULTIPROC_TEST_INIT=exit"), WithStderr(io.Discard)},
		"limits refused": {WithRlimit(999, 1, 1)},
	} {
		if _, err := carry.Start(bg, arg, opts...); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	dying := arg
	dying.How = "die"
	var exit *ExitError
	if _, err := mustStart(t, carry, dying).Wait(watchdog(t)); !errors.As(err, &exit) || exit.Code != 4 {
		t.Errorf("error is %v", err)
	}
	if in.bytes()[0] != 1 {
		t.Error("what the dead did is lost")
	}
	ref := in.h.Ref()
	if err := in.h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := arena.Attach(ref); err == nil {
		t.Error("the object outlives its last handle: a reference has leaked")
	}
}

func TestClosedHandles(t *testing.T) {
	in := newShared(t)
	arg := carrier{Deep: map[string][]*shared{"x": {in}}, How: "closed"}
	_, err := mustStart(t, carry, arg).Wait(watchdog(t))
	if !errors.Is(err, errs.ErrClosed) || !strings.Contains(err.Error(), "result can't be sent") {
		t.Errorf("a closed result: %v", err)
	}
	if err := in.h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := carry.Start(context.Background(), arg); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("a closed argument: %v", err)
	}
}
