//go:build linux

package arena

import (
	"errors"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
)

// world is what the test knows of a family: who holds what, and which messages are on their way.
type world struct {
	t    *rapid.T
	live []*player
	dead []family.Ident // not buried yet, by their parent or as orphans
	left []*player      // all who are no more; unmapped in the end

	objects []*thing
	held    []*holding
	sent    []*letter
	seed    uint64
}

// thing is an object. Once nobody holds it, it is gone, or will be.
type thing struct {
	ref  Ref
	size uint64
	seed uint64
	gone bool // seen to be gone: it must never come back
}

type holding struct {
	p *player
	h *Handle
	*thing
}

type letter struct {
	from, to family.Ident
	*thing
}

func (w *world) player(id family.Ident) *player {
	for _, p := range w.live {
		if p.f.Self() == id {
			return p
		}
	}
	return nil
}

// any is a family to ask what the table says.
func (w *world) any() *family.Family { return w.live[0].f }

// alive reports whether something keeps the object: it must not be gone then.
func (w *world) alive(o *thing) bool {
	for _, h := range w.held {
		if h.thing == o {
			return true
		}
	}
	for _, l := range w.sent {
		if l.thing == o && w.player(l.to) != nil && w.any().Unburied(l.from) {
			return true
		}
	}
	return false
}

func (w *world) hold(p *player, h *Handle, o *thing) {
	if h.Size() != o.size || h.Kind() != 5 || h.Type() != o.size {
		w.t.Fatalf("size %d, kind %d, type %d; want %d, 5, %d", h.Size(), h.Kind(), h.Type(), o.size, o.size)
	}
	if o.gone {
		w.t.Fatalf("%v has come back", o.ref)
	}
	if !painted(h, o.seed) {
		w.t.Fatalf("%v, of %d bytes, was written to by another", o.ref, o.size)
	}
	w.held = append(w.held, &holding{p, h, o})
}

// take removes a random element.
func take[T any](t *rapid.T, list *[]T, what string) T {
	if len(*list) == 0 {
		t.Skip(what)
	}
	i := rapid.IntRange(0, len(*list)-1).Draw(t, what)
	v := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return v
}

func pick[T any](t *rapid.T, list []T, what string) T {
	if len(list) == 0 {
		t.Skip(what)
	}
	return list[rapid.IntRange(0, len(list)-1).Draw(t, what)]
}

func (w *world) make(t *rapid.T) {
	p := pick(t, w.live, "player")
	size := rapid.OneOf(rapid.Uint64Range(0, 40), rapid.Uint64Range(0, 5000), rapid.Uint64Range(20_000, 70_000), rapid.Just(uint64(3<<20))).Draw(t, "size")
	h, err := p.create(Spec{Kind: 5, Size: size, Type: size})
	if err != nil {
		t.Fatal(err)
	}
	if size < 1<<20 && !zero(h) {
		t.Fatal("a new object is not zero")
	}
	w.seed++
	o := &thing{ref: h.Ref(), size: size, seed: w.seed}
	for _, other := range w.objects {
		if other.ref == o.ref {
			t.Fatal("one reference for two objects")
		}
	}
	paint(h, o.seed)
	w.objects = append(w.objects, o)
	w.hold(p, h, o)
}

func (w *world) clone(t *rapid.T) {
	h := pick(t, w.held, "handle")
	c, err := h.h.Clone()
	if err != nil {
		t.Fatal(err)
	}
	c.cleanup.Stop() // its player's memory may be unmapped before it is collected
	w.hold(h.p, c, h.thing)
}

