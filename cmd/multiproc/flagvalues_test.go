package main

import (
	"math"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "17B": 17, "64KiB": 64 << 10, "512MiB": 512 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%q is %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "1.5GiB", "1GB", "1 MiB", "MiB", "9223372036854775808", "8388608TiB"} {
		var s size
		if err := s.Set(text); err == nil {
			t.Errorf("%q is %d", text, s)
		}
	}
}

func TestMakePrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits of folders")
	}
	dir := filepath.Join(t.TempDir(), "multiproc")
	for range 2 {
		if err := makePrivate(dir); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Fatal(info, err)
		}
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(dir); err == nil || !strings.Contains(err.Error(), "chmod 700 "+dir) {
		t.Errorf("an open folder is %v", err)
	}
	link := dir + "-link"
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if err := makePrivate(link); err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Errorf("a link is %v", err)
	}
	if os.Geteuid() != 0 {
		return // the rest needs a file of another user
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 12345, -1); err != nil {
		t.Skip("only root can give a folder to another user:", err)
	}
	if err := makePrivate(dir); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("another user's folder is %v", err)
	}
}

// A server and a client that are told no address find each other.
func TestDefaultAddress(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("on Windows there is no default address")
	}
	withKey(t, testKey)
	path := socket(t)
	t.Setenv("XDG_RUNTIME_DIR", filepath.Dir(path))
	s := serve(t, 1)
	if want := filepath.Join(filepath.Dir(path), "multiproc", "manager.sock"); s.addresses[0] != want {
		t.Errorf("it listens on %s, want %s", s.addresses[0], want)
	}
	run1(t, callCase{args: []string{"ls"}, stdout: "No client holds an object.\n"})
	// Somebody else's folder is not taken.
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	if got := defaultAddress(); !filepath.IsAbs(got) {
		t.Errorf("the address is %s", got)
	}
}

func TestJSON(t *testing.T) {
	self := py.NewList()
	self.Items = append(self.Items, self)
	dict := py.NewDict()
	dict.SetStr("a", py.Tuple{nil, true, int64(-1), 1.5, new(big.Int).Lsh(big.NewInt(1), 70)})
	odd := py.NewDict()
	if err := odd.Set(int64(1), nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		v    py.Value
		want string // "" is an error
	}{
		{nil, "null"}, {dict, `{"a":[null,true,-1,1.5,1180591620717411303424]}`}, {"<é\x7f\u009b\U000e0001", `"<é\u007f\u009b\udb40\udc01"`}, {py.Str2("a"), `"a"`},
		{math.NaN(), ""}, {math.Inf(1), ""}, {py.Bytes("a"), ""}, {self, ""}, {odd, ""}, {"\xed\xa0\x80", ""}, {py.Str2("\xff"), ""},
	} {
		v, err := jsonValue(tc.v, 0)
		var b strings.Builder
		if err == nil {
			err = writeJSON(&b, v)
		}
		if (err != nil) != (tc.want == "") || strings.TrimSpace(b.String()) != tc.want {
			t.Errorf("%v is %q, %v, want %q", tc.v, &b, err, tc.want)
		}
	}
}
