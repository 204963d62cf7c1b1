package manager

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"weak"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// The table knows all objects by their idents, and how many references clients have.
//
// # Invariants
//
//  1. An entry whose count is above 0 holds its node. One whose count is 0 is there only if the node has been referred to: a Ref in some container, or a client that is about to claim
//     one out of a reply, may still lead to it. It has the node by a weak pointer, and goes when the collector has freed the node.
//  2. Idents are never used again: they are the table's random prefix and a number.
//  3. held is the number of entries whose count is above 0. That is what number_of_objects tells, as Python's server does.
//  4. singles has the entries of objects that a constructor or a method may return again, by what they are the same by, as long as the entry is there. It keeps none of them alive: the
//     address of an object whose node is gone may be another one's already, so an entry counts only if it still has its node.
type table struct {
	prefix string
	max    int

	mu      sync.RWMutex
	next    uint64
	entries map[string]*entry
	singles map[single]*entry
	held    int
	order   order // of all entries
}

type entry struct {
	ident  string
	node   *object.Node // nil if count is 0
	weak   weak.Pointer[object.Node]
	count  int
	claims *claims // nil if there are none
	noted  bool    // the collector will tell
	single single  // where it is in singles; zero if it is not

	next, prev *entry // see order
}

// single is by what two objects are the same one.
type single struct {
	typ *object.Type
	at  uintptr
}

// singleOf is the zero single for an object that is never the same as another.
func singleOf(o object.Object) single {
	if i, ok := o.(object.Identifier); ok {
		if i.Identity() == 0 {
			return single{}
		}
		return single{o.Type(), i.Identity()}
	}
	return single{o.Type(), reflect.ValueOf(o).Pointer()}
}

// prefixBytes of randomness tell the idents of this server from those of others.
const prefixBytes = 6

func newTable(max int) *table {
	var b [prefixBytes]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &table{prefix: hex.EncodeToString(b[:]), max: max, entries: map[string]*entry{}, singles: map[single]*entry{}}
}

// owns tells whether this server has made the ident.
func (t *table) owns(ident string) bool { return strings.HasPrefix(ident, t.prefix) }

// lookup is the node of an ident, nil if there is none any more.
func (t *table) lookup(ident string) *object.Node {
	t.mu.RLock()
	e := t.entries[ident]
	if e == nil {
		t.mu.RUnlock()
		return nil
	}
	node := e.held()
	t.mu.RUnlock()
	return node
}

// refer is lookup for who makes a Ref to the node.
func (t *table) refer(ident string) *object.Node {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e := t.entries[ident]
	switch {
	case e == nil:
		return nil
	case e.node == nil:
		return e.weak.Value()
	}
	e.node.Referred.Store(true) // under the lock, so that nobody forgets the node in between
	return e.node
}

// add enters an object, with a count of 1. If it is that of a type with singles and is there already, it is counted once more.
func (t *table) add(o object.Object, single bool, c claim) (ident string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.again(o, single); e != nil && t.hold(e) {
		e.expect(c)
		return e.ident, nil
	}
	e, err := t.enter(o, single)
	if err != nil {
		return "", err
	}
	e.count = 1
	e.expect(c)
	t.held++
	return e.ident, nil
}

// keep enters an object that no client holds, or finds it: it lives as long as its node can be reached.
func (t *table) keep(o object.Object, single bool) (*object.Node, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.again(o, single); e != nil {
		if node := e.held(); node != nil {
			node.Referred.Store(true)
			return node, nil
		}
	}
	e, err := t.enter(o, single)
	if err != nil {
		return nil, err
	}
	node := e.node
	node.Referred.Store(true)
	t.release(e)
	return node, nil
}

// count counts a reference to an object whose node the caller has.
func (t *table) count(node *object.Node, c claim) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[node.Ident]; e != nil && t.hold(e) {
		e.expect(c)
	}
	runtime.KeepAlive(node)
}

// again is the entry of an object that is there already, perhaps without its node. Who calls has the lock.
func (t *table) again(o object.Object, single bool) *entry {
	if !single {
		return nil
	}
	return t.singles[singleOf(o)]
}

