//go:build linux

package arena

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// here is this process's own arena.
func here(t testing.TB) *player {
	t.Helper()
	a, err := Home()
	if err != nil {
		t.Fatal(err)
	}
	return &player{a, t}
}

func format(ref Ref) string { return fmt.Sprintf("%d/%d", ref.Off, ref.Serial) }

func parse(s string) (ref Ref, err error) {
	_, err = fmt.Sscanf(s, "%d/%d", &ref.Off, &ref.Serial)
	return ref, err
}

// theirs are a child's handles.
var theirs struct {
	sync.Mutex
	m map[string]*Handle
}

func keep(h *Handle) string {
	theirs.Lock()
	defer theirs.Unlock()
	if theirs.m == nil {
		theirs.m = map[string]*Handle{}
	}
	ref := format(h.Ref())
	theirs.m[ref] = h
	return ref
}

// handle makes an operation of a child on one object, named by the first argument.
func handle(op string, fn func(ref Ref, h *Handle, args []string) (string, error)) {
	testproc.Handle(op, func(args []string) (string, error) {
		ref, err := parse(args[0])
		if err != nil {
			return "", err
		}
		theirs.Lock()
		h := theirs.m[args[0]]
		theirs.Unlock()
		return fn(ref, h, args[1:])
	})
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func init() {
	testproc.Handle("make", func(args []string) (string, error) {
		h, err := New(Spec{Kind: 1, Size: number(args[0])})
		if err != nil {
			return "", err
		}
		paint(h, number(args[1]))
		return keep(h), nil
	})
	handle("attach", func(ref Ref, _ *Handle, _ []string) (string, error) {
		h, err := Attach(ref)
		if err != nil {
			return "", err
		}
		return keep(h), nil
	})
	handle("painted", func(_ Ref, h *Handle, args []string) (string, error) {
		return fmt.Sprint(painted(h, number(args[0]))), nil
	})
	handle("close", func(_ Ref, h *Handle, _ []string) (string, error) { return "", h.Close() })
	handle("send", func(ref Ref, _ *Handle, args []string) (string, error) {
		return "", Send([]Ref{ref}, family.Ident(number(args[0])))
	})
	handle("receive", func(ref Ref, _ *Handle, args []string) (string, error) {
		in := Received([]Ref{ref}, family.Ident(number(args[0])))
		defer in.Release()
		h, err := Attach(ref) // as decoding does
		if err != nil {
			return "", err
		}
		return keep(h), nil
	})
	testproc.Handle("nothing", func([]string) (string, error) { return "", nil })
	testproc.Handle("work", func(args []string) (string, error) {
		if args[1] == "record" {
			killpoint.Record()
		}
		if err := work(int(number(args[0])), args[2:]); err != nil {
			return "", err
		}
		out, err := json.Marshal(killpoint.Recorded())
		return string(out), err
	})
}

// workSizes are the payloads that work makes: several classes, and large ones.
var workSizes = []uint64{16, 200, 3000, 40_000, 3 << 20}

// work does everything that a process does with objects, its own, the parent's (whose references it gets) and those of a ghost: a participant that
// it plays itself, and that dies in every round.
func work(rounds int, parents []string) error {
	a, err := Home()
	if err != nil {
		return err
	}
	var kept []*Handle
	for round := range rounds {
		var hs []*Handle
		for _, size := range workSizes {
			h, err := New(Spec{Kind: 1, Size: size})
			if err != nil {
				return err
			}
			hs = append(hs, h)
			if size == 16 && round%2 == 0 {
				kept = append(kept, h)
			}
		}
		// To many, more than a header has room for, most of whom are never started.
		self := a.f.Self()
		for _, h := range hs[:2] {
			refs := []Ref{h.Ref()}
			var ids []family.Ident
			for range 6 {
				id, err := a.f.Reserve("receiver")
				if err != nil {
					return err
				}
				ids = append(ids, id)
				if err := Send(refs, id); err != nil {
					return err
				}
			}
			if err := Send(refs, self); err != nil {
				return err
			}
			in := Received(refs, self)
			for i, id := range ids {
				if i%2 == 0 {
					Unsend(refs, id)
				}
				a.f.Buried(id)
			}
			in.Release()
		}
		for _, arg := range parents {
			ref, err := parse(arg)
			if err != nil {
				return err
			}
			h, err := Attach(ref)
			if err != nil {
				return err
			}
			if err := h.Close(); err != nil {
				return err
			}
		}
		// A ghost makes objects; this process is the last who holds some of them, and inherits the others.
		g, err := a.f.Another("ghost")
		if err != nil {
			return err
		}
		ghost := play(nil, g)
		for _, size := range workSizes {
			for i := range 2 {
				o, err := ghost.create(Spec{Kind: 1, Size: size})
				if err != nil {
					return err
				}
				h, err := Attach(o.Ref())
				if err != nil {
					return err
				}
				if i == 0 {
					closeAll(o, h)
				} else {
					hs = append(hs, h)
				}
			}
		}
		a.f.Buried(g.Self())
		a.mu.Lock()
		a.takeReturned()
		a.sweep()
		a.mu.Unlock()
		for i, h := range hs {
			if (round+i)%4 != 0 {
				_ = h.Close()
			}
		}
		closeAll(hs...)
	}
	closeAll(kept...)
	return nil
}
