package manager

import (
	"encoding/hex"
	"errors"
	"iter"
	"path/filepath"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/py"
)

// fooBar is the class of CPython's test of customized managers.
type fooBar struct{ _ int }

func (*fooBar) F() string        { return "f()" }
func (*fooBar) G() (bool, error) { return false, py.ValueError("g") }
func (*fooBar) H() string        { return "_h()" }

// TestCPythonCustomRegistry runs CPython's own tests of managers with types of one's own, and of remote queue workers.
func TestCPythonCustomRegistry(t *testing.T) {
	script := shared(t, "cpython-suite/run_suite.py")
	if testing.Short() {
		t.Skip("it takes some seconds for each Python")
	}
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			s, address := started(t, Config{})
			q, err := s.New("Queue")
			if err != nil {
				t.Fatal(err)
			}
			err = errors.Join(
				s.Register("Foo", func() *fooBar { return &fooBar{} }, Rename("H", "_h")),
				s.Register("Bar", func() *fooBar { return &fooBar{} }, Rename("H", "_h"), Exposed("f", "_h")),
				s.Register("baz", func() iter.Seq[int] {
					return func(yield func(int) bool) {
						for i := 0; i < 10 && yield(i*i); i++ {
						}
					}
				}),
				s.Register("get_queue", func() *Object { return q }),
			)
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), "out.json")
			text := runScript(t, p, script, "--address", address, "--authkey", "hex:"+hex.EncodeToString(key), "--json", out, "--groups", "custom-registry", "--strict-leaks", "--quiet",
				"--only", "TestMyManager.test_common_external", "--only", "TestRemoteManager.test_remote_pickle")
			var r suiteResult
			readJSON(t, out, &r)
			passed := 0
			for _, x := range r.Results {
				switch x.Outcome {
				case "pass":
					passed++
				case "not-selected", "excluded":
				default:
					t.Errorf("%s: %s: %s\n%s", x.Outcome, x.ID, x.Message, x.Detail)
				}
			}
			if passed != 2 {
				t.Errorf("%d tests have passed, and not 2:\n%s", passed, text)
			}
		})
	}
}
