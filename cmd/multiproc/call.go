package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/internal/pickletext"
	"github.com/multiproc-go/multiproc/internal/pyliteral"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

func newCall() *cobra.Command {
	var f clientFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "call [flags] ADDRESS OBJECT METHOD [ARG...] [NAME=ARG...]",
		Short: "Call a method of a shared object",
		Long: `call calls a method of an object of a server, "multiproc serve" or one of Python's,
and prints the result as Python would: its repr, and nothing for None. Of a
result that is an object it prints the value, or the text if it has no value.

OBJECT is the object's name in "multiproc ls", or a part of it at the beginning
or the end that no other has. Else it is a type: an object of it is made, called
and given back, which is for types that have one object (get_queue), and to try
something. ADDRESS is HOST:PORT, /path.sock or @abstract.

An ARG that is a literal of Python is its value: 1, -2.5, 'a', b'b', [1, 2],
{'a': 1}, (1,), True, None. All else is a text: hello is 'hello'. NAME=ARG is a
keyword argument; behind -- nothing is. Flags stand before ADDRESS.

What the method raises is printed on standard error, and the exit code is 1.
A call waits for as long as the method does: Ctrl-C, or --timeout, ends it, and
a server in Go then undoes it, so that no item of a queue is lost. What belongs to
a client (RLock, Condition) is released when the command ends.

` + keyUsage,
		Example: `  multiproc call 127.0.0.1:5000 c3 append '[1, 2]'
  multiproc call --timeout 5s ./m.sock get_queue get
  multiproc call ./m.sock 1f put hello timeout=2.5
  multiproc call ./m.sock 1f '#GETVALUE'`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 3 {
				return &usageError{fmt.Errorf("%s takes an ADDRESS, an OBJECT and a METHOD, and then arguments", cmd.Name())}
			}
			return nil
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			switch len(args) {
			case 0:
				return completeAddress(cmd, args, begun)
			case 1:
				return completeObject(cmd.Context(), f, args[0]), cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			positional, named, err := callArgs(args[3:])
			if err != nil {
				return &usageError{err}
			}
			client, ctx, end, err := f.dial(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer end()
			object, err := findObject(ctx, client, args[1])
			if err != nil {
				return explainCall(ctx, err)
			}
			v, err := object.Call(ctx, args[2], append(positional, manager.Keywords(named))...)
			if err != nil {
				return explainCall(ctx, explainMethod(err, args[2]))
			}
			if result, ok := v.(*manager.Proxy); ok {
				if v, err = objectValue(ctx, result, asJSON); err != nil {
					return explainCall(ctx, err)
				}
			}
			return printResult(cmd, v, asJSON)
		},
	}
	f.add(cmd, 0)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON, also None; tuples become arrays")
	// -5 is an argument.
	cmd.Flags().SetInterspersed(false)
	return cmd
}

// callArgs are the arguments of the call, as they stand on the command line.
func callArgs(args []string) (positional []any, named map[string]any, err error) {
	for i, arg := range args {
		if arg == "--" {
			for _, arg := range args[i+1:] {
				v, err := argValue(arg)
				if err != nil {
					return nil, nil, err
				}
				positional = append(positional, v)
			}
			return positional, named, nil
		}
		if strings.HasPrefix(arg, "--") {
			return nil, nil, fmt.Errorf("%s: flags stand before ADDRESS; for a text that begins so, write -- before it", arg)
		}
		name, value, ok := strings.Cut(arg, "=")
		if ok = ok && isName(name); !ok {
			value = arg
		}
		v, err := argValue(value)
		switch {
		case err != nil:
			return nil, nil, err
		case !ok && named != nil:
			return nil, nil, fmt.Errorf("%s: it stands behind a keyword argument, and has no name", arg)
		case !ok:
			positional = append(positional, v)
		case named == nil:
			named = map[string]any{name: v}
		default:
			if _, twice := named[name]; twice {
				return nil, nil, fmt.Errorf("%s: there are two arguments of this name", arg)
			}
			named[name] = v
		}
	}
	return positional, named, nil
}

// isName reports whether an argument can have the name.
func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// argValue is the value of a literal, or the text.
func argValue(arg string) (py.Value, error) {
	if !utf8.ValidString(arg) {
		return nil, fmt.Errorf("%q: it is no text in UTF-8; bytes are written as b'\\xff'", arg)
	}
	if v, err := pyliteral.Parse(arg); err == nil {
		return v, nil
	}
	return arg, nil
}

