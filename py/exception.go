package py

import (
	"errors"
	"fmt"
)

// Exception is an instance of an exception class. It is a Go error as well:
//
//	var e *py.Exception
//	if errors.As(err, &e) && e.IsA("LookupError") { ... }
//
// Two exceptions are equal only if they are one, as in Python. For errors.Is an exception without arguments and attributes stands for its class.
type Exception struct {
	Class Global
	Args  Tuple
	State Value // attributes, as a *Dict; None if there are none
}

// NewException is an instance of one of Python's built-in classes, or of another that is named with its module ("queue.Empty").
func NewException(class string, args ...Value) *Exception {
	return &Exception{Class: classNamed(class), Args: Tuple(args)}
}

// maxErrorText bounds, in bytes, the text that Error makes of arguments that are no text themselves.
const maxErrorText = 16 << 10

// Error is the last line of Python's traceback: "KeyError: 'x'". Where the arguments have no text, or a very long one, it tells only how many there are.
func (e *Exception) Error() string {
	name := e.Class.path()
	if text, ok := e.text(); !ok {
		return fmt.Sprintf("%s: %d arguments", name, len(e.Args))
	} else if text != "" {
		return name + ": " + text
	}
	return name
}

func (e *Exception) text() (text string, ok bool) {
	if len(e.Args) == 0 {
		return "", true
	}
	if s, ok := e.Args[0].(string); ok && len(e.Args) == 1 && !e.IsA("KeyError") {
		return s, true
	}
	text, err := StrLimit(e, maxErrorText)
	return text, err == nil
}

// IsA reports whether the exception is an instance of the class or of one derived from it, as far as this package knows them: Python's own classes, and those of
// multiprocessing, queue, threading and decimal. All others are derived from Exception. Classes that are not built in are named with their module ("queue.Empty").
func (e *Exception) IsA(class string) bool {
	return derived(e.Class.canonical().path(), classNamed(class).canonical().path())
}

// Is makes errors.Is(err, target) true for an instance of target's class, if target is an Exception without arguments and attributes.
func (e *Exception) Is(target error) bool {
	t, ok := target.(*Exception)
	return ok && len(t.Args) == 0 && t.State == nil && e.IsA(t.Class.path())
}

// IsException reports whether err is, or wraps, an Exception of the class, which is named as for IsA.
func IsException(err error, class string) bool {
	var e *Exception
	return errors.As(err, &e) && e.IsA(class)
}

// raise makes an exception with a text. Without values the format is the text, so that it may have a % in it.
func raise(class, format string, args []any) *Exception {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	return &Exception{Class: Global{builtins, class}, Args: Tuple{format}}
}

// TypeError is Python's TypeError with a text made as by fmt.Sprintf; without args the format is the text.
func TypeError(format string, args ...any) *Exception { return raise("TypeError", format, args) }

// ValueError is Python's ValueError with a text made as by fmt.Sprintf; without args the format is the text.
func ValueError(format string, args ...any) *Exception { return raise("ValueError", format, args) }

// IndexError is Python's IndexError with a text made as by fmt.Sprintf; without args the format is the text.
func IndexError(format string, args ...any) *Exception { return raise("IndexError", format, args) }

// AttributeError is Python's AttributeError with a text made as by fmt.Sprintf; without args the format is the text.
func AttributeError(format string, args ...any) *Exception {
	return raise("AttributeError", format, args)
}

// AssertionError is Python's AssertionError with a text made as by fmt.Sprintf; without args the format is the text.
func AssertionError(format string, args ...any) *Exception {
	return raise("AssertionError", format, args)
}

// RuntimeError is Python's RuntimeError with a text made as by fmt.Sprintf; without args the format is the text.
func RuntimeError(format string, args ...any) *Exception { return raise("RuntimeError", format, args) }

// RecursionError is Python's RecursionError with a text made as by fmt.Sprintf; without args the format is the text.
func RecursionError(format string, args ...any) *Exception {
	return raise("RecursionError", format, args)
}

// NotImplementedError is Python's NotImplementedError with a text made as by fmt.Sprintf; without args the format is the text.
func NotImplementedError(format string, args ...any) *Exception {
	return raise("NotImplementedError", format, args)
}

// OverflowError is Python's OverflowError with a text made as by fmt.Sprintf; without args the format is the text.
func OverflowError(format string, args ...any) *Exception {
	return raise("OverflowError", format, args)
}

// ZeroDivisionError is Python's ZeroDivisionError with a text made as by fmt.Sprintf; without args the format is the text.
func ZeroDivisionError(format string, args ...any) *Exception {
	return raise("ZeroDivisionError", format, args)
}

// MemoryError is Python's MemoryError with a text made as by fmt.Sprintf; without args the format is the text.
func MemoryError(format string, args ...any) *Exception { return raise("MemoryError", format, args) }

// BufferError is Python's BufferError with a text made as by fmt.Sprintf; without args the format is the text.
func BufferError(format string, args ...any) *Exception { return raise("BufferError", format, args) }

// EOFError is Python's EOFError with a text made as by fmt.Sprintf; without args the format is the text.
func EOFError(format string, args ...any) *Exception { return raise("EOFError", format, args) }

// KeyError is Python's KeyError, whose only argument is the key.
func KeyError(key Value) *Exception { return NewException("KeyError", key) }

// StopIteration is the end of an iterator; value is mostly left out.
func StopIteration(value ...Value) *Exception { return NewException("StopIteration", value...) }

// OSError is Python's OSError of a number and its text. Its class is the one that Python has for some of the numbers on Linux: FileNotFoundError for 2.
func OSError(errno int, text string) *Exception {
	class, ok := errnoClasses[errno]
	if !ok {
		class = "OSError"
	}
	return NewException(class, int64(errno), text)
}

var errnoClasses = map[int]string{
	1: "PermissionError", 2: "FileNotFoundError", 3: "ProcessLookupError", 4: "InterruptedError", 10: "ChildProcessError", 11: "BlockingIOError",
	13: "PermissionError", 17: "FileExistsError", 20: "NotADirectoryError", 21: "IsADirectoryError", 32: "BrokenPipeError", 103: "ConnectionAbortedError",
	104: "ConnectionResetError", 108: "BrokenPipeError", 110: "TimeoutError", 111: "ConnectionRefusedError", 114: "BlockingIOError", 115: "BlockingIOError",
}