func (w *world) close(t *rapid.T) {
	h := take(t, &w.held, "handle")
	if !painted(h.h, h.seed) {
		t.Fatalf("%v was written to by another", h.ref)
	}
	if err := h.h.Close(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) write(t *rapid.T) {
	h := pick(t, w.held, "handle")
	if h.size > 1<<20 {
		return
	}
	w.seed++
	h.seed = w.seed
	paint(h.h, w.seed)
}

func (w *world) send(t *rapid.T) {
	h, to := pick(t, w.held, "handle"), pick(t, w.live, "receiver")
	for range rapid.IntRange(1, 6).Draw(t, "copies") {
		if err := h.p.send(h.ref, to); err != nil {
			t.Fatal(err)
		}
		w.sent = append(w.sent, &letter{h.p.f.Self(), to.f.Self(), h.thing})
	}
}

func (w *world) receive(t *rapid.T) {
	l := pick(t, w.sent, "letter")
	p := w.player(l.to)
	if p == nil {
		t.Skip("its receiver is dead")
	}
	must := w.alive(l.thing)
	w.sent = slices.DeleteFunc(w.sent, func(x *letter) bool { return x == l })
	h, err := p.receive(l.ref, l.from)
	w.found(p, h, err, l.thing, must)
}

func (w *world) unsend(t *rapid.T) {
	l := pick(t, w.sent, "letter")
	p, to := w.player(l.from), l.to
	if p == nil {
		t.Skip("its sender is dead")
	}
	w.sent = slices.DeleteFunc(w.sent, func(x *letter) bool { return x == l })
	p.unsendTo(l.ref, to)
}

func (w *world) attach(t *rapid.T) {
	o, p := pick(t, w.objects, "object"), pick(t, w.live, "player")
	must := w.alive(o)
	h, err := p.attach(o.ref)
	w.found(p, h, err, o, must)
}

// found judges what came of a reference.
func (w *world) found(p *player, h *Handle, err error, o *thing, must bool) {
	switch {
	case err == nil:
		w.hold(p, h, o)
	case !errors.Is(err, errs.ErrStale) && !errors.Is(err, errs.ErrCorrupt):
		w.t.Fatal(err)
	case must:
		w.t.Fatalf("%v is gone although it is held: %v", o.ref, err)
	default:
		o.gone = true
	}
}

func (w *world) die(t *rapid.T) {
	if len(w.live) < 2 {
		t.Skip("the last one")
	}
	w.kill(take(t, &w.live, "victim"))
}

func (w *world) kill(p *player) {
	id := p.f.Self()
	w.any().MarkDead(id)
	w.dead = append(w.dead, id)
	w.left = append(w.left, p)
	w.held = slices.DeleteFunc(w.held, func(h *holding) bool { return h.p == p })
	w.sent = slices.DeleteFunc(w.sent, func(l *letter) bool { return l.to == id })
}

func (w *world) bury(t *rapid.T) {
	for i, id := range w.dead {
		if parent := w.player(w.any().Parent(id)); parent != nil {
			parent.f.Buried(id)
			w.dead = slices.Delete(w.dead, i, i+1)
			return
		}
	}
	t.Skip("nobody to bury")
}

func (w *world) join(t *rapid.T) {
	if len(w.live) > 5 {
		t.Skip("enough")
	}
	w.live = append(w.live, pick(t, w.live, "parent").join())
}

func (w *world) tick(t *rapid.T) { pick(t, w.live, "player").tick() }

func (w *world) check(t *rapid.T) {
	for _, h := range w.held {
		if b := bytesOf(h.h); len(b) > 0 && !painted(h.h, h.seed) {
			t.Fatalf("%v, of %d bytes, was written to by another", h.ref, h.size)
		}
	}
	for _, p := range w.live {
		p.audit()
	}
}

// end closes everything, lets all but one die, and looks at what is left.
func (w *world) end(t *rapid.T, atStart int64) {
	for _, l := range slices.Clone(w.sent) {
		if p := w.player(l.to); p != nil && (l.size%2 == 0 || w.player(l.from) == nil) {
			if h, err := p.receive(l.ref, l.from); err == nil {
				closeAll(h)
			}
		} else if p := w.player(l.from); p != nil {
			p.unsendTo(l.ref, l.to)
		}
	}
	for len(w.live) > 1 && rapid.Bool().Draw(t, "another dies before the end") {
		w.die(t)
	}
	for _, h := range w.held {
		if !painted(h.h, h.seed) {
			t.Fatalf("%v was written to by another", h.ref)
		}
		closeAll(h.h)
	}
	for len(w.live) > 1 {
		w.die(t)
	}
	last := w.live[0]
	for range 4 { // a burial here, a return there: what one round finds may depend on another
		for _, id := range w.dead {
			if last.f.Parent(id) == last.f.Self() {
				last.f.Buried(id)
			}
		}
		last.tick()
	}
	if n := last.audit(); n != 0 {
		t.Fatalf("%d blocks are left", n)
	}
	for id, state := range last.f.Participants {
		if id != last.f.Self() && id != last.f.Parent(last.f.Self()) {
			t.Fatalf("participant %#x is %v", id, state)
		}
	}
	if got, want := units(last.f), len(last.segments); got != want {
		for u, w := range last.heads {
			b := block{unsafe.Pointer(&last.windows[u*family.UnitSize/windowSize][u*family.UnitSize%windowSize]), u * family.UnitSize}
			t.Logf("unit %d kind %d owner %#x count %d state %#x cells %#x %#x %#x more %#x", u, w.kind(), w.owner(), w.count(), b.state(), *b.u64(32), *b.u64(40), *b.u64(48), b.next())
		}
		t.Fatalf("%d units are left, the last player has %d, self %#x", got, want, last.f.Self())
	}
	for class, list := range last.classes {
		if len(list) > 1 {
			t.Fatalf("%d slabs of class %d are kept", len(list), class)
		}
	}
	if got, want := resident(last.t, last.f), atStart+last.cached(); got > want+4*4096 { // and some pages of the tables
		t.Fatalf("%d bytes are left, want %d", got, want)
	}
}

// TestModel plays processes that make, send, receive, attach and close objects and die, against a model of who holds what.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f, err := family.Isolated()
		if err != nil {
			rt.Fatal(err)
		}
		w := &world{t: rt}
		w.live = append(w.live, play(t, f))
		atStart := resident(t, f)
		defer func() {
			for _, p := range append(w.left, w.live...) {
				p.leave()
			}
		}()
		w.join(rt)
		w.join(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"make": w.make, "make too": w.make, "clone": w.clone, "close": w.close, "close too": w.close, "write": w.write,
			"send": w.send, "receive": w.receive, "receive too": w.receive, "unsend": w.unsend, "attach": w.attach,
			"die": w.die, "bury": w.bury, "join": w.join, "tick": w.tick, "": w.check,
		})
		w.end(rt, atStart)
	})
}
