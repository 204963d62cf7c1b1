package object

import "testing"

// TestBlockingTypes: what is exposed is there, and nothing else; all of them can be looked at, and have no value.
func TestBlockingTypes(t *testing.T) {
	for _, typ := range []*Type{LockType, RLockType, SemaphoreType, BoundedSemaphoreType, ConditionType, EventType, BarrierType, QueueType, JoinableQueueType} {
		for _, name := range typ.Exposed {
			if typ.Methods[name] == nil {
				t.Errorf("%s has no method %s", typ.Name, name)
			}
		}
		if len(typ.Methods) != len(typ.Exposed) {
			t.Errorf("%s exposes %d of its %d methods", typ.Name, len(typ.Exposed), len(typ.Methods))
		}
		var o Object
		if typ == BarrierType {
			o = makeHolder(t, typ, int64(2))
		} else {
			o = makeHolder(t, typ)
		}
		if o.Type() != typ {
			t.Errorf("a %s is a %s", typ.Name, o.Type().Name)
		}
		if v, err := o.Value(); err == nil {
			t.Errorf("%s has the value %v", typ.Name, v)
		}
		if text, err := o.Repr(); err != nil || text == "" {
			t.Errorf("%s: repr %q, %v", typ.Name, text, err)
		}
		if hs := o.(Holder).Holdings(); len(hs) != 0 {
			t.Errorf("%s: %v", typ.Name, hs)
		}
	}
}
