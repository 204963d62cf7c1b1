package ctype

import (
	"go/build"
	"runtime"
	"testing"
)

// platforms are all that Go builds for, with what long double is there.
var platforms = []struct {
	goos, goarch                    string
	pointer, long, wchar, wideAlign uintptr
	ldSize, ldAlign                 uintptr
	ld                              encoding
}{
	{"aix", "ppc64", 8, 8, 4, 8, 0, 0, encUnknown},
	{"android", "386", 4, 4, 4, 4, 8, 4, encDouble},
	{"android", "amd64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"android", "arm", 4, 4, 4, 8, 8, 8, encDouble},
	{"android", "arm64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"darwin", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"darwin", "arm64", 8, 8, 4, 8, 8, 8, encDouble},
	{"dragonfly", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"freebsd", "386", 4, 4, 4, 4, 12, 4, encX87},
	{"freebsd", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"freebsd", "arm", 4, 4, 4, 8, 8, 8, encDouble},
	{"freebsd", "arm64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"illumos", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"ios", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"ios", "arm64", 8, 8, 4, 8, 8, 8, encDouble},
	{"js", "wasm", 4, 4, 4, 8, 0, 0, encUnknown},
	{"linux", "386", 4, 4, 4, 4, 12, 4, encX87},
	{"linux", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"linux", "arm", 4, 4, 4, 8, 8, 8, encDouble},
	{"linux", "arm64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"linux", "loong64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"linux", "mips", 4, 4, 4, 8, 8, 8, encDouble},
	{"linux", "mips64", 8, 8, 4, 8, 0, 0, encUnknown},
	{"linux", "mips64le", 8, 8, 4, 8, 0, 0, encUnknown},
	{"linux", "mipsle", 4, 4, 4, 8, 8, 8, encDouble},
	{"linux", "ppc64", 8, 8, 4, 8, 0, 0, encUnknown},
	{"linux", "ppc64le", 8, 8, 4, 8, 0, 0, encUnknown},
	{"linux", "riscv64", 8, 8, 4, 8, 16, 16, encBinary128},
	{"linux", "s390x", 8, 8, 4, 8, 0, 0, encUnknown},
	{"netbsd", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"openbsd", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"plan9", "amd64", 8, 8, 4, 8, 0, 0, encUnknown},
	{"solaris", "amd64", 8, 8, 4, 8, 16, 16, encX87},
	{"windows", "386", 4, 4, 2, 8, 8, 8, encDouble},
	{"windows", "amd64", 8, 4, 2, 8, 8, 8, encDouble},
	{"windows", "arm64", 8, 4, 2, 8, 8, 8, encDouble},
}

func TestABI(t *testing.T) {
	for _, p := range platforms {
		a := abiOf(p.goos, p.goarch)
		want := abi{pointer: p.pointer, long: p.long, wchar: p.wchar, wideAlign: p.wideAlign}
		want.longDouble.size, want.longDouble.align, want.longDouble.encoding = p.ldSize, p.ldAlign, p.ld
		if a != want {
			t.Errorf("%s/%s: got %+v, want %+v", p.goos, p.goarch, a, want)
		}
	}
}

// The build tags pick one file for each platform, and it is the one whose format
// the table announces.
func TestBuildTagsAgreeWithABI(t *testing.T) {
	files := map[string][]encoding{
		"longdouble_x87.go":       {encX87},
		"longdouble_binary128.go": {encBinary128},
		"longdouble_double.go":    {encDouble, encUnknown},
	}
	for _, p := range platforms {
		ctx := build.Default
		ctx.GOOS, ctx.GOARCH = p.goos, p.goarch
		for name, encodings := range files {
			got, err := ctx.MatchFile(".", name)
			if err != nil {
				t.Fatal(err)
			}
			want := false
			for _, e := range encodings {
				want = want || e == p.ld
			}
			if got != want {
				t.Errorf("%s/%s: %s is built: %t, want %t", p.goos, p.goarch, name, got, want)
			}
		}
	}
	a := abiOf(runtime.GOOS, runtime.GOARCH)
	if a.longDouble.encoding == encUnknown {
		return
	}
	if a.longDouble.encoding != longDoubleEncoding || a.longDouble.size != longDoubleSize {
		t.Errorf("long double is %+v in the table and %d in %d bytes in the build", a.longDouble, longDoubleEncoding, longDoubleSize)
	}
}

// Each platform's table is complete and consistent in itself.
func TestTables(t *testing.T) {
	for _, p := range platforms {
		codes, names := map[rune]bool{}, map[string]bool{}
		for _, row := range table(p.goos, p.goarch) {
			where := p.goos + "/" + p.goarch + " " + row.String()
			if codes[row.Code] || names[row.Name] {
				t.Errorf("%s: twice in the table", where)
			}
			codes[row.Code], names[row.Name] = true, true
			if (row.Refused == "") != (row.Kind != Pointer && row.Size != 0) {
				t.Errorf("%s: refused %q", where, row.Refused)
			}
			if row.Size != 0 && (row.Align == 0 || row.Size%row.Align != 0) {
				t.Errorf("%s: aligned to %d", where, row.Align)
			}
			if row.Go != nil && row.Go.Size() != row.Size {
				t.Errorf("%s: the Go type %v has %d bytes", where, row.Go, row.Go.Size())
			}
			if row.Go == nil && row.Refused == "" && row.Code != 'u' && row.Code != 'g' {
				t.Errorf("%s: no Go type", where)
			}
			if row.CName == "" || row.Kind == Invalid {
				t.Errorf("%s: incomplete", where)
			}
		}
		if len(codes) != 21 {
			t.Errorf("%s/%s: %d rows", p.goos, p.goarch, len(codes))
		}
	}
}

func TestMergedClasses(t *testing.T) {
	tests := []struct {
		goos, goarch, name, class string
		letter                    rune
	}{
		{"linux", "amd64", "c_int", "c_int", 'i'},
		{"linux", "amd64", "c_long", "c_long", 'l'},
		{"linux", "amd64", "c_longlong", "c_long", 'l'},
		{"linux", "amd64", "c_ulonglong", "c_ulong", 'L'},
		{"linux", "amd64", "c_longdouble", "c_longdouble", 'g'},
		{"linux", "386", "c_int", "c_long", 'l'},
		{"linux", "386", "c_longlong", "c_longlong", 'q'},
		{"darwin", "arm64", "c_longdouble", "c_double", 'd'},
		{"windows", "amd64", "c_int", "c_long", 'l'},
		{"windows", "amd64", "c_uint", "c_ulong", 'L'},
		{"windows", "amd64", "c_longlong", "c_longlong", 'q'},
		{"windows", "amd64", "c_longdouble", "c_double", 'd'},
	}
	for _, tt := range tests {
		for _, row := range table(tt.goos, tt.goarch) {
			if row.Name == tt.name && (row.Class != tt.class || row.Letter != tt.letter) {
				t.Errorf("%s/%s: %s is the class %s %q, want %s %q",
					tt.goos, tt.goarch, tt.name, row.Class, row.Letter, tt.class, tt.letter)
			}
		}
	}
}
