package pickle

import "github.com/multiproc-go/multiproc/py"

// exception is an instance of an exception class. Python pickles it as a call of the class with the arguments, and its attributes as a state.
func (m *machine) exception(class py.Global, args py.Tuple) (py.Value, bool, error) {
	if c, ok := sameClass[class]; ok {
		class = c
	}
	return &py.Exception{Class: class, Args: args}, true, m.charge(2 * costSmall)
}

// sameClass has other names of exception classes. The first is that of a module in C, which Python 3.6 does not have, and so can't read.
var sameClass = map[py.Global]py.Global{
	{Module: "_queue", Name: "Empty"}:              {Module: "queue", Name: "Empty"},
	{Module: "_thread", Name: "error"}:             {Module: "builtins", Name: "RuntimeError"},
	{Module: "builtins", Name: "EnvironmentError"}: {Module: "builtins", Name: "OSError"},
	{Module: "builtins", Name: "IOError"}:          {Module: "builtins", Name: "OSError"},
	{Module: "builtins", Name: "WindowsError"}:     {Module: "builtins", Name: "OSError"},
}

// otherExceptions are classes of Python's library that programs with several processes or threads meet, of which package py knows no more than that they are Exceptions.
var otherExceptions = map[string][]string{
	"asyncio.exceptions":         {"CancelledError", "InvalidStateError", "TimeoutError"},
	"asyncio.queues":             {"QueueEmpty", "QueueFull", "QueueShutDown"},
	"concurrent.futures._base":   {"BrokenExecutor", "CancelledError", "Error", "InvalidStateError", "TimeoutError"},
	"concurrent.futures.process": {"BrokenProcessPool"},
	"concurrent.futures.thread":  {"BrokenThreadPool"},
	"multiprocessing.pool":       {"MaybeEncodingError"},
	"_pickle":                    {"PickleError", "PicklingError", "UnpicklingError"},
	"struct":                     {"error"},
	"subprocess":                 {"SubprocessError"},
}

// knownException tells whether instances of the class are Exceptions in every Registry.
func knownException(class py.Global) bool {
	if _, ok := sameClass[class]; ok {
		return true
	}
	switch class.Module {
	case "builtins", "queue", "threading", "decimal", "multiprocessing.context", "multiprocessing.managers":
		return py.KnownException(class)
	}
	for _, name := range otherExceptions[class.Module] {
		if name == class.Name {
			return true
		}
	}
	return false
}