// findObject is the object of a name, of a part of a name, or a new one of a type.
func findObject(ctx context.Context, client *manager.Client, name string) (*manager.Proxy, error) {
	if name == "" {
		return nil, errors.New("OBJECT is empty: a name in \"multiproc ls\", or one of the server's types, is expected")
	}
	text, err := client.DebugInfo(ctx)
	if err != nil {
		return nil, err
	}
	var like []string
	for _, h := range parseHeld(text) {
		if h.Ident == name {
			like = []string{name}
			break
		}
		if strings.HasPrefix(h.Ident, name) || strings.HasSuffix(h.Ident, name) {
			like = append(like, h.Ident)
		}
	}
	switch {
	case len(like) > 1:
		const most = 5
		shown := strings.Join(like[:min(len(like), most)], ", ")
		if len(like) > most {
			shown += " ..."
		}
		return nil, fmt.Errorf("%d objects have names that begin or end with %q: %s", len(like), name, shown)
	case len(like) == 1:
		return client.Attach(ctx, like[0])
	}
	object, err := client.Create(ctx, name)
	var remote *manager.RemoteError
	if errors.As(err, &remote) && strings.HasPrefix(remote.Error(), "KeyError: ") {
		return nil, fmt.Errorf("%q is neither the name of an object in \"multiproc ls\", nor one of the server's types", name)
	}
	return object, err
}

// explainMethod says that there is no such method, which servers do by two exceptions that have nothing to do with it.
func explainMethod(err error, method string) error {
	var remote *manager.RemoteError
	if !errors.As(err, &remote) {
		return err
	}
	// Python 2's repr has a u in front.
	key, keyErr := py.Repr(method)
	if text := remote.Error(); keyErr == nil && (text == "KeyError: "+key || text == "KeyError: u"+key) {
		return fmt.Errorf("the object has no method %q, or its type does not expose it", method)
	}
	if remote.Unserializable {
		return fmt.Errorf("the call was made, and its result has no pickle")
	}
	return err
}

// objectValue is what can be shown of a result that is an object, which nobody could ask for later: the command's end may be its own. For JSON a text is no value.
func objectValue(ctx context.Context, object *manager.Proxy, asJSON bool) (py.Value, error) {
	v, err := object.Call(ctx, "#GETVALUE")
	var remote *manager.RemoteError
	if err == nil || ctx.Err() != nil || !errors.As(err, &remote) {
		return v, err
	}
	if asJSON {
		return nil, fmt.Errorf("the call was made, and its result has no JSON: it is a %s, which has no value", object.PythonType())
	}
	text, err := object.Call(ctx, "__str__")
	if s, ok := text.(string); ok && err == nil {
		return asText(s), nil
	}
	return text, err
}

// asText is a text that is printed as it is, without quotes.
type asText string

func (t asText) PythonRepr() string { return string(t) }

// PythonType has no meaning here.
func (t asText) PythonType() string { return "str" }

func printResult(cmd *cobra.Command, v py.Value, asJSON bool) error {
	out := cmd.OutOrStdout()
	if asJSON {
		j, err := jsonValue(v, 0)
		if err != nil {
			return fmt.Errorf("the call was made, and its result has no JSON: %w", err)
		}
		return writeJSON(out, j)
	}
	if v == nil {
		return nil
	}
	text, err := py.Repr(v)
	if err != nil {
		return fmt.Errorf("the call was made, and its result has no text: %s", pickletext.Escaped(err.Error()))
	}
	_, err = fmt.Fprintln(out, pickletext.Escaped(text))
	return err
}

// completeTime is how long a shell waits for the names of objects.
const completeTime = time.Second

// completeObject offers the objects of a server that can be reached, with their texts.
func completeObject(ctx context.Context, f clientFlags, address string) []string {
	f.timeout = completeTime
	client, ctx, end, err := f.dial(ctx, address)
	if err != nil {
		return nil
	}
	defer end()
	text, err := client.DebugInfo(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, h := range parseHeld(text) {
		names = append(names, pickletext.Escaped(h.Ident)+"\t"+pickletext.Printable(h.Text))
	}
	return slices.Clip(names)
}
