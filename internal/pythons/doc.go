// Package pythons finds the Python interpreters of this machine and runs scripts in them, for the tests that compare with Python:
//
//	for _, p := range pythons.Require(t) {
//		t.Run(p.String(), func(t *testing.T) {
//			out, err := p.Run("import sys; sys.stdout.write(repr(eval(sys.stdin.read())))", []byte("1e23"))
//			...
//		})
//	}
//
// A script that is asked thousands of times is a child, which gets its modules' sources at its start and then answers one frame with one frame:
//
//	c := p.Serve(t, pythons.Module{Name: "twice", Source: "def handle(request):\n    return request + request\n"})
//	reply, err := c.Call([]byte("ab")) // "abab"
//
// Scripts have to run in Python 2.7 and in 3 alike, or ask AtLeast.
//
// # Which interpreters
//
// Those in PATH and those of pyenv, one of each minor version: the newest. The environment variable MULTIPROC_PYTHONS names others instead, separated as in PATH.
// Where there is none, tests are skipped and say so; but interpreters that MULTIPROC_PYTHONS names must be there.
package pythons
