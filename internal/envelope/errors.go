package envelope

import "fmt"

// TypeError tells which part of a type can't travel between processes, and why.
type TypeError struct {
	// Type is the Go type at Path.
	Type string
	// Path leads from the checked type to the offending part, as in "main.Job.Steps[].Run".
	Path string
	// Reason says what would be lost, and what to do instead.
	Reason string
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("multiproc: %s (type %s) can't travel to another process: %s", e.Path, e.Type, e.Reason)
}

// ValueError tells which part of a value can't travel, where its static type alone did not show it:
// what an `any` holds, a cycle, a time that the encoding can't express.
type ValueError struct {
	// Path leads from the value to the offending part, as in "main.Job.Options[\"speed\"]".
	Path string
	// Reason says what would be lost, and what to do instead.
	Reason string
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("multiproc: %s can't travel to another process: %s", e.Path, e.Reason)
}
