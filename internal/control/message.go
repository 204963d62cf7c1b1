package control

import "github.com/multiproc-go/multiproc/internal/arena"

// Start is the message of a Start frame; the payload is the argument. It is the one message that has a layout of its
// own (start.go), because every worker decodes it once.
type Start struct {
	Func string // the registered name
	In   string // the argument's type, as the parent knows it
	Out  string // the result's type
	Name string // the worker's name

	Daemon   bool
	Deadline int64    // of the function's context, Unix nanoseconds; 0: none
	Files    []string // names of the extra descriptors, which begin at 5
	Crash    int      // descriptor for the text of a crash
	NoFile   bool     // the parent has set RLIMIT_NOFILE
	Pipes    bool     // stdout or stderr is a pipe that the parent reads

	Parent     uint32 // the parent's family.Ident
	ParentName string
	ParentPID  int
	Refs       []arena.Ref // what the payload refers to
}

// Error is what travels of an error value.
type Error struct {
	Type    string
	Message string
	Is      []string // names of the well-known errors that errors.Is finds in it
	Errno   int      // of a system call's error, or 0
}

// Cancel is the message of a Cancel frame.
type Cancel struct {
	// Deadline: the parent's context has met its deadline, which the worker's own context has too.
	Deadline bool
	Cause    Error
}

// Result is the message of a Result frame; the payload is the result.
type Result struct {
	Refs []arena.Ref
}

// FailureKind says how a function ended without a result.
type FailureKind uint8

// The kinds of failure.
const (
	FailError  FailureKind = 1 + iota // it returned an error
	FailPanic                         // it panicked
	FailGoexit                        // it called runtime.Goexit
	FailResult                        // its result can't be encoded or sent
)

// Failure is the message of a Failure frame.
type Failure struct {
	Kind  FailureKind
	Error Error  // of a panic, the type and text of the panic value
	Stack string // of a panic
}

// RefusedReason says why a worker can't run what it was asked for.
type RefusedReason uint8

// The reasons to refuse.
const (
	RefusedUnknown  RefusedReason = 1 + iota // no function of that name
	RefusedTypes                             // the function has other types
	RefusedArgument                          // the argument can't be decoded
	RefusedFamily                            // the shared memory can't be joined
)

// Refused is the message of a Refused frame.
type Refused struct {
	Reason RefusedReason
	Error  Error
}
