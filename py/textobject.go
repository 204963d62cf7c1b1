package py

import (
	"slices"
	"strings"
)

// builtinFunctions are what is named in builtins and is no class, in the order of the alphabet.
var builtinFunctions = strings.Fields(`__build_class__ __import__ abs aiter all anext any ascii bin breakpoint callable chr compile delattr dir divmod eval exec format getattr globals
	hasattr hash hex id input isinstance issubclass iter len locals max min next oct open ord pow print repr round setattr sorted sum vars`)

// global writes a class, or one of Python's own functions. Of functions of other modules nothing tells that they are no classes.
func (p *printer) global(g Global) {
	if g.Module == "builtins" {
		if _, function := slices.BinarySearch(builtinFunctions, g.Name); function {
			p.b = append(p.b, "<built-in function "...)
			p.b = append(p.b, g.Name...)
			p.b = append(p.b, '>')
			return
		}
	}
	p.class(g.path())
}

func (p *printer) class(name string) {
	p.b = append(p.b, "<class '"...)
	p.b = append(p.b, name...)
	p.b = append(p.b, "'>"...)
}

// path is how Python names the global in texts: without the module if that is builtins.
func (g Global) path() string {
	if g.Module == builtins || g.Module == "" {
		return g.Name
	}
	return g.Module + "." + g.Name
}

// object writes an Object as AppendRepr's comment tells.
func (p *printer) object(o *Object) error {
	class, args := o.instance()
	name, err := p.callee(class)
	if err != nil {
		return err
	}
	if o.isPlain() && len(args) == 0 {
		p.b = append(p.b, '<')
		p.b = append(p.b, name...)
		p.b = append(p.b, " object>"...)
		return nil
	}
	if key, ok := zoneKey(o); ok {
		p.b = append(p.b, "zoneinfo.ZoneInfo(key="...)
		if err := p.str(key); err != nil {
			return err
		}
		p.b = append(p.b, ')')
		return nil
	}
	if special, ok := typeOfSingleton(class, args); ok {
		p.class(special)
		return nil
	}
	return p.within(ref{o, 0}, name+"(...)", func() error {
		p.b = append(p.b, name...)
		p.b = append(p.b, '(')
		if err := p.arguments(o, args); err != nil {
			return err
		}
		p.b = append(p.b, ')')
		return p.contents(o)
	})
}

// callee is the text of the class, or of the function that made the object.
func (p *printer) callee(class Value) (string, error) {
	switch class := class.(type) {
	case Global:
		return class.path(), nil
	case nil: // of the form Extension
		return "extension", nil
	}
	sub := printer{max: p.max, cut: p.cut, depth: p.depth, path: p.path}
	err := sub.deeper(func() error { return sub.repr(class) })
	return string(sub.b), err
}

// typeOfSingleton tells the name of the class of None, Ellipsis or NotImplemented, which Python pickles as type(None) and so on.
func typeOfSingleton(class Value, args Tuple) (name string, ok bool) {
	if class != (Global{"builtins", "type"}) || len(args) != 1 {
		return "", false
	}
	switch args[0] {
	case nil:
		return "NoneType", true
	case Ellipsis:
		return "ellipsis", true
	case NotImplemented:
		return "NotImplementedType", true
	}
	return "", false
}

// arguments writes what stands between the parentheses.
func (p *printer) arguments(o *Object, args Tuple) error {
	first := true
	named := func(name string, v Value) error {
		if err := p.next(first); err != nil {
			return err
		}
		first = false
		if name != "" {
			p.b = appendEscaped(p.b, name, '\'')
			p.b = append(p.b, '=')
		}
		return p.repr(v)
	}
	for _, v := range args {
		if err := named("", v); err != nil {
			return err
		}
	}
	if o.Kwargs != nil {
		for k, v := range o.Kwargs.All() {
			name, _ := k.(string)
			if err := named(name, v); err != nil {
				return err
			}
		}
	}
	if parts, ok := attributes(o.State); o.Built && ok {
		for name, v := range all(parts) {
			if err := named(name, v); err != nil {
				return err
			}
		}
	} else if o.Built {
		if err := named("__state__", o.State); err != nil {
			return err
		}
	}
	for _, state := range o.Later {
		if err := named("__state__", state); err != nil {
			return err
		}
	}
	for _, c := range o.Calls {
		for _, v := range c.Args {
			if err := named("__state__", v); err != nil {
				return err
			}
		}
	}
	return nil
}

// contents writes the items that were added to the object.
func (p *printer) contents(o *Object) error {
	if len(o.Items) > 0 {
		open, close := byte('['), byte(']')
		p.b = append(p.b, " + "...)
		if o.Added {
			open, close = '{', '}'
			p.b[len(p.b)-2] = '|'
		}
		if err := p.items(o.Items, open, close); err != nil {
			return err
		}
	}
	if len(o.Pairs) > 0 {
		p.b = append(p.b, " + "...)
		return p.pairs(func(yield func(k, v Value) bool) {
			for _, pair := range o.Pairs {
				if !yield(pair.Key, pair.Value) {
					return
				}
			}
		})
	}
	return nil
}

func (p *printer) persistent(o *Persistent) error {
	return p.within(ref{o, 0}, "<persistent ...>", func() error {
		p.b = append(p.b, "<persistent "...)
		if err := p.repr(o.ID); err != nil {
			return err
		}
		p.b = append(p.b, '>')
		return nil
	})
}
