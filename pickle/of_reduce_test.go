package pickle

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/multiproc-go/multiproc/py"
)

var ipv4 = py.Global{Module: "ipaddress", Name: "IPv4Address"}

// addresses makes Python's IPv4Address and netip.Addr each other's counterparts.
func addresses() *Registry {
	r := NewRegistry()
	RegisterReducer(r, func(a netip.Addr) (py.Value, error) {
		if !a.Is4() {
			return nil, errors.New("not IPv4")
		}
		b := a.As4()
		return &py.Object{Class: ipv4, Args: py.Tuple{int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])}}, nil
	})
	r.Construct(ipv4, func(args py.Tuple, _ *py.Dict) (py.Value, error) {
		if len(args) != 1 {
			return nil, errors.New("want one argument")
		}
		n, err := As[uint32](args[0])
		return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), err
	})
	return r
}

func TestReducer(t *testing.T) {
	c := Config{Registry: addresses()}
	a := netip.MustParseAddr("1.2.3.4")
	type host struct {
		Addr  netip.Addr
		Alt   *netip.Addr
		Again *netip.Addr
		Any   any
		List  []netip.Addr
		Map   map[netip.Addr]string
	}
	in := host{a, &a, &a, a, []netip.Addr{a}, map[netip.Addr]string{a: "x"}}
	v, err := c.Of(in)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reprOf(t, v), "{'Addr': ipaddress.IPv4Address(16909060), 'Alt': ipaddress.IPv4Address(16909060), 'Again': ipaddress.IPv4Address(16909060), "+
		"'Any': ipaddress.IPv4Address(16909060), 'List': [ipaddress.IPv4Address(16909060)], 'Map': {ipaddress.IPv4Address(16909060): 'x'}}"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	d := v.(*py.Dict)
	if x, _ := d.GetStr("Alt"); x != func() py.Value { y, _ := d.GetStr("Again"); return y }() {
		t.Error("one pointer became two objects")
	}
	in.Map = nil // what a constructor returns can't be a key of a py.Dict
	data, err := c.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out host
	if err := c.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if out.Addr != a || *out.Alt != a || out.Any != any(a) || out.List[0] != a {
		t.Errorf("%+v came back as %+v", in, out)
	}
	// Without the registry it is what its own method says.
	if got := reprOf(t, mustOf(t, a)); got != "'1.2.3.4'" {
		t.Error(got)
	}
	_, err = c.Of([]any{netip.MustParseAddr("::1")})
	if want := "pickle: can't write value[0]: netip.Addr: not IPv4"; err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
}

func TestReducerOfStruct(t *testing.T) {
	r := NewRegistry()
	RegisterReducer(r, func(p point) (py.Value, error) { return py.Tuple{p.X, p.Y}, nil })
	RegisterReducer(r, func(n *treeNode) (py.Value, error) { return []string{n.Name}, nil })
	v, err := Config{Registry: r}.Of([]any{point{X: 1}, &point{Y: 2}, &treeNode{Name: "a"}, treeNode{Name: "b"}, (*treeNode)(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := reprOf(t, v), "[(1, 0), (0, 2), ['a'], {'Name': 'b', 'Next': None, 'Children': [], 'Index': {}}, None]"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	RegisterReducer(r, func(p point) (py.Value, error) { return p, nil })
	if v, err := (Config{Registry: r}).Of(point{}); err == nil {
		t.Errorf("a reducer that reduces to itself gives %v", v)
	}
	defer func() {
		if recover() == nil {
			t.Error("a reducer of []int is no panic")
		}
	}()
	RegisterReducer(r, func([]int) (py.Value, error) { return nil, nil })
}
