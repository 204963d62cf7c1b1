package py

import (
	"strconv"
	"strings"
)

// exception writes the repr of an exception: ValueError('x').
func (p *printer) exception(e *Exception) error {
	args := e.Args
	if hasFiles(e) {
		// The names of files are attributes of their own.
		args = args[:2]
	}
	return p.within(ref{e, 0}, "...", func() error {
		p.b = append(p.b, lastName(e.Class.Name)...)
		return p.items(args, '(', ')')
	})
}

// hasFiles reports whether the arguments are those of an OSError with the name of a file. The third argument of a BlockingIOError can be a number of characters.
func hasFiles(e *Exception) bool {
	n := len(e.Args)
	if n < 3 || n > 5 || e.Args[2] == nil || !e.IsA("OSError") {
		return false
	}
	_, isInt := indexOf(e.Args[2])
	return !isInt || !e.IsA("BlockingIOError")
}

// lastName is the name of a class itself, without those of the classes that it is in.
func lastName(qualified string) string {
	return qualified[strings.LastIndexByte(qualified, '.')+1:]
}

// message writes str(e). Python's own classes with a message that is made of the arguments have it.
func (p *printer) message(e *Exception) error {
	if write := p.special(e); write != nil {
		return write(e.Args)
	}
	return p.plainMessage(e.Args)
}

// plainMessage writes BaseException's message.
func (p *printer) plainMessage(args Tuple) error {
	switch len(args) {
	case 0:
		return nil
	case 1:
		return p.deeper(func() error { return p.text(args[0]) })
	}
	return p.tuple(args)
}

// special is what writes the message of a class that has a form of its own for such arguments; nil if it has not.
func (p *printer) special(e *Exception) func(args Tuple) error {
	n := len(e.Args)
	switch name := e.Class.canonical().path(); {
	case n == 1 && e.IsA("KeyError"):
		return func(args Tuple) error { return p.deeper(func() error { return p.repr(args[0]) }) }
	case 2 <= n && n <= 5 && e.IsA("OSError"):
		return func(args Tuple) error { return p.osError(args, hasFiles(e)) }
	case name == "UnicodeDecodeError" && n == 5:
		return func(args Tuple) error { return p.unicodeError(args, "decode byte") }
	case name == "UnicodeEncodeError" && n == 5:
		return func(args Tuple) error { return p.unicodeError(args, "encode character") }
	case name == "UnicodeTranslateError" && n == 4:
		return func(args Tuple) error { return p.unicodeError(args, "translate character") }
	case n == 2 && e.IsA("SyntaxError"):
		return p.syntaxError
	case n == 2 && e.IsA("BaseExceptionGroup"):
		return p.group
	}
	return nil
}

// osError writes "[Errno 2] No such file: 'name'".
func (p *printer) osError(args Tuple, files bool) error {
	p.b = append(p.b, "[Errno "...)
	err := p.deeper(func() error { return p.text(args[0]) })
	if err == nil {
		p.b = append(p.b, "] "...)
		err = p.deeper(func() error { return p.text(args[1]) })
	}
	if err != nil || !files {
		return err
	}
	p.b = append(p.b, ": "...)
	err = p.deeper(func() error { return p.repr(args[2]) })
	if err != nil || len(args) < 5 || args[4] == nil {
		return err
	}
	p.b = append(p.b, " -> "...)
	return p.deeper(func() error { return p.repr(args[4]) })
}

// unicodeError writes "'utf-8' codec can't decode byte 0xff in position 0: reason". args are the codec, if there is one, the object, where the error begins and ends
// in it, and the reason.
func (p *printer) unicodeError(args Tuple, cannot string) error {
	codec, rest := args[:len(args)-4], args[len(args)-4:]
	start, ok1 := indexOf(rest[1])
	end, ok2 := indexOf(rest[2])
	if !ok1 || !ok2 {
		return p.plainMessage(args)
	}
	if len(codec) > 0 {
		p.b = append(p.b, '\'')
		if err := p.deeper(func() error { return p.text(codec[0]) }); err != nil {
			return err
		}
		p.b = append(p.b, "' codec "...)
	}
	p.b = append(p.b, "can't "...)
	p.b = append(p.b, cannot...)
	if unit, ok := unitAt(rest[0], start); ok && end == start+1 {
		if _, isText := rest[0].(string); isText {
			p.b = append(p.b, " '"...)
			p.b = append(appendNumbered(p.b, unit), '\'')
		} else {
			p.b = append(p.b, " 0x"...)
			p.b = append(p.b, lowerHex[unit>>4&0xf], lowerHex[unit&0xf])
		}
		p.b = append(p.b, " in position "...)
		p.b = strconv.AppendInt(p.b, start, 10)
	} else {
		p.b = append(p.b, "s in position "...)
		p.b = strconv.AppendInt(p.b, start, 10)
		p.b = append(p.b, '-')
		p.b = strconv.AppendInt(p.b, end-1, 10)
	}
	p.b = append(p.b, ": "...)
	return p.deeper(func() error { return p.text(rest[3]) })
}

// unitAt is the byte, or the character, at a place in what could not be decoded or encoded.
func unitAt(v Value, at int64) (unit rune, ok bool) {
	if at < 0 {
		return 0, false
	}
	switch v := v.(type) {
	case Bytes:
		if at < int64(len(v)) {
			return rune(v[at]), true
		}
	case string:
		for rest := v; rest != ""; at-- {
			r, size := decodeRune(rest)
			if at == 0 {
				return r, true
			}
			rest = rest[size:]
		}
	}
	return 0, false
}

// syntaxError writes "message (file.py, line 3)".
func (p *printer) syntaxError(args Tuple) error {
	place, ok := args[1].(Tuple)
	if !ok || len(place) < 2 {
		return p.plainMessage(args)
	}
	if err := p.deeper(func() error { return p.text(args[0]) }); err != nil {
		return err
	}
	file, hasFile := place[0].(string)
	line, hasLine := indexOf(place[1])
	if !hasFile && !hasLine {
		return nil
	}
	p.b = append(p.b, " ("...)
	if hasFile {
		p.b = append(p.b, file[strings.LastIndexByte(file, '/')+1:]...)
	}
	if hasFile && hasLine {
		p.b = append(p.b, ", "...)
	}
	if hasLine {
		p.b = append(p.b, "line "...)
		p.b = strconv.AppendInt(p.b, line, 10)
	}
	p.b = append(p.b, ')')
	return nil
}

// group writes "message (2 sub-exceptions)".
func (p *printer) group(args Tuple) error {
	var n int
	switch members := args[1].(type) {
	case *List:
		n = len(members.Items)
	case Tuple:
		n = len(members)
	default:
		return p.plainMessage(args)
	}
	if err := p.deeper(func() error { return p.text(args[0]) }); err != nil {
		return err
	}
	p.b = append(p.b, " ("...)
	p.b = strconv.AppendInt(p.b, int64(n), 10)
	p.b = append(p.b, " sub-exception"...)
	if n != 1 {
		p.b = append(p.b, 's')
	}
	p.b = append(p.b, ')')
	return nil
}
