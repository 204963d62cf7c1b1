package manager

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// Two collections of scripts with real clients lie outside of the repository, beside a checkout: CPython's own tests of managers, to be run by the Python that they belong to, and cases of
// many kinds. Where they are missing the tests that run them are skipped; nothing else needs them.

const (
	sharedEnv = "MULTIPROC_SHARED" // names their folder
	// onlyEnv picks tests of the suites by a pattern, as their own option --only does; by default a part runs, with three Pythons, which takes about a minute, and with "all" everything, which takes some.
	onlyEnv = "MULTIPROC_SUITE"
)

// quickParts are the tests of CPython's suite that run by default.
var quickParts = []string{"_TestLock", "_TestEvent", "_TestSemaphore", "TestSyncManagerTypes.test_list", "TestSyncManagerTypes.test_dict", "TestSyncManagerTypes.test_namespace", "TestSyncManagerTypes.test_lock"}

// shared is the folder of the scripts.
func shared(t *testing.T, name string) string {
	t.Helper()
	if dir := os.Getenv(sharedEnv); dir != "" {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%s: %v", sharedEnv, err)
		}
		return path
	}
	for _, dir := range []string{"../../shared", "../../../shared"} { // seen from this package: beside the checkout, and one further up
		path, err := filepath.Abs(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("there is no folder shared/%s beside the checkout, and %s names none", filepath.Dir(name), sharedEnv)
	return ""
}

// suiteResult is what the scripts write.
type suiteResult struct {
	Passed, Failed int
	Results        []struct {
		ID, Outcome, Message, Detail string
	}
}

func TestCPythonSuite(t *testing.T) {
	script := shared(t, "cpython-suite/run_suite.py")
	only := quickParts
	switch pick := os.Getenv(onlyEnv); {
	case pick == "all":
		only = nil
	case pick != "":
		only = []string{pick}
	case testing.Short():
		t.Skip("it takes about a minute")
	}
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			itsTurn(t, p)
			if tests := testModule(p); !hasModule(p, tests) {
				t.Skipf("%v lacks its own tests, the module %s; on Debian they are in libpython%d.%d-testsuite", p, tests, p.Major, p.Minor)
			}
			for _, network := range []string{"unix", "tcp"} {
				if network == "tcp" && only != nil {
					continue
				}
				t.Run(network, func(t *testing.T) {
					_, address := startedAt(t, Config{}, network, place(t, network))
					out := filepath.Join(t.TempDir(), "out.json")
					args := []string{script, "--address", address, "--authkey", "hex:" + hex.EncodeToString(key), "--json", out, "--groups", "core", "--strict-leaks", "--quiet"}
					for _, o := range only {
						args = append(args, "--only", o)
					}
					text := runScript(t, p, args...)
					var r suiteResult
					readJSON(t, out, &r)
					for _, x := range r.Results {
						switch x.Outcome {
						case "pass", "skip", "excluded", "not-selected":
						default:
							t.Errorf("%s: %s: %s\n%s", x.Outcome, x.ID, x.Message, x.Detail)
						}
					}
					if r.Passed == 0 {
						t.Errorf("no test has passed:\n%s", text)
					}
					t.Logf("%d passed, %d failed", r.Passed, r.Failed)
				})
			}
		})
	}
}

// testModule is the module of a Python that has the tests of managers.
func testModule(p pythons.Python) string {
	if p.AtLeast(3, 0) {
		return "test._test_multiprocessing"
	}
	return "test.test_multiprocessing"
}

func hasModule(p pythons.Python, name string) bool {
	_, err := p.Run("import "+name, nil)
	return err == nil
}

func TestPythonCases(t *testing.T) {
	script := shared(t, "python-clients/run_all.py")
	if testing.Short() {
		t.Skip("it takes minutes")
	}
	runner, ok := pythons.Runner(3, 6)
	if !ok {
		t.Skip("the script that runs the cases needs Python 3.6, and there is none on this machine")
	}
	_, address := started(t, Config{})
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			itsTurn(t, p)
			out := filepath.Join(t.TempDir(), "out.json")
			args := []string{script, "--address", address, "--authkey", "hex:" + hex.EncodeToString(key), "--python", p.Path, "--json", out}
			if pick := os.Getenv(onlyEnv); pick != "" && pick != "all" {
				args = append(args, "--only", pick)
			}
			text := runScript(t, runner, args...)
			var cases []struct{ Case, Outcome, Last, Output string }
			readJSON(t, out, &cases)
			for _, x := range cases {
				switch x.Outcome {
				case "ok":
				case "skip":
					t.Logf("%s does not suit %v: %s", x.Case, p, x.Last)
				default:
					t.Errorf("%s: %s\n%s", x.Outcome, x.Case, x.Output)
				}
			}
			if len(cases) == 0 {
				t.Errorf("there are no cases:\n%s", text)
			}
		})
	}
}

// itsTurn skips the Pythons that are left out by default, since each takes some 20 seconds.
func itsTurn(t *testing.T, p pythons.Python) {
	t.Helper()
	if os.Getenv(onlyEnv) == "" && !slices.Contains(pythons.Few(pythons.Require(t)), p) {
		t.Skipf("by default three versions are tried: the oldest, the newest and one in the middle; with %s=all every one is", onlyEnv)
	}
}

// runScript runs one of the collections. Its exit code is not looked at: what failed is in the file that it writes.
func runScript(t *testing.T, p pythons.Python, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	cmd := p.Command(ctx, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	_ = cmd.Run()
	return out.Bytes()
}

func readJSON(t *testing.T, file string, to any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}
