package pickle

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/multiproc-go/multiproc/py"
)

// The globals that are written for the values of package py. As variables they have addresses, by which the encoder knows them.
var (
	globalSet       = py.Global{Module: "builtins", Name: "set"}
	globalFrozenSet = py.Global{Module: "builtins", Name: "frozenset"}
	globalBytes     = py.Global{Module: "builtins", Name: "bytes"}
	globalByteArray = py.Global{Module: "builtins", Name: "bytearray"}
	globalComplex   = py.Global{Module: "builtins", Name: "complex"}
	globalRange     = py.Global{Module: "builtins", Name: "range"}
	globalSlice     = py.Global{Module: "builtins", Name: "slice"}
	globalGetattr   = py.Global{Module: "builtins", Name: "getattr"}
	globalEllipsis  = py.Global{Module: "builtins", Name: "Ellipsis"}
	globalNotImpl   = py.Global{Module: "builtins", Name: "NotImplemented"}
	globalEncode    = py.Global{Module: "_codecs", Name: "encode"}
	globalPartial   = py.Global{Module: "functools", Name: "partial"}
	globalNewObjEx  = py.Global{Module: "copyreg", Name: "__newobj_ex__"}
	globalOrdered   = py.Global{Module: "collections", Name: "OrderedDict"}
	globalArray     = py.Global{Module: "array", Name: "array"}
	globalRebuild   = py.Global{Module: "array", Name: "_array_reconstructor"}
	globalDecimal   = py.Global{Module: "decimal", Name: "Decimal"}
	globalFraction  = py.Global{Module: "fractions", Name: "Fraction"}
	globalUUID      = py.Global{Module: "uuid", Name: "UUID"}
	globalDateTime  = py.Global{Module: "datetime", Name: "datetime"}
	globalDate      = py.Global{Module: "datetime", Name: "date"}
	globalTime      = py.Global{Module: "datetime", Name: "time"}
	globalTimeDelta = py.Global{Module: "datetime", Name: "timedelta"}
	globalTimeZone  = py.Global{Module: "datetime", Name: "timezone"}
)

// canonical is the one Global with this value that stands for all of them in this encoding.
func (e *encoder) canonical(g py.Global) *py.Global {
	if e.last != nil && *e.last == g {
		return e.last
	}
	c := e.globals[g]
	if c == nil {
		c = new(py.Global) // &g would allocate in each call
		*c = g
		e.globals[g] = c
	}
	e.last = c
	return c
}

func (e *encoder) scanGlobal(g py.Global) error {
	c := e.canonical(g)
	if e.again(globalIdent(c)) {
		return nil
	}
	e.length += len(g.Module) + len(g.Name) + 6
	if e.protocol >= 4 {
		if !validText(g.Module) || !validText(g.Name) {
			return fmt.Errorf("the name %q is not UTF-8", g.Module+"."+g.Name)
		}
		return nil
	}
	if parent, _, ok := splitGlobal(g); ok {
		const most = 50
		if strings.Count(g.Name, ".") > most {
			return errors.New("the name of the global has too many dots")
		}
		e.need(&globalGetattr)
		return e.scanGlobal(parent)
	}
	return checkLines(e.protocol, g)
}

// checkLines tells whether GLOBAL can have the names, each of which ends with the line.
func checkLines(protocol int, g py.Global) error {
	name := g.Module + "." + g.Name
	switch {
	case strings.Contains(name, "\n"):
		return fmt.Errorf("the name %q has a newline, which needs protocol 4", name)
	case protocol == 2 && !isASCII(name):
		return fmt.Errorf("the name %q is not ASCII, which needs protocol 3", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("the name %q is not UTF-8", name)
	}
	return nil
}

// splitGlobal takes apart the name of what is an attribute of another global. GLOBAL can only name what is in a module itself.
func splitGlobal(g py.Global) (parent py.Global, name string, ok bool) {
	i := strings.LastIndexByte(g.Name, '.')
	if i < 0 {
		return g, "", false
	}
	return py.Global{Module: g.Module, Name: g.Name[:i]}, g.Name[i+1:], true
}

// global writes a global of which g is the one that stands for it.
func (e *encoder) global(g *py.Global) {
	m, done := e.met(globalIdent(g))
	if done {
		return
	}
	if e.protocol >= 4 {
		e.plainText(g.Module)
		e.plainText(g.Name)
		e.op(opStackGlobal)
	} else if parent, name, ok := splitGlobal(*g); ok {
		e.global(&globalGetattr)
		e.global(e.canonical(parent))
		e.plainText(name)
		e.op(opTuple2)
		e.op(opReduce)
	} else {
		module, name := g.Module, g.Name
		if e.protocol == 2 {
			module, name = name3to2(module, name)
		}
		e.op(opGlobal)
		e.out = append(e.out, module...)
		e.out = append(e.out, '\n')
		e.out = append(e.out, name...)
		e.out = append(e.out, '\n')
	}
	e.keep(m)
}

func (e *encoder) scanSingleton(s py.Singleton) error {
	g := singletonGlobal(s)
	if g == nil {
		return fmt.Errorf("there is no singleton %q", string(s))
	}
	e.need(g)
	return nil
}

func (e *encoder) singleton(s py.Singleton) { e.global(singletonGlobal(s)) }

func singletonGlobal(s py.Singleton) *py.Global {
	switch s {
	case py.Ellipsis:
		return &globalEllipsis
	case py.NotImplemented:
		return &globalNotImpl
	}
	return nil
}

// needSet notes the class of a set for the protocols that have no opcode for it.
func (e *encoder) needSet(class *py.Global) {
	if e.protocol < 4 {
		e.need(class)
	}
}
