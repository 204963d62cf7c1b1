//go:build linux

package arena

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

// gone waits until an object exists no more.
func gone(t *testing.T, s string) {
	t.Helper()
	ref, err := parse(s)
	if err != nil {
		t.Fatal(err)
	}
	testproc.Eventually(t, s+" gone", func() bool {
		h, err := Attach(ref)
		if err == nil {
			closeAll(h)
			return false
		}
		return errors.Is(err, errs.ErrStale)
	})
}

// TestInFlight: the maker, the sender or the receiver of an object is killed before, during and after its way.
func TestInFlight(t *testing.T) {
	id := func(c *testproc.Proc) string { return fmt.Sprint(uint32(c.ID)) }
	for _, size := range []uint64{16, 5000, 5 << 20} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Run("sender killed on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Kill()
				b.Must("receive", ref, id(a))
				a.Bury()
				if got := b.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				b.Must("close", ref)
				gone(t, ref)
			})
			t.Run("sender closes and dies on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				a.Kill()
				b.Must("receive", ref, id(a))
				b.Must("close", ref)
				a.Bury()
				gone(t, ref)
			})
			t.Run("sender killed before it sends", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Bury()
				gone(t, ref)
				if _, err := b.Call("receive", ref, id(a)); err == nil {
					t.Error("received what is gone")
				}
			})
			t.Run("maker killed after the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				b.Must("receive", ref, id(a))
				a.Bury()
				if got := b.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				c := testproc.Start(t) // and it travels on
				b.Must("send", ref, id(c))
				b.Must("close", ref)
				c.Must("receive", ref, id(b))
				b.Bury()
				if got := c.Must("painted", ref, 7); got != "true" {
					t.Error("changed")
				}
				c.Must("close", ref)
				gone(t, ref)
			})
			t.Run("receiver killed on the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				b.Bury()
				gone(t, ref)
			})
			t.Run("receiver killed after the way", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Must("close", ref)
				b.Must("receive", ref, id(a))
				b.Bury()
				gone(t, ref)
			})
			t.Run("buried before it is received", func(t *testing.T) {
				a, b := testproc.Start(t), testproc.Start(t)
				ref := a.Must("make", size, 7)
				a.Must("send", ref, id(b))
				a.Bury()
				gone(t, ref)
				if _, err := b.Call("receive", ref, id(a)); err == nil || !strings.Contains(err.Error(), errs.ErrStale.Error()) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// TestAdoption: a killed process's objects live on with those who hold them, and its memory goes with them.
func TestAdoption(t *testing.T) {
	p := here(t)
	closeAll(func() []*Handle { hs, _ := p.controls(); return hs }()...)
	before := units(p.f)
	c := testproc.Start(t)
	var refs []string
	var hs []*Handle
	for i, size := range append([]uint64{66 << 20}, workSizes...) {
		for range 3 {
			ref := c.Must("make", size, i)
			refs = append(refs, ref)
			c.Must("make", size, i+100) // which nobody else holds
			if size > 10<<20 {
				break
			}
		}
	}
	for _, s := range refs {
		ref, err := parse(s)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Attach(ref)
		if err != nil {
			t.Fatal(err)
		}
		hs = append(hs, h)
	}
	full := resident(t, p.f)
	c.Bury()
	testproc.Eventually(t, "adopted", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, w := range p.heads {
			if w.owner() != p.f.Self() {
				return false
			}
		}
		return true
	})
	testproc.Eventually(t, "no blocks but the 9 that are held", func() bool { return p.audit() == 9 })
	if now := resident(t, p.f); now > full-66<<20 {
		t.Errorf("%d MiB before the death, %d after: what nobody holds was not freed", full>>20, now>>20)
	}
	i := 0
	for n, size := range append([]uint64{66 << 20}, workSizes...) {
		for range 3 {
			if !painted(hs[i], uint64(n)) {
				t.Errorf("object %d, of %d bytes, has changed", i, size)
			}
			i++
			if size > 10<<20 {
				break
			}
		}
	}
	// The adopter goes on allocating there.
	for range 2000 {
		h, err := New(Spec{Kind: 1, Size: 16})
		if err != nil {
			t.Fatal(err)
		}
		if !zero(h) {
			t.Fatal("a new object is not zero")
		}
		paint(h, 1)
		hs = append(hs, h)
	}
	closeAll(hs...)
	if n := p.audit(); n != 0 {
		t.Errorf("%d blocks left", n)
	}
	if now := units(p.f); now > before+1 {
		t.Errorf("%d units before, %d after", before, now)
	}
}
