package object

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

//go:embed iterable.py
var iterableSource string

// iterableArgs are arguments for list(x), list.extend, a slice, set(x) and set.update, as the Pythons write them.
var iterableArgs = []string{
	`zip("ab", [1, 2])`, `zip()`, `zip("ab", range(10**12))`, `zip(range(10**30), "ab")`, `zip([1], "", [2])`, `consumed(zip("abc", [1, 2, 3]), 1)`, `zip(*twice(range(5)))`,
	`zip(*twice(zip(*twice("abcdefgh"))))`, `zip(zip("ab", "cd"), {1: 2, 3: 4})`, `zip(zip(zip("ab")))`, `zip({1: 2}.items(), {3: 4}.values(), {5})`,
	`zip("ab", [1], strict=True)`, `zip("a", [1, 2], strict=True)`, `zip("ab", [1, 2], [3], strict=True)`, `zip("a", [1], [3, 4], strict=True)`, `zip("ab", [1, 2], strict=True)`,
	`zip("", [], "", strict=True)`,
	`enumerate("a")`, `enumerate(range(3), 5)`, `enumerate("ab", 2**63 - 1)`, `enumerate("ab", -2**70)`, `consumed(enumerate("abc"), 2)`, `enumerate(enumerate("ab"))`, `enumerate(iter([]))`,
	`filter(None, [0, 1, "", "a", None, 0.0, (), (0,), b"", range(0)])`, `filter(bool, [0, 1])`, `filter(None, zip("ab", "cd"))`,
	`map(str, [1, "a", None, 2.5, True, 10**30, b"x", 1j])`, `map(repr, ["a", 1.0, b"b"])`, `map(bool, [0, 1, "", (1,)])`, `map(len, ["a\u00e4\U00010000", (), range(3), b"abc"])`,
	`map(len, [5])`, `map(len, ["a", None])`, `map(str, map(int, "123"))`, `map(int, "1 2 34".split())`, `map(int, [" 1_0\n", "-5", "+7", 2.9, -2.9, 1e30, True, 10**40, "00"])`,
	`map(int, ["1", "x"])`, `map(int, [""])`, `map(int, ["1__0"])`, `map(int, ["a" * 300])`, `map(int, [None])`, `map(int, [[]])`, `map(int, [float("nan")])`, `map(int, [float("inf")])`,
	`map(float, ["1.5", " 1e3 ", "-.5", "5.", "1_0.0_1", "inf", "-Infinity", 1, True, 10**20, 2.5, "1e999"])`, `map(float, ["1..5"])`, `map(float, ["0x10"])`, `map(float, ["_1"])`,
	`map(int, ["\x1c5"])`, `map(float, ["5\x1f"])`, `map(float, [None])`, `map(float, [10**400])`, `map(float, ["a"])`, `map(float, [""])`, `map(str, ["a"])`,
	`iter("ab")`, `iter(range(3))`, `consumed(iter(range(3)), 2)`, `iter(range(10, 0, -3))`, `iter({1: 2})`, `iter({1: 2}.items())`, `iter(b"ab")`, `iter((1, 2))`, `iter(bytearray(b"ab"))`,
	`reversed("ab")`, `reversed(range(3))`, `consumed(reversed([1, 2, 3]), 1)`, `consumed(iter([1]), 1)`, `iter(collections.deque([1, 2]))`, `consumed(iter(collections.deque([1, 2])), 1)`,
	`consumed(reversed(collections.deque([1, 2, 3])), 1)`, `iter(collections.OrderedDict([(1, 2)]))`,
	`collections.deque("ab", 5)`, `Deque("ab")`, `collections.Counter("aab")`, `collections.OrderedDict([("b", 1), ("a", 2)])`, `collections.defaultdict(list, a=1)`, `collections.defaultdict(list)`,
	`L("ab")`, `D(a=1)`, `time.gmtime(0)`, `os.terminal_size((80, 25))`, `os.stat_result(range(10))`, `os.times_result(range(5))`, `os.uname_result("abcde")`, `os.statvfs_result(range(10))`, `time.struct_time(range(9))`,
	`pathlib.PurePosixPath("a/b")`, `pathlib.PurePosixPath()`,
	`functools.partial(len, "a")`, `types.SimpleNamespace(a=1)`, `operator.itemgetter(1)`, `frozenset([1])`,
}

