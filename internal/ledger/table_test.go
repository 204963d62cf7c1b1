//go:build linux

package ledger

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/multiproc-go/multiproc/internal/arena"
	"github.com/multiproc-go/multiproc/internal/errs"
	"github.com/multiproc-go/multiproc/internal/family"
	"github.com/multiproc-go/multiproc/internal/handle"
	"github.com/multiproc-go/multiproc/internal/killpoint"
	"github.com/multiproc-go/multiproc/internal/testproc"
)

func TestMain(m *testing.M) { testproc.Main(m) }

// kindTest is an object with nothing but a ledger, 32 bytes into its payload.
const (
	kindTest = 200
	testAt   = 32
)

func init() { arena.RegisterKeeper(kindTest, Keeper(testAt)) }

func newObject(t testing.TB) *arena.Handle {
	t.Helper()
	h, err := arena.New(arena.Spec{Kind: kindTest, Size: testAt + Size})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func view(t testing.TB, h *arena.Handle) *Table {
	tab := New(h, unsafe.Add(h.Payload(), testAt))
	t.Cleanup(tab.Close)
	return tab
}

func homeFamily(t testing.TB) *family.Family {
	t.Helper()
	f, err := family.Home()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// player is a participant that the test plays: it lives until it is buried.
func player(t testing.TB, h *arena.Handle) *Table {
	t.Helper()
	f := homeFamily(t)
	id, err := f.Reserve("player")
	if err != nil {
		t.Fatal(err)
	}
	tab := NewAs(h, unsafe.Add(h.Payload(), testAt), id)
	t.Cleanup(func() {
		tab.Close()
		f.Buried(id)
	})
	return tab
}

// claim is a claim as it should be made.
func claim(t testing.TB, h *arena.Handle, tab *Table) Row {
	t.Helper()
	if _, err := h.Lock().Acquire(t.Context(), h, 0); err != nil {
		t.Fatal(err)
	}
	defer h.Lock().Release()
	r, err := tab.Claim()
	if err != nil {
		t.Fatal(err)
	}
	if r.Owner() != tab.me {
		t.Fatalf("claimed a row of %#x", r.Owner())
	}
	return r
}

func setCounts(r Row, id family.Ident, n uint64) { atomic.StoreUint64(r.Word(), Word(id, n)) }

func count(tab *Table) (n int) {
	for range tab.Each {
		n++
	}
	return n
}

func TestClaim(t *testing.T) {
	h := newObject(t)
	a := view(t, h)
	if _, ok := a.Mine(); ok || count(a) != 0 {
		t.Fatal("a row in a new table")
	}
	r := claim(t, h, a)
	if *r.Word() != Word(a.me, 0) || *r.Extra() != 0 {
		t.Errorf("%#x, %#x", *r.Word(), *r.Extra())
	}
	for _, tab := range []*Table{a, view(t, h)} { // another handle of the same process has no other row
		if m, ok := tab.Mine(); !ok || m != r || claim(t, h, tab) != r {
			t.Error("not the same row")
		}
	}
	if count(a) != 1 {
		t.Errorf("%d rows", count(a))
	}
	p := player(t, h)
	if _, ok := p.Mine(); ok {
		t.Error("another's row is taken for its own")
	}
	setCounts(r, a.me, 5)
	if q := claim(t, h, p); q == r {
		t.Error("a row with counts changed hands")
	}
}

// TestWhatIsFree: which rows a newcomer gets when there is no empty one, and which never.
func TestWhatIsFree(t *testing.T) {
	full := func(t *testing.T) (*arena.Handle, []*Table, []Row) {
		h := newObject(t)
		var tabs []*Table
		var rows []Row
		for i := range Inline {
			p := player(t, h)
			r := claim(t, h, p)
			setCounts(r, p.me, uint64(i)+1)
			tabs, rows = append(tabs, p), append(rows, r)
		}
		return h, tabs, rows
	}
	t.Run("dead and settled before idle", func(t *testing.T) {
		h, tabs, rows := full(t)
		setCounts(rows[3], tabs[3].me, 0) // idle
		setCounts(rows[7], tabs[7].me, 0)
		homeFamily(t).Buried(tabs[7].me)
		if r := claim(t, h, player(t, h)); r != rows[7] {
			t.Error("not the dead one's")
		}
	})
	t.Run("idle before a spill object", func(t *testing.T) {
		h, tabs, rows := full(t)
		setCounts(rows[3], tabs[3].me, 0)
		if m, ok := tabs[3].Mine(); !ok || m != rows[3] {
			t.Fatal("lost already")
		}
		if r := claim(t, h, player(t, h)); r != rows[3] {
			t.Error("not the idle one's")
		}
		if _, ok := tabs[3].Mine(); ok {
			t.Error("who lost it does not know")
		}
		if *tabs[0].area.spill() != 0 {
			t.Error("a spill object, and there was a row")
		}
		claim(t, h, tabs[3]) // which takes another
	})
	t.Run("dead with counts", func(t *testing.T) {
		h, tabs, rows := full(t)
		homeFamily(t).Buried(tabs[5].me)
		if r := claim(t, h, player(t, h)); r == rows[5] {
			t.Error("the counts of the dead are lost")
		}
	})
	t.Run("extra", func(t *testing.T) {
		h, tabs, rows := full(t)
		setCounts(rows[5], tabs[5].me, 0)
		*rows[5].Extra() = 1
		if r := claim(t, h, player(t, h)); r == rows[5] {
			t.Error("an unsettled row changed hands")
		}
	})
	t.Run("extra of the dead", func(t *testing.T) {
		h, tabs, rows := full(t)
		setCounts(rows[5], tabs[5].me, 0)
		*rows[5].Extra() = 1
		homeFamily(t).Buried(tabs[5].me)
		if r := claim(t, h, player(t, h)); r != rows[5] || *r.Extra() != 0 {
			t.Error("a row is lost for good")
		}
	})
	t.Run("nobody's leavings", func(t *testing.T) {
		h, _, rows := full(t)
		atomic.StoreUint64(rows[2].Word(), 77)
		*rows[2].Extra() = 99
		r := claim(t, h, player(t, h))
		if r != rows[2] || *r.Word()&Counts != 0 || *r.Extra() != 0 {
			t.Errorf("%#x, %#x", *r.Word(), *r.Extra())
		}
	})
}

// spill fills the inline rows and claims n more.
func spillOver(t *testing.T, h *arena.Handle, n int) (tabs []*Table, rows []Row) {
	for range Inline + n {
		p := player(t, h)
		r := claim(t, h, p)
		setCounts(r, p.me, 1)
		tabs, rows = append(tabs, p), append(rows, r)
	}
	return tabs, rows
}

func TestSpill(t *testing.T) {
	h := newObject(t)
	mine := view(t, h) // opened before there is a spill object
	tabs, rows := spillOver(t, h, 6)
	seen := map[Row]bool{}
	for _, r := range rows {
		seen[r] = true
	}
	if len(seen) != Inline+6 {
		t.Fatalf("%d rows for %d participants", len(seen), Inline+6)
	}
	for _, tab := range []*Table{mine, tabs[0], tabs[19], view(t, h)} {
		if n := count(tab); n != Inline+6 {
			t.Errorf("%d rows seen", n)
		}
	}
	for i, p := range tabs {
		if m, ok := p.Mine(); !ok || m != rows[i] {
			t.Errorf("row of %d", i)
		}
	}
	n := 0
	for range mine.Each { // a loop that ends early, on either side
		if n++; n == 3 || n == Inline+2 {
			break
		}
	}
	if *tabs[0].area.spill()%family.UnitSize != 0 {
		t.Error("the spill object has no unit of its own, by which it is kept")
	}
	// The dead in the spill object are replaced, not added to.
	setCounts(rows[16], tabs[16].me, 0)
	homeFamily(t).Buried(tabs[16].me)
	if r := claim(t, h, mine); r != rows[16] {
		t.Error("a new row, and there was a dead one's")
	}
	if _, ok := tabs[16].Mine(); ok {
		t.Error("taken for its own")
	}
}

// TestSpillLives: the spill object stays when its maker has closed everything, and goes with the object.
func TestSpillLives(t *testing.T) {
	h := newObject(t)
	tabs, _ := spillOver(t, h, 1)
	ref := tabs[0].area.ref()
	for _, p := range tabs {
		p.Close()
	}
	if !arena.Held(ref) {
		t.Fatal("gone with its users")
	}
	tab := view(t, h)
	if n := count(tab); n != Inline+1 {
		t.Errorf("%d rows", n)
	}
	tab.Close()
	if count(tab) != Inline { // what is left without it; no crash
		t.Errorf("%d rows", count(tab))
	}
	if err := tab.Attach(); !errors.Is(err, errs.ErrClosed) {
		t.Errorf("got %v", err)
	}
	h.Close()
	testproc.Eventually(t, "the spill object is freed", func() bool { return !arena.Held(ref) })
}

// TestSweptWhileMade: a sweep at any step of making the spill object takes away nothing of it.
func TestSweptWhileMade(t *testing.T) {
	swept := make(chan struct{}, 1)
	killpoint.Call("arena.swept", func() {
		select {
		case swept <- struct{}{}:
		default:
		}
	})
	defer killpoint.Call("arena.swept", nil)
	for _, point := range []string{"ledger.named", "ledger.kept", "ledger.spilt"} {
		t.Run(point, func(t *testing.T) {
			passed := 0
			killpoint.Call(point, func() {
				passed++
				f := homeFamily(t)
				for range 3 { // the channel may hold an old one, and one may have begun before
					id, err := f.Reserve("player")
					if err != nil {
						t.Error(err)
						return
					}
					f.Buried(id)
					select {
					case <-swept:
					case <-time.After(testproc.Watchdog):
						t.Error("no sweep")
						return
					}
				}
			})
			defer killpoint.Call(point, nil)
			h := newObject(t)
			tabs, _ := spillOver(t, h, 1)
			ref := tabs[0].area.ref()
			for _, p := range tabs {
				p.Close()
			}
			if passed != 1 || !arena.Held(ref) {
				t.Errorf("swept away, %d passes", passed)
			}
			if n := count(view(t, h)); n != Inline+1 {
				t.Errorf("%d rows", n)
			}
		})
	}
}

func TestFull(t *testing.T) {
	h := newObject(t)
	spillOver(t, h, 1)
	tab := view(t, h)
	if err := tab.Attach(); err != nil {
		t.Fatal(err)
	}
	s := tab.spill.Load()
	*s.count() = spillRows
	peer := tab.area.row(0).Owner()
	for i := range spillRows {
		setCounts(s.row(i), peer, 1)
	}
	if _, err := tab.Claim(); !errors.Is(err, errs.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	setCounts(s.row(spillRows-1), peer, 0) // an idle one is taken before giving up
	if r, err := tab.Claim(); err != nil || r != s.row(spillRows-1) {
		t.Errorf("got %v", err)
	}
}

func TestScribbled(t *testing.T) {
	for _, count := range []uint64{0, 1, 4096, 4097, 1 << 31, 1 << 32, 1 << 63, ^uint64(0)} {
		h := newObject(t)
		spillOver(t, h, 1)
		tab := view(t, h)
		if err := tab.Attach(); err != nil {
			t.Fatal(err)
		}
		atomic.StoreUint64(tab.spill.Load().count(), count)
		n := 0
		for range tab.Each {
			n++
		}
		if n > Inline+spillRows {
			t.Errorf("%d rows", n)
		}
		_, _ = tab.Claim()
	}
	t.Run("reference", func(t *testing.T) {
		h := newObject(t)
		other := newObject(t)
		tab := view(t, h)
		good := other.Ref()
		for _, ref := range []arena.Ref{{Off: 2, Serial: 1}, {Off: ^uint64(0), Serial: 5}, {Off: 4 << 40, Serial: 5}, {Off: good.Off, Serial: good.Serial + 1}, good, {Off: good.Off + 8, Serial: good.Serial}} {
			*tab.area.serial() = ref.Serial
			*tab.area.spill() = ref.Off
			if err := tab.Attach(); !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("%+v: %v", ref, err)
			}
			if _, err := tab.Claim(); !errors.Is(err, errs.ErrCorrupt) {
				t.Errorf("%+v: %v", ref, err)
			}
			if count(tab) != 0 {
				t.Error("rows")
			}
		}
		small, err := arena.New(arena.Spec{Kind: handle.KindRows, Size: 64})
		if err != nil {
			t.Fatal(err)
		}
		defer small.Close()
		*tab.area.serial(), *tab.area.spill() = small.Ref().Serial, small.Ref().Off
		if err := tab.Attach(); !errors.Is(err, errs.ErrCorrupt) {
			t.Errorf("a small one: %v", err)
		}
		*tab.area.spill() = 0
	})
	t.Run("one that is being made", func(t *testing.T) {
		for _, ref := range []arena.Ref{{Off: making, Serial: 1}, {Off: family.UnitSize + making, Serial: 5}, {Off: (4<<40 - family.UnitSize) + making, Serial: 7}} {
			h := newObject(t)
			tab := view(t, h)
			*tab.area.serial(), *tab.area.spill() = ref.Serial, ref.Off
			spillOver(t, h, 1)
			if n := count(tab); n != Inline+1 {
				t.Errorf("%+v: %d rows", ref, n)
			}
		}
	})
}

func Example() {
	h, err := arena.New(arena.Spec{Kind: kindTest, Size: testAt + Size})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	rows := New(h, unsafe.Add(h.Payload(), testAt))
	defer rows.Close()

	if h.Lock().TryAcquire(0) {
		mine, err := rows.Claim()
		if err != nil {
			fmt.Println(err)
			return
		}
		for {
			w := atomic.LoadUint64(mine.Word())
			if atomic.CompareAndSwapUint64(mine.Word(), w, w+7) {
				break
			}
		}
		_ = h.Lock().Release()
	}
	for r := range rows.Each {
		w := atomic.LoadUint64(r.Word())
		fmt.Println(OwnerOf(w) == rows.Me(), w&Counts)
	}
	// Output: true 7
}
