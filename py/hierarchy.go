package py

import "strings"

const builtins = "builtins"

// classNamed is the class of a name: "KeyError", or "queue.Empty" with its module.
func classNamed(name string) Global {
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		return Global{name[:dot], name[dot+1:]}
	}
	return Global{builtins, name}
}

// canonical is the class under the name that bases has. Some classes are written into pickles under several.
func (g Global) canonical() Global {
	if c, ok := aliases[g]; ok {
		return c
	}
	if g.Module == "exceptions" {
		return Global{builtins, g.Name}
	}
	return g
}

var aliases = map[Global]Global{
	{builtins, "EnvironmentError"}: {builtins, "OSError"},
	{builtins, "IOError"}:          {builtins, "OSError"},
	{builtins, "WindowsError"}:     {builtins, "OSError"},
	{"exceptions", "IOError"}:      {builtins, "OSError"},

	{"exceptions", "EnvironmentError"}:         {builtins, "OSError"},
	{"select", "error"}:                        {builtins, "OSError"},
	{"socket", "error"}:                        {builtins, "OSError"},
	{"socket", "timeout"}:                      {builtins, "TimeoutError"}, // since 3.10; an OSError of its own before
	{"_queue", "Empty"}:                        {"queue", "Empty"},
	{"Queue", "Empty"}:                         {"queue", "Empty"},
	{"Queue", "Full"}:                          {"queue", "Full"},
	{"multiprocessing", "ProcessError"}:        {"multiprocessing.context", "ProcessError"},
	{"multiprocessing", "TimeoutError"}:        {"multiprocessing.context", "TimeoutError"},
	{"multiprocessing", "BufferTooShort"}:      {"multiprocessing.context", "BufferTooShort"},
	{"multiprocessing", "AuthenticationError"}: {"multiprocessing.context", "AuthenticationError"},
}

// KnownException reports whether the global is an exception class of Python's library that IsA knows.
func KnownException(g Global) bool {
	name := g.canonical().path()
	_, ok := bases[name]
	return ok || name == "BaseException"
}

// derived reports whether a class is, or is derived from, another.
func derived(class, from string) bool {
	if class == from {
		return true
	}
	parents, ok := bases[class]
	if !ok {
		// BaseException has no parent. Of a class that is not known it is likely enough that it is an Exception.
		return class != "BaseException" && (from == "Exception" || from == "BaseException")
	}
	for _, parent := range strings.Fields(parents) {
		if derived(parent, from) {
			return true
		}
	}
	return false
}

// bases has for each class those that it is derived from.
var bases = map[string]string{
	"BaseExceptionGroup": "BaseException",
	"Exception":          "BaseException",
	"GeneratorExit":      "BaseException",
	"KeyboardInterrupt":  "BaseException",
	"SystemExit":         "BaseException",

	"ArithmeticError":    "Exception",
	"AssertionError":     "Exception",
	"AttributeError":     "Exception",
	"BufferError":        "Exception",
	"EOFError":           "Exception",
	"ExceptionGroup":     "BaseExceptionGroup Exception",
	"ImportError":        "Exception",
	"LookupError":        "Exception",
	"MemoryError":        "Exception",
	"NameError":          "Exception",
	"OSError":            "Exception",
	"ReferenceError":     "Exception",
	"RuntimeError":       "Exception",
	"StandardError":      "Exception", // Python 2's
	"StopAsyncIteration": "Exception",
	"StopIteration":      "Exception",
	"SyntaxError":        "Exception",
	"SystemError":        "Exception",
	"TypeError":          "Exception",
	"ValueError":         "Exception",
	"Warning":            "Exception",

	"FloatingPointError": "ArithmeticError",
	"OverflowError":      "ArithmeticError",
	"ZeroDivisionError":  "ArithmeticError",

	"ModuleNotFoundError": "ImportError",
	"IndexError":          "LookupError",
	"KeyError":            "LookupError",
	"UnboundLocalError":   "NameError",

	"BlockingIOError":        "OSError",
	"ChildProcessError":      "OSError",
	"ConnectionError":        "OSError",
	"FileExistsError":        "OSError",
	"FileNotFoundError":      "OSError",
	"InterruptedError":       "OSError",
	"IsADirectoryError":      "OSError",
	"NotADirectoryError":     "OSError",
	"PermissionError":        "OSError",
	"ProcessLookupError":     "OSError",
	"TimeoutError":           "OSError",
	"BrokenPipeError":        "ConnectionError",
	"ConnectionAbortedError": "ConnectionError",
	"ConnectionRefusedError": "ConnectionError",
	"ConnectionResetError":   "ConnectionError",

	"NotImplementedError":     "RuntimeError",
	"PythonFinalizationError": "RuntimeError",
	"RecursionError":          "RuntimeError",
	"IndentationError":        "SyntaxError",
	"TabError":                "IndentationError",

	"UnicodeError":          "ValueError",
	"UnicodeDecodeError":    "UnicodeError",
	"UnicodeEncodeError":    "UnicodeError",
	"UnicodeTranslateError": "UnicodeError",

	"BytesWarning":              "Warning",
	"DeprecationWarning":        "Warning",
	"EncodingWarning":           "Warning",
	"FutureWarning":             "Warning",
	"ImportWarning":             "Warning",
	"PendingDeprecationWarning": "Warning",
	"ResourceWarning":           "Warning",
	"RuntimeWarning":            "Warning",
	"SyntaxWarning":             "Warning",
	"UnicodeWarning":            "Warning",
	"UserWarning":               "Warning",

	"multiprocessing.context.ProcessError":        "Exception",
	"multiprocessing.context.AuthenticationError": "multiprocessing.context.ProcessError",
	"multiprocessing.context.BufferTooShort":      "multiprocessing.context.ProcessError",
	"multiprocessing.context.TimeoutError":        "multiprocessing.context.ProcessError",
	"multiprocessing.managers.RemoteError":        "Exception",
	"queue.Empty":                                 "Exception",
	"queue.Full":                                  "Exception",
	"queue.ShutDown":                              "Exception",
	"threading.BrokenBarrierError":                "RuntimeError",
	"socket.gaierror":                             "OSError",
	"socket.herror":                               "OSError",
	"thread.error":                                "Exception", // Python 2's

	"decimal.DecimalException":   "ArithmeticError",
	"decimal.Clamped":            "decimal.DecimalException",
	"decimal.DivisionByZero":     "decimal.DecimalException ZeroDivisionError",
	"decimal.FloatOperation":     "decimal.DecimalException TypeError",
	"decimal.Inexact":            "decimal.DecimalException",
	"decimal.InvalidOperation":   "decimal.DecimalException",
	"decimal.ConversionSyntax":   "decimal.InvalidOperation",
	"decimal.DivisionImpossible": "decimal.InvalidOperation",
	"decimal.DivisionUndefined":  "decimal.InvalidOperation ZeroDivisionError",
	"decimal.InvalidContext":     "decimal.InvalidOperation",
	"decimal.Rounded":            "decimal.DecimalException",
	"decimal.Subnormal":          "decimal.DecimalException",
	"decimal.Overflow":           "decimal.Inexact decimal.Rounded",
	"decimal.Underflow":          "decimal.Inexact decimal.Rounded decimal.Subnormal",
}
