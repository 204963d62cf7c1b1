package object

import (
	"sync"

	"github.com/multiproc-go/multiproc/py"
)

// set is a shared set.
type set struct {
	mu sync.Mutex
	s  py.Set
}

// SetType is the typeid set, which Python has since 3.14: m.set([iterable]).
var SetType = &Type{
	Name:  "set",
	Proxy: proxy("SetProxy"),
	Exposed: []string{
		"__and__", "__contains__", "__iand__", "__ior__", "__isub__", "__iter__", "__ixor__", "__len__", "__or__", "__rand__", "__ror__", "__rsub__", "__rxor__", "__sub__", "__xor__", "add",
		"clear", "copy", "difference", "difference_update", "discard", "intersection", "intersection_update", "isdisjoint", "issubset", "issuperset", "pop", "remove", "symmetric_difference",
		"symmetric_difference_update", "union", "update", "__ge__", "__gt__", "__le__", "__lt__",
	},
	Methods: map[string]Method{
		"__and__":                     setOperator("__and__", (*py.Set).Intersection),
		"__contains__":                on((*set).contains),
		"__iand__":                    setInPlace("__iand__", (*py.Set).Intersection),
		"__ior__":                     setInPlace("__ior__", (*py.Set).Union),
		"__isub__":                    setInPlace("__isub__", (*py.Set).Difference),
		"__iter__":                    on((*set).iter),
		"__ixor__":                    setInPlace("__ixor__", (*py.Set).SymmetricDifference),
		"__len__":                     on((*set).len),
		"__or__":                      setOperator("__or__", (*py.Set).Union),
		"__rand__":                    setReversed("__rand__", (*py.Set).Intersection),
		"__ror__":                     setReversed("__ror__", (*py.Set).Union),
		"__rsub__":                    setReversed("__rsub__", (*py.Set).Difference),
		"__rxor__":                    setReversed("__rxor__", (*py.Set).SymmetricDifference),
		"__sub__":                     setOperator("__sub__", (*py.Set).Difference),
		"__xor__":                     setOperator("__xor__", (*py.Set).SymmetricDifference),
		"add":                         on((*set).add),
		"clear":                       on((*set).clear),
		"copy":                        copying(pairBytes, on((*set).copy)),
		"difference":                  on((*set).difference),
		"difference_update":           on((*set).differenceUpdate),
		"discard":                     on((*set).discard),
		"intersection":                on((*set).intersection),
		"intersection_update":         on((*set).intersectionUpdate),
		"isdisjoint":                  setTest("set.isdisjoint", isDisjoint),
		"issubset":                    setTest("set.issubset", isSubset),
		"issuperset":                  setTest("set.issuperset", isSuperset),
		"pop":                         on((*set).pop),
		"remove":                      on((*set).remove),
		"symmetric_difference":        copying(pairBytes, on((*set).symmetricDifference)),
		"symmetric_difference_update": copying(pairBytes, on((*set).symmetricDifferenceUpdate)),
		"union":                       on((*set).union),
		"update":                      on((*set).update),
		"__ge__":                      setCompare("__ge__", py.Ge),
		"__gt__":                      setCompare("__gt__", py.Gt),
		"__le__":                      setCompare("__le__", py.Le),
		"__lt__":                      setCompare("__lt__", py.Lt),
	},
	Results: map[string]*Type{"__iter__": IteratorType},
	New:     newSet,
}

var (
	setNew      = Builtin("set", "iterable=")
	setAdd      = Builtin("set.add", "elem")
	setClear    = Builtin("set.clear")
	setContains = Builtin("set.__contains__", "elem")
	setCopy     = Builtin("set.copy")
	setDiscard  = Builtin("set.discard", "elem")
	setIter     = Slot("__iter__")
	setLen      = Slot("__len__")
	setPop      = Builtin("set.pop")
	setRemove   = Builtin("set.remove", "elem")
)

func newSet(c *Call) (Object, error) {
	var from py.Value = py.Tuple(nil)
	if err := setNew.Parse(c, &from); err != nil {
		return nil, err
	}
	items, err := c.walk(pairBytes).elements(from)
	if err != nil {
		return nil, err
	}
	s := &set{}
	if err := addAll(&s.s, py.Tuple(items)); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *set) Type() *Type { return SetType }

func (s *set) Value() (py.Value, error) { return s.snapshot(), nil }

func (s *set) Repr() (string, error) { return py.Repr(s.snapshot()) }

// snapshot is a set of what the set has now.
func (s *set) snapshot() *py.Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.s.Copy()
}

func (s *set) contains(c *Call) (py.Value, error) {
	var v py.Value
	if err := setContains.Parse(c, &v); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.s.Has(v)
	return result(found, err)
}

func (s *set) len(c *Call) (py.Value, error) {
	if err := setLen.Parse(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.s.Len()), nil
}

func (s *set) iter(c *Call) (py.Value, error) {
	if err := setIter.Parse(c); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return &cursorIterator{mu: &s.mu, cursor: s.s.Cursor(), class: "set_iterator"}, nil
}

func (s *set) copy(c *Call) (py.Value, error) {
	if err := setCopy.Parse(c); err != nil {
		return nil, err
	}
	return s.snapshot(), nil
}
