package py

import (
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// literalReader reads a literal, tells what it is by its first byte, and gives back what it has.
const literalReader = `
import ast
def handle(request):
    v = ast.literal_eval(request.decode('utf-8'))
    if isinstance(v, bytes):
        return b'b' + v
    return b's' + v.encode('utf-8', 'surrogatepass')
`

// FuzzReprOfStrings: what Python reads from a repr is the string, whatever is in it.
func FuzzReprOfStrings(f *testing.F) {
	for _, s := range []string{"", "it's", `"`, `'"\`, "\x00\x7f\n", "é€😀", "\xed\xa0\x80\xed\xbf\xbf", "\xff\xfe", "\u2028\u00ad\U000e0001", `\N{DIGIT ONE}`} {
		f.Add(s)
	}
	python, ok := pythons.Newest()
	if !ok || !python.AtLeast(3, 6) {
		f.Skip("no Python 3 was found; MULTIPROC_PYTHONS can name one")
	}
	child := python.Serve(f, pythons.Module{Name: "literal", Source: literalReader})
	read := func(t *testing.T, text string) string {
		t.Helper()
		reply, err := child.Call([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return string(reply)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := read(t, mustText(s)), "s"+withSurrogates(s); got != want {
			t.Errorf("%s is read as %q, want %q", mustText(s), got, want)
		}
		if got, want := read(t, mustText(Bytes(s))), "b"+s; got != want {
			t.Errorf("%s is read as %q, want %q", mustText(Bytes(s)), got, want)
		}
	})
}

// withSurrogates has lone surrogates in place of the bytes that are no text.
func withSurrogates(s string) string {
	var dst []byte
	for s != "" {
		r, size := decodeRune(s)
		dst = appendRune(dst, r)
		s = s[size:]
	}
	return string(dst)
}
