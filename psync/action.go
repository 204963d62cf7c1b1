package psync

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// An Action is what the last party to arrive at a Barrier does before all go on. It is registered under a name, since whichever process comes last has to find it.
type Action struct {
	entry *action
}

type action struct {
	name  string
	where string // file:line of the registration
	f     func(ctx context.Context) error
	err   error
}

var actions struct {
	sync.Mutex
	m map[string]*action
}

// RegisterAction makes f known under a name, which must be unique in the program: a library puts its own name in front. Call it in a package variable,
//
//	var swap = psync.RegisterAction("sim/swap", func(ctx context.Context) error { ... })
//
// so that it has run in every process of the program. f gets the context of the Wait that came last. What is wrong with the registration is returned by NewBarrier.
func RegisterAction(name string, f func(ctx context.Context) error) Action {
	_, file, line, _ := runtime.Caller(1)
	e := &action{name: name, where: fmt.Sprintf("%s:%d", file, line), f: f}
	switch {
	case name == "":
		e.err = fmt.Errorf("psync: the action registered at %s has no name; give it one that is unique in the program", e.where)
	case f == nil:
		e.err = fmt.Errorf("psync: action %q, registered at %s, is nil", name, e.where)
	default:
		actions.Lock()
		defer actions.Unlock()
		if first := actions.m[name]; first != nil {
			first.err = fmt.Errorf("psync: action %q is registered twice, at %s and at %s; rename one of them", name, first.where, e.where)
			e.err = first.err
			break
		}
		if actions.m == nil {
			actions.m = map[string]*action{}
		}
		actions.m[name] = e
	}
	return Action{e}
}

// registered is the action of a name that came with a handle; "" is none.
func registered(name string) (*action, error) {
	if name == "" {
		return nil, nil
	}
	actions.Lock()
	defer actions.Unlock()
	e := actions.m[name]
	if e == nil {
		known := "none"
		if len(actions.m) > 0 {
			known = strings.Join(slices.Sorted(maps.Keys(actions.m)), ", ")
		}
		return nil, fmt.Errorf("psync: a Barrier arrived whose action %q is not registered in this process (it has: %s); register it in a package variable", name, known)
	}
	return e, e.err
}
