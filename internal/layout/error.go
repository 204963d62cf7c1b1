package layout

import "strings"

// Error says why a type cannot live in shared memory. It reports the first
// offence in the order of the fields.
type Error struct {
	// Type is the type that was asked for, as Go prints it: "main.Conf".
	Type string
	// Path leads from that type to the offence: "Conf.Tags[].Name", where []
	// stands for every element of an array. A root type without a name of its
	// own contributes nothing, so Path is empty when such a type is itself the
	// offence.
	Path string
	// Reason names what was found and what to use in its place.
	Reason string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("multiproc: ")
	b.WriteString(e.Type)
	b.WriteString(" cannot live in shared memory: ")
	// The path of a root type that is itself the offence is its name again.
	if e.Path != "" && e.Path != e.Type && !strings.HasSuffix(e.Type, "."+e.Path) {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Reason)
	return b.String()
}
