package pickle

import (
	"fmt"
	"math/big"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/multiproc-go/multiproc/py"
)

// Assign stores a Python value into the variable that to points to. See [Config.Assign].
func Assign(v py.Value, to any) error { return Config{}.Assign(v, to) }

// Assign stores a Python value into the variable that to points to, whose type says what is wanted:
//
//	any                      the value as it is, but instances of registered classes as pointers
//	                         to their structs
//	bool                     bool only
//	integers                 int in the type's range; neither float nor bool
//	float64, float32         float (rounded to float32's precision), int if it is exact, Decimal
//	                         and Fraction (the nearest)
//	complex128, complex64    complex, and what a float takes
//	string                   str, also Python 2's if it is UTF-8; a lone surrogate becomes three
//	                         bytes that are not UTF-8; Decimal and UUID as text; bytes are no
//	                         text
//	[]byte, [N]byte          bytes, bytearray, Python 2's str; UUID into [16]byte; a list of ints
//	slices, arrays           list, tuple, set, frozenset, deque, array.array, instances of list's
//	                         subclasses, namedtuples of two and more; arrays must have the same
//	                         length
//	maps                     dict, OrderedDict, defaultdict, Counter, instances of dict's
//	                         subclasses; set or frozenset into map[K]struct{}
//	structs                  dict with str keys, or any instance or exception with attributes; if
//	                         the tag says tuple, a list or tuple of all fields in order, and then
//	                         namedtuples and dataclasses that are frozen and have slots, too
//	pointers                 what their elements take, or None
//	time.Time                datetime; one without a timezone is taken for UTC; a date is its
//	                         beginning in UTC
//	time.Duration            timedelta; int and float are seconds, as Python's timeouts are
//	big.Int                  int
//	big.Rat                  Fraction, int, Decimal, float
//	big.Float                Decimal, float, int
//	with UnmarshalPickle     anything
//	with UnmarshalText       str, and what their kind takes
//	of RegisterEnum          members of the Enum, and what their kind takes
//	error                    exceptions
//	interfaces, types of py  values of exactly that type
//
// Nothing is lost on the way: 3.0 is no int, 300 no uint8, 2**53+1 no float64. What does not fit makes an [UnmarshalTypeError], and to then may have been changed in part.
//
// None makes pointers, interfaces, maps and slices nil. A field of a struct it makes zero whatever its type is, since attributes are None when nothing was set; elsewhere it is
// an error for what can't be nil.
//
// As with encoding/json, a dict adds to a map that is there, and to the fields of a struct; what a non-nil pointer leads to is changed; slices are overwritten and their memory
// is used again; keys without a field are ignored, unless the Config says DisallowUnknownFields. Unlike there, names must match exactly, and what is in an interface is replaced.
//
// One object to which two references lead is one object in Go as well, if pointers (of one type), maps or slices lead to it there, and may contain itself.
//
// Assign copies what it stores, except into any, interfaces and types of package py, and registered structs. What is large and occurs many times may take as much memory in copies as Limits.Memory
// allows, by default 64 MiB and 128 times the size of what is copied; more is an ErrLimit. Its cost is that of the value: the work for a type is done once
// for all calls, and a number or a struct of numbers and strings takes no memory.
func (c Config) Assign(v py.Value, to any) error {
	switch to := to.(type) {
	case *any:
		if to != nil && c.Registry == nil {
			*to = v
			return nil
		}
	case *string:
		if s, ok := v.(string); ok && to != nil {
			*to = s
			return nil
		}
	case *int:
		if i, ok := v.(int64); ok && to != nil && int64(int(i)) == i {
			*to = int(i)
			return nil
		}
	case *float64:
		if f, ok := v.(float64); ok && to != nil {
			*to = f
			return nil
		}
	}
	p := reflect.ValueOf(to)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return fmt.Errorf("pickle: Assign needs a pointer that is not nil, not %T", to)
	}
	v = withoutNil(v)
	a := newAssigner(c)
	defer a.release()
	plan := assignPlanOf(p.Type(), false)
	if plan.elem == nil { // *py.List and the like
		return asUnmarshalError(assignPlanOf(p.Type().Elem(), false).assign(a, v, p.Elem()))
	}
	// Where the value refers to itself, it refers to this variable.
	if k, _, ok := a.known(plan, v); !ok {
		a.remember(k, p)
	}
	return asUnmarshalError(a.inside(plan, v, p))
}

