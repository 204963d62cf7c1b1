// Package rules has no code, only tests: they hold the repository to the rules that ARCHITECTURE.md states, so that a change which
// breaks one fails `go test ./...` and not a reader's trust.
//
//   - Imports run downward, and the packages that users import pull in few modules (imports_test.go).
//   - unsafe and system calls stay in files that say so by their names, and every platform compiles (system_test.go).
//   - A file is one concept, a package has its documentation and an example (shape_test.go).
//   - What the documents say can be checked: links lead somewhere, tests that they name exist, the README's program is the
//     one in examples/counter (prose_test.go).
//
// The tests read source files and ask `go list`; they use no network. A rule that is wrong for a new case is changed here, with the reason in a comment, in
// the same change.
package rules
