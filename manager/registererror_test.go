package manager

import (
	"context"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

type twice struct{ _ int }

func (*twice) GetURL()  {}
func (*twice) Get_URL() {}

type awkward struct{ _ int }

func (*awkward) Import()             {}
func (*awkward) Channel(chan int)    {}
func (*awkward) Sequence() func(int) { return nil }
func (*awkward) Two() (int, int)     { return 1, 2 }
func (*awkward) Fine(context.Context, int) {
}

type bare struct{ _ int }

// TestRegisterErrors: whatever is wrong is told at once, with what to do.
func TestRegisterErrors(t *testing.T) {
	s, _, err := mathsServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	made := func() *awkward { return nil }
	for _, x := range []struct {
		typeid   string
		callable any
		options  []RegisterOption
		want     []string // parts of the text
	}{
		{"", made, nil, []string{`Register("")`, "the typeid is empty"}},
		{"X", nil, nil, []string{`Register("X")`, "(*T)(nil)"}},
		{"X", 1, nil, []string{"is of the type int", "func() *Maths"}},
		{"X", &awkward{}, nil, []string{"func() *manager.awkward { return it }"}},
		{"X", func() {}, nil, []string{"whose results are not one pointer"}},
		{"X", func() (*maths, int) { return nil, 0 }, nil, []string{"whose results are not one pointer"}},
		{"X", func() int { return 1 }, nil, []string{"a value of the type int, which is no pointer"}},
		{"X", func() *bare { return nil }, nil, []string{"no pointer to a type with exported methods"}},
		{"X", func(chan int) *maths { return nil }, nil, []string{"the type of its parameter 1 is chan int"}},
		{"Maths", func() *fooBar { return nil }, nil, []string{"there is a type of that name already"}},
		{"X", func() *twice { return nil }, nil, []string{"GetURL", "Get_URL", `"get_url"`, "Rename("}},
		{"X", made, nil, []string{"the method Channel (channel)", "chan int", "Exposed"}},
		{"X", made, []RegisterOption{Exposed("import")}, []string{"the method Import", `"import"`, `Rename("Import", ...)`}},
		{"X", made, []RegisterOption{Exposed("sequence")}, []string{"its result is of the type func(int)"}},
		{"X", made, []RegisterOption{Exposed("fine", "finer")}, []string{`Exposed names "finer"`, "channel, fine, import"}},
		{"X", made, []RegisterOption{Exposed("fine"), MethodToTypeid(map[string]string{"two": "list"})}, []string{`MethodToTypeid names "two"`, "none of the exposed methods: fine"}},
		{"X", made, []RegisterOption{Exposed("two"), MethodToTypeid(map[string]string{"two": "list"})}, []string{"it has 2 results"}},
		{"X", made, []RegisterOption{Exposed("fine"), Params("two", "a")}, []string{`Params names "two"`}},
		{"X", made, []RegisterOption{Exposed("fine"), Params("fine", "a", "b")}, []string{"Params names 2 parameters (a, b), and it has 1"}},
		{"X", made, []RegisterOption{Exposed("fine"), Params("fine", "a b")}, []string{`"a b", which is no name in Python`}},
		{"X", made, []RegisterOption{Exposed("fine"), Params("", "a")}, []string{"Params names 1 parameters (a), and it has 0"}},
		{"X", (*awkward)(nil), []RegisterOption{Exposed("fine"), Params("", "a")}, []string{"a callable that is not there"}},
		{"X", made, []RegisterOption{Exposed("fine"), Rename("Len", "__len__")}, []string{`Rename names "Len"`}},
		{"X", func() *Object { return nil }, []RegisterOption{Exposed("get")}, []string{"has its own methods"}},
	} {
		err := s.Register(x.typeid, x.callable, x.options...)
		if err == nil {
			t.Errorf("%q of a %T is registered", x.typeid, x.callable)
			continue
		}
		for _, part := range x.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q is missing in: %v", part, err)
			}
		}
	}
	if s.types.lookup("X") != nil {
		t.Error("it is registered in spite of the error")
	}
	if err := s.Register("Queue", (*fooBar)(nil)); err != nil {
		t.Error("a built-in type can't be replaced:", err)
	}
	if _, err := s.New("Queue"); err == nil || !strings.Contains(err.Error(), "there is no typeid") {
		t.Error("an object was made of a type that clients can't create:", err)
	}
}

func TestPythonNames(t *testing.T) {
	for name, want := range map[string]string{
		"Add": "add", "AddAll": "add_all", "HTTPGet": "http_get", "GetURL": "get_url", "GetURLs": "get_urls", "IDs": "ids", "ID": "id", "UserIDsOf": "user_ids_of", "X": "x", "GetX": "get_x",
		"Get2": "get2", "Utf8Name": "utf8_name", "Get_URL": "get_url", "Öffne": "öffne", "ÖffneÄpfel": "öffne_äpfel", "A1B": "a1_b", "AsList": "as_list",
	} {
		if got := pythonName(name); got != want {
			t.Errorf("%s is %s, and not %s", name, got, want)
		}
	}
	for name, want := range map[string]bool{"add": true, "_h": true, "__len__": true, "import": false, "": false, "1a": false, "a b": false, "a-b": false, "öffne": true} {
		if got := callableName(name); got != want {
			t.Errorf("%q can be called: %v", name, got)
		}
	}
	for name, want := range map[string]bool{"add": false, "_h": true, "__h": true, "__len__": false} {
		if got := private(name); got != want {
			t.Errorf("%q is private: %v", name, got)
		}
	}
}

// TestPythonNamesProperties: names are small, have the same letters, no underscore that nobody needs, and two words that are written in the usual way are told apart.
func TestPythonNamesProperties(t *testing.T) {
	word := rapid.StringMatching(`[A-Z][a-z]{2,5}`)
	rapid.Check(t, func(rt *rapid.T) {
		words := rapid.SliceOfN(word, 1, 5).Draw(rt, "words")
		if got, want := pythonName(strings.Join(words, "")), strings.ToLower(strings.Join(words, "_")); got != want {
			rt.Fatalf("%v is %s", words, got)
		}
		name := rapid.StringMatching(`[A-Z][A-Za-z0-9_]{0,12}`).Draw(rt, "name")
		got := pythonName(name)
		if strings.ReplaceAll(got, "_", "") != strings.ReplaceAll(strings.ToLower(name), "_", "") || strings.ContainsFunc(got, unicode.IsUpper) || strings.HasPrefix(got, "_") {
			rt.Fatalf("%s is %s", name, got)
		}
		if !strings.Contains(name, "_") && strings.Contains(got, "__") || pythonName(got) != got {
			rt.Fatalf("%s is %s", name, got)
		}
	})
}
