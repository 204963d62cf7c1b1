package manager

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// syncManager are the types that clients of Python's SyncManager can create.
var syncManager = []*object.Type{
	object.ListType, object.DictType, object.SetType, object.NamespaceType, object.ValueType, object.ArrayType,
	object.LockType, object.RLockType, object.SemaphoreType, object.BoundedSemaphoreType, object.ConditionType, object.EventType, object.BarrierType, object.QueueType, object.JoinableQueueType,
}

// types are those that a server's clients can create, by their typeids.
type types struct {
	mu  sync.RWMutex
	all map[string]*object.Type
	// own are the registered ones, and pointers the first of them for each Go type of a user's.
	own      map[*object.Type]*goType
	pointers map[reflect.Type]*goType
	// exposed has, for each type, the names of its methods as clients get them: for Python 3 and for Python 2.
	exposed sync.Map // of *object.Type to [2]py.Tuple
}

func (t *types) add(typ *object.Type) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[typ.Name] != nil {
		return fmt.Errorf("manager: there are two types %q", typ.Name)
	}
	return t.enter(typ)
}

// enter checks a type, and those of its results, and takes it in place of the one that has its name. Who calls has the lock.
func (t *types) enter(typ *object.Type) error {
	if err := checkType(typ); err != nil {
		return err
	}
	if t.all == nil {
		t.all = map[string]*object.Type{}
	}
	t.all[typ.Name] = typ
	return nil
}

// checkType looks whether a client can call all that it is told of.
func checkType(typ *object.Type) error {
	for _, name := range typ.Exposed {
		if typ.Methods[name] == nil {
			return fmt.Errorf("manager: type %q exposes %q, which is none of its methods", typ.Name, name)
		}
	}
	for name, result := range typ.Results {
		if typ.Methods[name] == nil || result == nil {
			return fmt.Errorf("manager: type %q has a result of %q, which is none of its methods", typ.Name, name)
		}
		if err := checkType(result); err != nil {
			return err
		}
	}
	return nil
}

func (t *types) lookup(typeid string) *object.Type {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.all[typeid]
}

// names are the typeids.
func (t *types) names() []string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Collect(maps.Keys(t.all))
}

// methods are the names of a type's methods.
func (t *types) methods(typ *object.Type, python2 bool) py.Tuple {
	names, ok := t.exposed.Load(typ)
	if !ok {
		var both [2]py.Tuple
		for _, name := range typ.Exposed {
			both[0] = append(both[0], name)
			both[1] = append(both[1], py.Str2(name))
		}
		names, _ = t.exposed.LoadOrStore(typ, both)
	}
	if python2 {
		return names.([2]py.Tuple)[1]
	}
	return names.([2]py.Tuple)[0]
}
