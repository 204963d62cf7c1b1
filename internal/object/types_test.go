package object

import "testing"

// TestTypesHaveWhatTheyExpose: a client can call all that it is told of, and nothing else.
func TestTypesHaveWhatTheyExpose(t *testing.T) {
	seen := map[*Type]bool{}
	var check func(typ *Type)
	check = func(typ *Type) {
		if seen[typ] {
			return
		}
		seen[typ] = true
		exposed := map[string]bool{}
		for _, name := range typ.Exposed {
			exposed[name] = true
			if typ.Methods[name] == nil {
				t.Errorf("%s exposes %s, which is none of its methods", typ.Name, name)
			}
		}
		for name := range typ.Methods {
			if !exposed[name] {
				t.Errorf("%s has a method %s, which it does not expose", typ.Name, name)
			}
		}
		for name, result := range typ.Results {
			if typ.Methods[name] == nil {
				t.Errorf("%s has a result of %s, which is none of its methods", typ.Name, name)
			}
			check(result)
		}
	}
	for _, typ := range []*Type{
		ListType, DictType, SetType, NamespaceType, ValueType, ArrayType, LockType, RLockType, SemaphoreType, BoundedSemaphoreType, ConditionType, EventType, BarrierType, QueueType, JoinableQueueType,
		IteratorType, cursorIteratorType,
	} {
		check(typ)
	}
}