// unknownArgs are such of which the server says that it can't know, and what to pass instead.
var unknownArgs = map[string]string{
	`L()`: "list(x) or dict(x)", `D()`: "list(x) or dict(x)", `T((1, 2))`: "list(x)", `One((1, 2))`: "list(x)", `S("ab")`: "list(x)", `FS("ab")`: "list(x)", `Count("a")`: "list(x) or dict(x)", `Attrs()`: "list(x) or dict(x)", `Pair(1, 2)`: "tuple(x) or list(x)",
	`map(abs, [1])`: "list(map(...))", `map(max, [1], [2])`: "list(map(...))", `map(str, [L()])`: "list(map(...))", `map(int, ["\u0665"])`: "list(map(...))",
	`filter(str, "a")`: "list(filter(...))", `filter(None, [L()])`: "list(filter(...))", `iter(int, 0)`: "list(x)", `itertools.cycle([])`: "list(x)",
	`itertools.repeat(1, 3)`: "list(x)", `itertools.chain("ab", [1])`: "list(x)", `itertools.islice("abcd", 3)`: "list(x)", `zip(itertools.count(), "ab")`: "list(x)",
	`collections.ChainMap({1: 2})`: "list(x) or dict(x)", `collections.UserDict(a=1)`: "list(x) or dict(x)", `collections.UserList("ab")`: "list(x) or dict(x)",
}

// TestIterablesAsInPython compares what objects take, and how they are then, with real Pythons. The arguments are in the pickles that these write.
func TestIterablesAsInPython(t *testing.T) {
	type call struct{ typeid, init, method, args, unknown string }
	var calls []call
	both := func(x, unknown string) {
		calls = append(calls,
			call{"list", "", "new", "(" + x + ",)", unknown},
			call{"list", "[7]", "extend", "(" + x + ",)", unknown},
			call{"list", "[7, 8]", "__setitem__", "(slice(0, 0), " + x + ")", unknown},
			call{"set", "[7]", "update", "(" + x + ",)", unknown},
			call{"dict", "{7: 8}", "update", "(" + x + ",)", unknown})
	}
	for _, x := range iterableArgs {
		both(x, "")
	}
	for x, instead := range unknownArgs {
		both(x, instead)
	}
	calls = append(calls,
		call{"dict", "", "new", `(zip("ab", [1, 2]),)`, ""},
		call{"dict", "()", "update", `(zip("ab", [1], strict=True),)`, ""},
		call{"dict", "()", "update", `(zip("ab", [1, 2], [3, 4]),)`, ""},
		call{"dict", "()", "update", `(zip([[], 1], [1, 2]),)`, ""},
		call{"dict", "()", "update", `(twice("ab"),)`, ""}, // the second has nothing left
		call{"dict", "()", "update", `(map(str, [12, 34]),)`, ""},
		call{"dict", "()", "fromkeys", `(zip("ab", "cd"), 1)`, ""},
		call{"set", "()", "update", `twice("ab")`, ""},
		call{"set", "'abcd'", "difference_update", `(map(str, "ab"), "c")`, ""},
		call{"set", "'abcd'", "intersection_update", `(map(str, "abx"),)`, ""},
		call{"set", "'ab'", "symmetric_difference_update", `(map(str, "bc"),)`, ""},
		call{"set", "'ab'", "issubset", `(map(str, "abc"),)`, ""},
		call{"set", "'ab'", "isdisjoint", `(filter(None, "cd"),)`, ""},
		call{"set", "()", "update", `(zip("ab", [1], strict=True), "c")`, ""})

	for _, p := range pythons.Require(t) {
		if p.Major < 3 {
			continue // there zip and the like are lists
		}
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			child := p.Serve(t, pythons.Module{Name: "iterables", Source: iterableSource})
			for protocol := 2; protocol <= 4; protocol++ {
				request := py.NewList()
				for _, c := range calls {
					request.Append(py.Tuple{c.typeid, c.init, c.method, c.args, int64(protocol)})
				}
				data, err := (&pickle.Config{Protocol: 3}).Append(nil, request)
				if err != nil {
					t.Fatal(err)
				}
				reply, err := child.Call(data)
				if err != nil {
					t.Fatal(err)
				}
				answers, err := pickle.Decode(reply)
				if err != nil {
					t.Fatal(err)
				}
				for i, answer := range answers.(*py.List).Items {
					c := calls[i]
					want, ok := answer.(py.Tuple)
					if !ok {
						if !strings.Contains(c.args, "strict=") && !strings.Contains(c.args, "itertools.") && !strings.Contains(c.args, "reversed(") {
							t.Errorf("protocol %d: it has no pickle of %s", protocol, c.args)
						}
						continue
					}
					outcome, after := callPickled(t, c.typeid, c.init, c.method, string(want[0].(py.Bytes)))
					wanted := want[1].(string)
					if c.unknown != "" {
						if wanted := "pass " + c.unknown + " instead"; !strings.HasPrefix(outcome, "NotImplementedError: ") || !strings.Contains(outcome, wanted) {
							t.Errorf("protocol %d: %s.%s%s: %s; want NotImplementedError: %s", protocol, c.typeid, c.method, c.args, outcome, wanted)
						}
						continue
					}
					if !sameText(p, outcome, wanted) || after != want[2].(string) {
						t.Errorf("protocol %d: %s.%s%s: %s, then %s; want %s, then %s", protocol, c.typeid, c.method, c.args, outcome, after, wanted, want[2])
					}
				}
			}
		})
	}
}