// AssignValue is Assign for who has a reflect.Value, which must be settable: arguments and results of calls.
func (c Config) AssignValue(v py.Value, dst reflect.Value) error {
	if !dst.CanSet() {
		return fmt.Errorf("pickle: AssignValue needs a settable value, which this one (%s) is not", dst.Kind())
	}
	v = withoutNil(v)
	a := newAssigner(c)
	defer a.release()
	return asUnmarshalError(assignPlanOf(dst.Type(), false).assign(a, v, dst))
}

// withoutNil is v, or None for a pointer of package py that is nil, as Of has it.
func withoutNil(v py.Value) py.Value {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() && (isPyType(p.Type()) || p.Type().Elem() == bigIntType) {
		return nil
	}
	return v
}

// assigner stores one Python value.
type assigner struct {
	registry *Registry
	strict   bool // unknown fields are errors
	depth    int
	max      int
	// memo has the pointers, maps and slices made of what can be referred to twice.
	memo map[assignKey]reflect.Value
	// instances are those of the pickle that is being read; nil if there is none.
	instances *instances
	repetitions
}

type assignKey struct {
	at   address
	n    int
	plan *assignPlan
}

var assigners = sync.Pool{New: func() any { return new(assigner) }}

func newAssigner(c Config) *assigner {
	a := assigners.Get().(*assigner)
	a.registry, a.strict, a.max, a.limits = c.Registry, c.DisallowUnknownFields, min(c.Limits.depth(), maxNesting), c.Limits
	return a
}

// release gives the assigner back, with nothing in it that keeps values alive.
func (a *assigner) release() {
	memo := a.memo
	if len(memo) > keepSlots {
		memo = nil
	}
	clear(memo)
	*a = assigner{memo: memo}
	assigners.Put(a)
}

// enter counts a level of nesting: a pointer, slice or map, without which types can't nest endlessly. leave takes it back. After an error nobody counts any more.
func (a *assigner) enter() error {
	if a.depth++; a.depth > a.max {
		return errTooDeep(a.max)
	}
	return nil
}

func (a *assigner) leave() { a.depth-- }

// known is what was made of v for this plan before.
func (a *assigner) known(plan *assignPlan, v py.Value) (k assignKey, made reflect.Value, ok bool) {
	at, n, hasIdentity := pyIdentity(v)
	if !hasIdentity {
		return assignKey{}, reflect.Value{}, false
	}
	k = assignKey{at, n, plan}
	made, ok = a.memo[k]
	return k, made, ok
}

func (a *assigner) remember(k assignKey, made reflect.Value) {
	if k.plan == nil {
		return
	}
	if a.memo == nil {
		a.memo = map[assignKey]reflect.Value{}
	}
	a.memo[k] = made
}

type assignFunc func(a *assigner, v py.Value, dst reflect.Value) error

// assignPlan is how values are stored into variables of one type. Plans are made once for each type, and don't depend on a Config.
type assignPlan struct {
	assign assignFunc
	// wantsNone: the type's own method decides what None means.
	wantsNone bool
	// elem is set for pointers.
	elem *assignLink
}

var assignPlans sync.Map // planKey to *assignPlan

func assignPlanOf(t reflect.Type, tuple bool) *assignPlan {
	k := planKey{t, tuple}
	if p, ok := assignPlans.Load(k); ok {
		return p.(*assignPlan)
	}
	p := newAssignPlan(t, tuple)
	if t.PkgPath() != "" && t.Kind() != reflect.Interface {
		p.assign = directly(t, p.assign)
	}
	stored, _ := assignPlans.LoadOrStore(k, p)
	return stored.(*assignPlan)
}

// assignLink is a plan that another one refers to. It is looked up when it is needed first, since types refer to themselves.
type assignLink struct {
	key  planKey
	plan atomic.Pointer[assignPlan]
}

func assignLinkOf(t reflect.Type, tuple bool) *assignLink { return &assignLink{key: planKey{t, tuple}} }

func (l *assignLink) get() *assignPlan {
	p := l.plan.Load()
	if p == nil {
		p = assignPlanOf(l.key.typ, l.key.tuple)
		l.plan.Store(p)
	}
	return p
}

// newAssignPlan chooses by the type's own methods and meaning first, then by its kind.
func newAssignPlan(t reflect.Type, tuple bool) *assignPlan {
	switch {
	case isPyType(t):
		return pyAssignPlan(t)
	case t.Kind() == reflect.Interface:
		return &assignPlan{assign: interfaceAssign(t)}
	case t.Kind() == reflect.Pointer:
		return pointerAssignPlan(t, tuple)
	case reflect.PointerTo(t).Implements(unmarshalerType):
		return &assignPlan{assign: unmarshal, wantsNone: true}
	}
	if f := specialAssign(t); f != nil {
		return &assignPlan{assign: f}
	}
	p := kindAssignPlan(t, tuple)
	if mayBeEnum(t) {
		p.assign = memberAssign(t, p.assign)
	}
	if reflect.PointerTo(t).Implements(textUnmarshalerType) {
		return &assignPlan{assign: textAssign(p.assign)}
	}
	return p
}

