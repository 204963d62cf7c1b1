package spawn

// Credential is who the child shall be. Nil groups mean none but the gid.
type Credential struct {
	UID, GID uint32
	Groups   []uint32
}

// Spec says how to start a child.
type Spec struct {
	Args []string // argv; the program is always this one
	Env  []string
	Dir  string // "" is the parent's
	// Files become the child's descriptors 0, 1, 2...
	Files      []uintptr
	Credential *Credential
}

// Status is how a child ended.
type Status struct {
	Code   int  // the exit code, or minus the signal's number
	Dumped bool // a core was written
	// Unknown: somebody else in this process has reaped the child (wait4(-1), or SIGCHLD ignored).
	Unknown bool
}
