// Package multiproctest helps to test programs that use multiproc: a TestMain, a check for leaks, and kills at named points.
//
//	func TestMain(m *testing.M) { multiproctest.Main(m) }
//
//	func TestTransfer(t *testing.T) {
//		multiproctest.NoLeaks(t)
//		p, err := Transfer.Start(t.Context(), order, multiproctest.KillAt("after-debit", 1))
//		...
//	}
//
// where the worker's function says multiproctest.Here("after-debit") at the place in question, or the name is one of the library's own
// points: Points lists them.
package multiproctest