func kindAssignPlan(t reflect.Type, tuple bool) *assignPlan {
	switch t.Kind() {
	case reflect.Bool:
		return &assignPlan{assign: assignBool}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &assignPlan{assign: assignInt}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return &assignPlan{assign: assignUint}
	case reflect.Float32, reflect.Float64:
		return &assignPlan{assign: assignFloat}
	case reflect.Complex64, reflect.Complex128:
		return &assignPlan{assign: assignComplex}
	case reflect.String:
		return &assignPlan{assign: assignString}
	case reflect.Slice:
		return sliceAssignPlan(t)
	case reflect.Array:
		return &assignPlan{assign: arrayAssign(t)}
	case reflect.Map:
		return mapAssignPlan(t)
	case reflect.Struct:
		return structAssignPlan(t, tuple)
	}
	return &assignPlan{assign: func(_ *assigner, v py.Value, dst reflect.Value) error {
		return mismatch(v, dst, "there is nothing like it in Python")
	}}
}

// directly stores values that are of the type already, as registered constructors make them; all others go to other.
func directly(t reflect.Type, other assignFunc) assignFunc {
	return func(a *assigner, v py.Value, dst reflect.Value) error {
		if v != nil && reflect.TypeOf(v) == t {
			dst.Set(reflect.ValueOf(v))
			return nil
		}
		return other(a, v, dst)
	}
}

// pyAssignPlan is for variables of the types of package py, which take just these.
func pyAssignPlan(t reflect.Type) *assignPlan {
	if referencePyTypes[t] {
		p := reflect.PointerTo(t)
		return &assignPlan{assign: func(_ *assigner, v py.Value, dst reflect.Value) error {
			if x := reflect.ValueOf(v); v != nil && x.Type() == p && !x.IsNil() {
				dst.Set(x.Elem())
				return nil
			}
			return mismatch(v, dst, "")
		}}
	}
	nilable := t.Kind() == reflect.Pointer
	return &assignPlan{assign: directly(t, func(_ *assigner, v py.Value, dst reflect.Value) error {
		if v == nil && nilable {
			dst.SetZero()
			return nil
		}
		return mismatch(v, dst, "")
	})}
}

func interfaceAssign(t reflect.Type) assignFunc {
	return func(a *assigner, v py.Value, dst reflect.Value) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		if o, ok := v.(*py.Object); ok && a.registry != nil {
			made, err := a.instance(o)
			if err != nil {
				return err
			}
			v = made
		}
		if x := reflect.ValueOf(v); t.NumMethod() == 0 || x.Type().AssignableTo(t) {
			dst.Set(x)
			return nil
		}
		return mismatch(v, dst, "")
	}
}

// unmarshal calls the type's own method.
func unmarshal(a *assigner, v py.Value, dst reflect.Value) error {
	if err := a.enter(); err != nil {
		return err
	}
	if err := dst.Addr().Interface().(Unmarshaler).UnmarshalPickle(v); err != nil {
		return &UnmarshalTypeError{Value: py.TypeName(v), Type: dst.Type(), Err: err}
	}
	a.leave()
	return nil
}

// pointerAssignPlan makes one pointer of one object.
func pointerAssignPlan(t reflect.Type, tuple bool) *assignPlan {
	p := &assignPlan{elem: assignLinkOf(t.Elem(), tuple)}
	p.assign = func(a *assigner, v py.Value, dst reflect.Value) error {
		if v == nil {
			dst.SetZero()
			return nil
		}
		if _, isInt := v.(*big.Int); !isInt && reflect.TypeOf(v) == t {
			dst.Set(reflect.ValueOf(v)) // of a registered class
			return nil
		}
		k, made, ok := a.known(p, v)
		switch {
		case ok:
			dst.Set(made)
			return nil
		case dst.IsNil():
			dst.Set(reflect.New(t.Elem()))
		}
		a.remember(k, dst.Elem().Addr())
		return a.inside(p, v, dst)
	}
	return p
}

// inside stores v where a pointer, of which p is the plan, leads.
func (a *assigner) inside(p *assignPlan, v py.Value, to reflect.Value) error {
	if err := a.enter(); err != nil {
		return err
	}
	if err := p.elem.get().assign(a, v, to.Elem()); err != nil {
		return err
	}
	a.leave()
	return nil
}