// enter makes an entry, with a node and a count of 0 that can't stay. Who calls has the lock.
func (t *table) enter(o object.Object, isSingle bool) (*entry, error) {
	if len(t.entries) >= t.max {
		return nil, py.MemoryError("the server has %d objects, which is its limit", t.max)
	}
	t.next++
	ident := t.prefix + strconv.FormatUint(t.next, 16)
	e := &entry{ident: ident, node: &object.Node{Ident: ident, Object: o}}
	t.entries[ident] = e
	t.order.push(e)
	if isSingle {
		if e.single = singleOf(o); e.single != (single{}) {
			t.singles[e.single] = e
		}
	}
	return e, nil
}

// held is the entry's node, nil if the collector has freed it. Who calls has the lock.
func (e *entry) held() *object.Node {
	if e.node != nil {
		return e.node
	}
	return e.weak.Value()
}

// hold counts a reference, unless the node is gone. Who calls has the lock.
func (t *table) hold(e *entry) bool {
	if e.count == 0 {
		if e.node = e.weak.Value(); e.node == nil {
			return false
		}
		t.held++
	}
	e.count++
	return true
}

// incref counts a reference; false if there is no such object.
func (t *table) incref(ident string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[ident]
	if e == nil || !t.hold(e) {
		return false
	}
	e.begin()
	return true
}

// decref gives a reference back; false if there is no such object. Of an object that only containers hold, whose count is 0, there is none to give back, which is no error.
func (t *table) decref(ident string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.entries[ident]
	if e == nil {
		return false
	}
	e.finish()
	t.lower(e)
	return true
}

// abandon gives back all references that clients have, who are gone for good. What Go code has stays, and of the rest nothing: an iterator's goroutine would be there for ever.
func (t *table) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.entries {
		if e.count > 0 {
			e.count, e.claims = 1, nil
			t.lower(e)
		}
	}
}

// lower takes one from the count. Who calls has the lock.
func (t *table) lower(e *entry) {
	if e.count == 0 {
		return
	}
	if e.count--; e.count > 0 {
		return
	}
	t.held--
	t.release(e)
}

// release lets go of a node that no client holds. The entry stays if the node may be reached by others. Who calls has the lock.
func (t *table) release(e *entry) {
	node := e.node
	e.node = nil
	if !node.Referred.Load() {
		t.remove(e)
		return
	}
	e.weak = weak.Make(node)
	if !e.noted {
		e.noted = true
		runtime.AddCleanup(node, t.forget, e.ident)
	}
}

// forget is called by the collector, after it has freed a node.
func (t *table) forget(ident string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[ident]; e != nil {
		t.remove(e)
	}
}

// remove takes an entry out. Who calls has the lock.
func (t *table) remove(e *entry) {
	delete(t.entries, e.ident)
	t.order.remove(e)
	if t.singles[e.single] == e { // else another object has the place by now
		delete(t.singles, e.single)
	}
}

// size is how many objects clients hold.
func (t *table) size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.held
}

// holding is one object in a list of what clients hold.
type holding struct {
	node  *object.Node
	count int
}

// list has what clients hold, in the order of the idents; if there is more than max, some of it. No lock is held for long.
func (t *table) list(max int) []holding {
	var all []holding
	t.walk(func(node *object.Node, count int) bool {
		if count > 0 {
			all = append(all, holding{node, count})
		}
		return len(all) < max
	})
	slices.SortFunc(all, func(a, b holding) int { return cmp.Compare(a.node.Ident, b.node.Ident) })
	return all
}

// debugInfo is the text of debug_info, and costs a bounded time, whatever there is: of very many objects it shows some, and says so, and of each object the beginning.
func (t *table) debugInfo() string {
	var b strings.Builder
	all := t.list(debugObjects)
	for i, h := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "  %s:       refcount=%d\n    %s", h.node.Ident, h.count, firstRunes(object.Brief(h.node.Object, utf8.UTFMax*debugText), debugText))
	}
	if more := t.size() - len(all); len(all) == debugObjects && more > 0 {
		fmt.Fprintf(&b, "\n  ... and %d more objects", more)
	}
	return b.String()
}

// debugObjects is how many objects debug_info shows.
const debugObjects = 10_000

// debugText is how many characters of an object's text debug_info shows.
const debugText = 75

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
