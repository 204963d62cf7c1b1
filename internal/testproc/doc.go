// Package testproc gives the tests of internal packages a second process: the test binary itself, executed again as a participant of
// the test's family.
//
// A test package lists what its children can do and hands TestMain over:
//
//	func TestMain(m *testing.M) { testproc.Main(m) }
//
//	func init() {
//		testproc.Handle("lock", func(args []string) (string, error) { ... })
//	}
//
// and a test starts a child and calls it:
//
//	p := testproc.Start(t)
//	p.Must("lock", ref)
//	p.Kill()
//
// Requests and replies are lines of JSON on the child's standard input and output. The child runs each request in a goroutine of its own,
// so that one may block while others are answered. It ends when its input does.
package testproc
