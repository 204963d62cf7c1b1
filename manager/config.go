package manager

import (
	"log/slog"

	"github.com/multiproc-go/multiproc/pickle"
)

// Config says what a Server offers, and what clients may cost. The zero Config is a SyncManager with the default limits. Who may connect, and with which key, is the business of the Listeners:
// see connection.Config.
type Config struct {
	// Limits of what clients may cost.
	Limits Limits
	// Reclaim releases the Locks and Semaphores of a connection that ends, as RLocks and Conditions always are. CPython's server does not, and programs may depend on that: a
	// process may acquire a Lock for another to release it.
	Reclaim bool
	// KeepRunning ignores that a client asks for the server's end, which Python's managers can; such a client gets an exception.
	KeepRunning bool
	// Pickle are the limits for values that come in.
	Pickle pickle.Limits
	// Registry has the program's own classes, for arguments and results of registered types, and of calls in Go: structs that are instances of a Python class, Enums, reducers. What is stored in
	// lists and the like is not touched by it. nil means that there are none.
	Registry *pickle.Registry
	// Logger gets what goes wrong; nil is slog.Default().
	Logger *slog.Logger
}