// sameText compares results. The texts of exceptions are the newest Pythons'.
func sameText(p pythons.Python, got, want string) bool {
	class, _, isError := strings.Cut(want, ": ")
	if isError && strings.HasSuffix(class, "Error") && !p.AtLeast(3, 13) {
		gotClass, _, _ := strings.Cut(got, ": ")
		return gotClass == class
	}
	return plainText(got) == plainText(want)
}

// callPickled calls a method of an object that an expression in Python describes.
func callPickled(t *testing.T, typeid, init, method, pickled string) (outcome, after string) {
	t.Helper()
	args, err := pickle.Decode([]byte(pickled))
	if err != nil {
		t.Fatal(err)
	}
	typ := map[string]*Type{"list": ListType, "dict": DictType, "set": SetType}[typeid]
	inits := map[string]py.Tuple{"": nil, "()": nil, "[7]": {ints(7)}, "[7, 8]": {ints(7, 8)}, "{7: 8}": {dictOf(t, int64(7), int64(8))}, "'abcd'": {"abcd"}, "'ab'": {"ab"}}
	from, ok := inits[init]
	if !ok {
		t.Fatalf("the test does not know %s", init)
	}
	if method == "new" {
		o, err := typ.New(&Call{Args: args.(py.Tuple)})
		if err != nil {
			return err.Error(), ""
		}
		return "None", stateText(o)
	}
	o := makeObject(t, typ, from...)
	outcome = outcomeOf(invoke(o, method, args.(py.Tuple)...))
	return outcome, stateText(o)
}

func stateText(o Object) string {
	s, ok := o.(*set)
	if !ok {
		text, err := o.Repr()
		if err != nil {
			return err.Error()
		}
		return text
	}
	var texts []string
	for v := range s.snapshot().All() {
		text, err := py.Repr(v)
		if err != nil {
			return err.Error()
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	list := py.NewList()
	for _, text := range texts {
		list.Append(text)
	}
	return outcomeOf(list, nil)
}
