package object

import (
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// A Signature is the parameters of a Python function, with the TypeErrors that a call gets which they don't fit. Its texts depend on what the function is in CPython, hence the constructors:
//
//	var putArgs = Function("Queue.put", "item", "block=", "timeout=")
//
//	var item, block, timeout py.Value = nil, true, nil // the defaults
//	if err := putArgs.Parse(c, &item, &block, &timeout); err != nil {
//		return nil, err
//	}
//
// A parameter with a = behind its name is optional. Those behind a "*" are given by name only.
type Signature struct {
	kind       signatureKind
	name       string // "list.append"; "Array" for a function that is no method
	params     []string
	positional int // how many may be given by position
	required   int // how many have to be given; they come first
}

type signatureKind uint8

const (
	functionKind signatureKind = iota
	plainKind
	builtinKind
	keywordsKind
	slotKind
	unpackedSlotKind
)

// Function is a function written in Python. That of a method has a dot in its name, and counts self among the arguments as Python does; a constructor is Class.__init__.
func Function(name string, params ...string) *Signature { return sign(functionKind, name, params) }

// Plain is a Function that counts all of its arguments, though its name has a dot: a method of Go's.
func Plain(name string, params ...string) *Signature { return sign(plainKind, name, params) }

// Builtin is a function written in C that takes no keyword arguments: "list.append".
func Builtin(name string, params ...string) *Signature { return sign(builtinKind, name, params) }

// Keywords is a function written in C that takes keyword arguments: "list.sort".
func Keywords(name string, params ...string) *Signature { return sign(keywordsKind, name, params) }

// Slot is a method of an operator of a type that is written in C: "__len__".
func Slot(name string, params ...string) *Signature { return sign(slotKind, name, params) }

// UnpackedSlot is a Slot that CPython unpacks the arguments of in another way, which shows in the text: __setitem__, __setattr__, and __mul__ of sequences.
func UnpackedSlot(name string, params ...string) *Signature {
	return sign(unpackedSlotKind, name, params)
}

func sign(kind signatureKind, name string, params []string) *Signature {
	s := &Signature{kind: kind, name: name, positional: -1}
	for _, p := range params {
		if p == "*" {
			s.positional = len(s.params)
			continue
		}
		p, optional := strings.CutSuffix(p, "=")
		if s.params = append(s.params, p); !optional {
			s.required++
		}
	}
	if s.positional < 0 {
		s.positional = len(s.params)
	}
	return s
}

// Parse stores the arguments of a call in the variables, one for each parameter, which have the defaults before. It costs some ns and allocates nothing unless there is an error.
func (s *Signature) Parse(c *Call, into ...*py.Value) error {
	return s.parse(c.Args, c.Kwargs, into)
}

// ParsePositional is Parse for a function that takes any keyword arguments, and has looked at these itself.
func (s *Signature) ParsePositional(c *Call, into ...*py.Value) error {
	return s.parse(c.Args, nil, into)
}

func (s *Signature) parse(args py.Tuple, kwargs *py.Dict, into []*py.Value) error {
	if n := len(args); n < s.required || n > s.positional || kwargs != nil && kwargs.Len() > 0 {
		return s.parseAll(args, kwargs, into)
	}
	for i, v := range args {
		*into[i] = v
	}
	return nil
}

// parseAll is parse for calls that are wrong, or have keyword arguments.
func (s *Signature) parseAll(args py.Tuple, kwargs *py.Dict, into []*py.Value) error {
	count := 0
	if kwargs != nil {
		count = kwargs.Len()
	}
	switch s.kind {
	case builtinKind, slotKind, unpackedSlotKind:
		if count > 0 {
			return s.noKeywords()
		}
		return s.wrongCount(len(args))
	case keywordsKind:
		if err := s.wrongKeywordsCall(len(args), count); err != nil {
			return err
		}
	}
	given := make([]bool, len(s.params))
	for i, v := range args[:min(len(args), s.positional)] {
		*into[i], given[i] = v, true
	}
	if kwargs != nil {
		for key, v := range kwargs.All() {
			i, err := s.keyword(key, given)
			if err != nil {
				return err
			}
			*into[i], given[i] = v, true
		}
	}
	if len(args) > s.positional {
		return s.tooMany(len(args))
	}
	return s.missing(given)
}

// keyword is the parameter of a keyword argument.
func (s *Signature) keyword(key py.Value, given []bool) (int, error) {
	name, _ := key.(string)
	for i, p := range s.params {
		switch {
		case p != name:
		case !given[i]:
			return i, nil
		case s.kind == keywordsKind:
			return 0, py.TypeError("argument for %s() given by name ('%s') and position (%d)", s.last(), name, i+1)
		default:
			return 0, py.TypeError("%s() got multiple values for argument '%s'", s.name, name)
		}
	}
	if s.kind == keywordsKind {
		return 0, py.TypeError("%s() got an unexpected keyword argument '%s'", s.last(), name)
	}
	return 0, py.TypeError("%s() got an unexpected keyword argument '%s'", s.name, name)
}
