package pickle

import (
	"reflect"
	"strconv"

	"github.com/multiproc-go/multiproc/py"
)

// instance is what an any gets for an instance: a pointer to a new struct if its class is registered, else the Object itself.
func (a *assigner) instance(o *py.Object) (py.Value, error) {
	class := a.registry.classOfObject(o)
	if class == nil {
		return o, nil
	}
	p := reflect.New(class.typ)
	k, made, ok := a.known(assignPlanOf(p.Type(), false), o)
	if ok {
		return made.Interface(), nil
	}
	a.remember(k, p)
	if err := a.enter(); err != nil {
		return nil, err
	}
	if err := a.fromInstance(class, o, p.Elem()); err != nil {
		return nil, err
	}
	a.leave()
	return p.Interface(), nil
}

// fromInstance stores an instance of a registered class: its arguments, and then its attributes.
func (a *assigner) fromInstance(class *class, o *py.Object, dst reflect.Value) error {
	if reflect.PointerTo(class.typ).Implements(unmarshalerType) {
		return unmarshal(a, o, dst)
	}
	s := class.fields
	c := constructionOf(o)
	args := c.args
	if len(args) > len(class.args) {
		return mismatch(o, dst, "it is made of "+strconv.Itoa(len(args))+" arguments, and the class was registered with "+strconv.Itoa(len(class.args)))
	}
	if err := a.byPosition(class, args, dst); err != nil {
		return err
	}
	if o.Kwargs != nil {
		if err := s.fromAttributes(a, &attributes{own: o.Kwargs}, o, dst); err != nil {
			return err
		}
	}
	if hasItems(o, &c) {
		return mismatch(o, dst, "it has items, which only a method UnmarshalPickle can take")
	}
	if len(o.Later) > 0 {
		return mismatch(o, dst, "it has several states, which only a method UnmarshalPickle can take")
	}
	if len(o.Calls) > 0 {
		return mismatch(o, dst, "a function sets its state, which only a method UnmarshalPickle can take")
	}
	if o.State == nil {
		return nil
	}
	var state attributes
	if ok := state.setState(o); ok {
		return s.fromAttributes(a, &state, o, dst)
	}
	items, ok := positionalState(o)
	switch {
	case !ok:
		return mismatch(o, dst, "its state is of type "+py.TypeName(o.State)+" and not its attributes, "+onlyMethod)
	case len(args) > 0 || o.Kwargs != nil:
		return mismatch(o, dst, "it has both arguments and a state without names, "+onlyMethod)
	case len(class.args) == 0 && s.tuple:
		return s.fromItems(a, o, items, dst)
	case len(class.args) == 0:
		return mismatch(o, dst, "its state is of type "+py.TypeName(o.State)+`, whose parts have no names; RegisterClass takes their names, in their order, or the struct the tag pickle:",tuple" on a blank field`)
	case len(items) != len(class.args):
		return mismatch(o, dst, "its state has "+strconv.Itoa(len(items))+" parts, and the class was registered with "+strconv.Itoa(len(class.args))+" arguments")
	}
	return a.byPosition(class, items, dst)
}

// byPosition stores values into the fields that are the arguments of a class.
func (a *assigner) byPosition(class *class, items []py.Value, dst reflect.Value) error {
	for i, item := range items {
		if err := class.fields.field(a, class.args[i], item, dst); err != nil {
			return err
		}
	}
	return nil
}
