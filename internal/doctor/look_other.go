//go:build !linux

package doctor

// Look collects the facts of this machine, which is not Linux: there are none
// beyond its name.
func Look() *Facts { return newFacts() }
