package manager

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// TestCallsOfGo is what comes out of calls of a user's methods: results, and the words of all that can be wrong.
func TestCallsOfGo(t *testing.T) {
	s, _, err := mathsServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o, err := s.New("Maths", "me")
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.New("list", []int{1, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.New("Maths", "other")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	type kw map[string]any
	for _, x := range []struct {
		method string
		args   []any
		kwargs kw
		want   string
	}{
		{"add", []any{1, 2}, nil, "3"},
		{"add", []any{1}, kw{"y": 2}, "3"},
		{"add", nil, kw{"y": 1, "x": 2}, "3"},
		{"add", []any{1}, nil, "TypeError: Maths.add() missing 1 required positional argument: 'y'"},
		{"add", nil, nil, "TypeError: Maths.add() missing 2 required positional arguments: 'x' and 'y'"},
		{"add", []any{1, 2, 3}, nil, "TypeError: Maths.add() takes 2 positional arguments but 3 were given"},
		{"add", []any{1, 2}, kw{"z": 1}, "TypeError: Maths.add() got an unexpected keyword argument 'z'"},
		{"add", []any{1, 2}, kw{"x": 1}, "TypeError: Maths.add() got multiple values for argument 'x'"},
		{"add", []any{1, "abc"}, nil, "TypeError: Maths.add() argument 2 (y): expected int, got str 'abc'"},
		{"add", []any{1, 2.5}, nil, "TypeError: Maths.add() argument 2 (y): expected int, got float 2.5"},
		{"add", []any{1, true}, nil, "TypeError: Maths.add() argument 2 (y): expected int, got bool True"},
		{"add", []any{nil, 1}, nil, "TypeError: Maths.add() argument 1 (x): expected int, got None"},
		{"add", []any{1, list}, nil, "TypeError: Maths.add() argument 2 (y): expected int, got list"},
		{"add", []any{1, new(big.Int).Lsh(big.NewInt(1), 70)}, nil, "OverflowError: Maths.add() argument 2 (y): 1180591620717411303424 does not fit into int"},
		{"http_get", []any{"u"}, nil, "'u0'"},
		{"http_get", []any{"u"}, kw{"retries": 3}, "'u3'"},
		{"http_get", nil, nil, "TypeError: Maths.http_get() missing 1 required positional argument: 'url'"},
		{"http_get", []any{1, 2, 3}, nil, "TypeError: Maths.http_get() takes from 1 to 2 positional arguments but 3 were given"},
		{"__len__", nil, nil, "2"},
		{"small", []any{-128}, nil, "-128"},
		{"small", []any{300}, nil, "OverflowError: Maths.small() argument 1: 300 does not fit into int8"},
		{"small", []any{1}, kw{"n": 1}, "TypeError: Maths.small() takes no keyword arguments"},
		{"small", nil, nil, "TypeError: Maths.small() missing 1 required positional argument: 'arg1'"},
		{"unsigned", []any{-1}, nil, "OverflowError: Maths.unsigned() argument 1: -1 does not fit into uint64"},
		{"unsigned", []any{uint64(1) << 63}, nil, "9223372036854775808"},
		{"float", []any{1}, nil, "1.0"},
		{"float", []any{"1"}, nil, "TypeError: Maths.float() argument 1: expected float, got str '1'"},
		{"float", []any{int64(1<<53 + 1)}, nil, "TypeError: Maths.float() argument 1: expected float, got int 9007199254740993 (9007199254740993 is no float64 exactly)"},
		{"text", []any{"é"}, nil, "'é'"},
		{"text", []any{py.Str2("abc")}, nil, "'abc'"},
		{"text", []any{[]byte("abc")}, nil, "TypeError: Maths.text() argument 1: expected str, got bytes b'abc' (bytes are no text; []byte takes them)"},
		{"flag", []any{true}, nil, "True"},
		{"flag", []any{1}, nil, "TypeError: Maths.flag() argument 1: expected bool, got int 1"},
		{"blob", []any{[]byte("abc")}, nil, "b'abc'"},
		{"blob", []any{"abc"}, nil, "TypeError: Maths.blob() argument 1: expected bytes, got str 'abc' (text is no bytes)"},
		{"sum", nil, nil, "0.0"},
		{"sum", []any{1, 2.5, 3}, nil, "6.5"},
		{"sum", []any{1, 2, "x"}, nil, "TypeError: Maths.sum() argument 3 (values): expected float, got str 'x'"},
		{"sum", nil, kw{"values": 1}, "TypeError: Maths.sum() got an unexpected keyword argument 'values'"},
		{"sum_list", []any{py.Tuple{int64(1), int64(2)}}, nil, "3"},
		{"sum_list", []any{list}, nil, "6"},
		{"sum_list", []any{[]any{1, "2"}}, nil, "TypeError: Maths.sum_list() argument 1 at [1]: expected int, got str"},
		{"sum_list", []any{other}, nil, "TypeError: Maths.sum_list() argument 1: expected list, got AutoProxy[Maths]"},
		{"counts", []any{map[string]int{"a": 2}}, nil, "2"},
		{"counts", []any{map[string]any{"a": 2.5}}, nil, "TypeError: Maths.counts() argument 1 at ['a']: expected int, got float"},
		{"counts", []any{3}, nil, "TypeError: Maths.counts() argument 1: expected dict, got int 3"},
		{"names", []any{map[string]struct{}{"a": {}}}, nil, "1"},
		{"names", []any{3}, nil, "TypeError: Maths.names() argument 1: expected set, got int 3"},
		{"move", []any{point{1, 2, "p"}, 3}, nil, "{'X': 4, 'Y': 5, 'name': 'p'}"},
		{"move", []any{7, 3}, nil, "TypeError: Maths.move() argument 1: expected a dict or an object for manager.point, got int 7"},
		{"maybe", []any{nil}, nil, "False"},
		{"maybe", []any{point{}}, nil, "True"},
		{"level", []any{"high"}, nil, "9"},
		{"level", []any{4}, nil, "4"},
		{"level", []any{"low"}, nil, `TypeError: Maths.level() argument 1: expected str for manager.level, got str 'low' (there is no level "low")`},
		{"at", []any{day, 1.5}, nil, "datetime.datetime(2020, 1, 2, 3, 4, 6, 500000, tzinfo=datetime.timezone.utc)"},
		{"at", []any{"now", 1}, nil, "TypeError: Maths.at() argument 1: expected datetime.datetime, got str 'now'"},
		{"type", []any{1}, nil, "'int64'"},
		{"type", []any{nil}, nil, "'<nil>'"},
		{"type", []any{other}, nil, "'*manager.Object'"},
		{"type", []any{[]int{1}}, nil, "'*py.List'"},
		{"list", []any{[]int{1}}, nil, "1"},
		{"list", []any{py.Tuple{}}, nil, "TypeError: Maths.list() argument 1: expected list, got tuple"},
		{"nothing", nil, nil, "None"},
		{"pair", nil, nil, "(1, 'one')"},
		{"nil", nil, nil, "None"},
		{"other", []any{other}, nil, "'other'"},
		{"other", []any{list}, nil, "TypeError: Maths.other() argument 1: expected a proxy of Maths, got list"},
		{"say", []any{other}, nil, "'maths of other'"},
		{"fail", []any{"python"}, nil, "KeyError: 'x'"},
		{"fail", []any{"time"}, nil, "TimeoutError: context deadline exceeded"},
		{"fail", []any{"eof"}, nil, "EOFError: EOF"},
		{"fail", []any{"file"}, nil, "FileNotFoundError: [Errno 2] open /no/such/file: no such file or directory"},
		{"fail", []any{"exist"}, nil, "FileExistsError: [Errno 17] file already exists"},
		{"fail", []any{"permission"}, nil, "PermissionError: [Errno 13] permission denied"},
		{"fail", []any{"unsupported"}, nil, "NotImplementedError: unsupported operation"},
		{"fail", []any{"own"}, nil, "RuntimeError: an error of its own"},
		{"fail", []any{"panic"}, nil, "RuntimeError: panic: an error of its own"},
		{"fail", []any{""}, nil, "1"},
		{"__str__", nil, nil, "'maths of me'"},
		{"string", nil, nil, "AttributeError"},
		{"lock", nil, nil, "AttributeError"},
	} {
		v, err := o.Call(t.Context(), x.method, append(x.args, Keywords(x.kwargs))...)
		var e *py.Exception
		got := ""
		switch {
		case errors.As(err, &e) && x.want == e.Class.Name:
			got = x.want
		case errors.As(err, &e):
			got = e.Error()
		case err != nil:
			got = err.Error()
		default:
			got, _ = py.Repr(v)
		}
		if got != x.want {
			t.Errorf("%s%v%v:\n got %s\nwant %s", x.method, x.args, x.kwargs, got, x.want)
		}
	}
	if _, err := o.Call(t.Context(), "strange"); !errors.Is(err, object.ErrUnserializable) {
		t.Error(err)
	}
}
