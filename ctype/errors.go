package ctype

// UnknownError says that a code, a name or a Go type stands for no type of the
// table.
type UnknownError struct {
	What string // what was looked up by: "code", "name" or "Go type"
	Got  string // what was given, quoted
	Want string // what would have been right
}

func (e *UnknownError) Error() string {
	return "multiproc: no C type has the " + e.What + " " + e.Got + ": want " + e.Want
}

// RefusedError says that a type exists but cannot be shared between processes.
// Type.Refused holds the reason and what to use in its place.
type RefusedError struct {
	Type Type
}

func (e *RefusedError) Error() string {
	return "multiproc: " + e.Type.Name + " cannot be shared: " + e.Type.Refused
}
