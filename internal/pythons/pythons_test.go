package pythons

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	for _, p := range Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			out, err := p.Run("import sys; print(sys.stdin.read() + sys.argv[1] + '%d.%d.%d' % sys.version_info[:3])", []byte("in "), "arg ")
			if want := fmt.Sprintf("in arg %d.%d.%d", p.Major, p.Minor, p.Micro); err != nil || strings.TrimSpace(string(out)) != want {
				t.Errorf("%q, %v; want %q", out, err, want)
			}
			hash := "import sys; sys.stdout.write(str(hash(u'\\xe9')) + sys.stdout.encoding)"
			one, err1 := p.Run(hash, nil)
			if two, err2 := p.Run(hash, nil); err1 != nil || err2 != nil || !bytes.Equal(one, two) || !strings.HasSuffix(string(one), "utf-8") {
				t.Errorf("hashes, encoding: %q, %v; %q, %v", one, err1, two, err2)
			}
			if _, err := p.Run("raise ValueError('no')", nil); err == nil || !strings.Contains(err.Error(), "ValueError: no") {
				t.Errorf("a script that fails: %v", err)
			}
		})
	}
}

func TestChild(t *testing.T) {
	first := Module{"first", "class Thing(object):\n    pass\n"}
	second := Module{"second", `
import os, pickle, sys
from first import Thing
print('this does not get between the frames')

def handle(request):
    if request == b'fail':
        raise KeyError('no')
    if request == b'die':
        sys.stderr.write('dying')
        sys.stderr.flush()
        os._exit(3)
    if request == b'pickle':
        assert type(pickle.loads(pickle.dumps(Thing(), 2))) is Thing
    return request + request
`}
	for _, p := range Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			c := p.Serve(t, first, second)
			big := bytes.Repeat([]byte{0, '\r', '\n', 0xff}, 1<<18)
			for _, request := range [][]byte{nil, []byte("pickle"), big, {0}} {
				reply, err := c.Call(request)
				if want := append(bytes.Clone(request), request...); err != nil || !bytes.Equal(reply, want) {
					t.Fatalf("%d bytes, %v; want %d", len(reply), err, len(want))
				}
				var e *Error
				if _, err := c.Call([]byte("fail")); !errors.As(err, &e) || !strings.Contains(e.Traceback, "raise KeyError('no')") {
					t.Fatalf("an exception: %v", err)
				}
			}
			if _, err := c.Call([]byte("die")); err == nil || !strings.Contains(err.Error(), "dying") || !strings.Contains(err.Error(), "status 3") {
				t.Errorf("the end of the child: %v", err)
			}
			if _, err := p.Start(first, Module{"wrong", "nothing"}); err == nil || !strings.Contains(err.Error(), "NameError") {
				t.Errorf("a module that fails: %v", err)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	all := Find()
	for i, p := range all {
		if p.Path == "" || !p.AtLeast(2, 0) || p.AtLeast(4, 0) || i > 0 && compare(all[i-1], p) > 0 {
			t.Errorf("%d of %v", i, all)
		}
	}
	if newest, ok := Newest(); ok != (len(all) > 0) || ok && newest != all[len(all)-1] {
		t.Errorf("Newest: %v, %v", newest, ok)
	}
	for _, c := range []struct {
		p            Python
		major, minor int
		want         bool
		protocol     int
	}{
		{Python{"", 2, 7, 18}, 2, 7, true, 2},
		{Python{"", 2, 7, 18}, 3, 0, false, 2},
		{Python{"", 3, 3, 0}, 2, 7, true, 3},
		{Python{"", 3, 6, 0}, 3, 6, true, 4},
		{Python{"", 3, 13, 0}, 3, 8, true, 5},
	} {
		if got := c.p.AtLeast(c.major, c.minor); got != c.want || c.p.Protocol() != c.protocol {
			t.Errorf("%v: at least %d.%d: %v, protocol %d", c.p, c.major, c.minor, got, c.p.Protocol())
		}
	}
}

// TestRunner: a newer interpreter is found also where MULTIPROC_PYTHONS names only an old one.
func TestRunner(t *testing.T) {
	if p, ok := Runner(3, 6); !ok || !p.AtLeast(3, 6) {
		if len(search("")) == 0 || os.Getenv(listEnv) == "" {
			t.Skip("there is no Python 3.6 on this machine")
		}
		t.Fatal(p, ok)
	}
	if p, ok := Runner(99, 0); ok {
		t.Error(p)
	}
	if os.Getenv(listEnv) != "" {
		return
	}
	all := Find()
	if len(all) == 0 || all[0].AtLeast(3, 0) {
		t.Skip("there is no Python 2 on this machine")
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunner$")
	cmd.Env = append(os.Environ(), listEnv+"="+all[0].Path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
