package manager

import (
	"net"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/internal/object"
	"github.com/multiproc-go/multiproc/py"
)

// autoProxy is the function by which Python makes proxy classes for types that have none of their own.
var autoProxy = py.Global{Module: managersModule, Name: "AutoProxy"}

// iteratorProxy is the class of proxies for objects that methods return, and that nobody can create.
var iteratorProxy = py.Global{Module: managersModule, Name: "IteratorProxy"}

// proxyClasses are the classes of proxies of SyncManager's types.
var proxyClasses = func() map[string]py.Global {
	m := map[string]py.Global{"Iterator": iteratorProxy, "Pool": {Module: managersModule, Name: "PoolProxy"}}
	for _, t := range syncManager {
		m[t.Name] = t.Proxy
	}
	return m
}()

// serversAddress is an address in the form in which Python 3's servers have their own, with which they compare it: abstract names are bytes.
func serversAddress(s string) py.Value {
	if strings.HasPrefix(s, "\x00") {
		return py.Bytes(s)
	}
	return s
}

// newProxy is a Proxy of an object about which a server has told this much.
func (c *Client) newProxy(typeid, ident string, exposed py.Value) *Proxy {
	p := &Proxy{client: c, typeid: typeid, ident: ident, exposed: stringsOf(exposed), address: addressValue(c.link.remote, serversAddress)}
	if class, ok := proxyClasses[typeid]; ok {
		p.class = class
	} else {
		p.class = autoProxy
	}
	return p
}

func identity(s string) py.Value { return s }

// token is what identifies the object.
func (p *Proxy) token() *py.Object {
	t := token{typeid: p.typeid, address: p.address}
	return t.value(p.ident)
}

// MarshalPickle is the Proxy as Python's proxies write themselves. CPython's server recognises its own objects only by the address that it has for itself; that is the one by which the kernel
// knows the other end of a connection to it, unless it listens on all interfaces.
func (p *Proxy) MarshalPickle() (py.Value, error) {
	if p.closed.Load() {
		return nil, ErrClosed
	}
	kwargs := p.kwargs
	if kwargs == nil {
		d := py.NewDict()
		if p.class == autoProxy {
			names := make(py.Tuple, len(p.exposed))
			for i, name := range p.exposed {
				names[i] = name
			}
			d.SetStr("exposed", names)
		}
		kwargs = d
	}
	return rebuild(p.class, p.token(), kwargs), nil
}

// construct makes a Proxy of a proxy that is in a result, if it is one of this server's. Others stay what they are.
func (c *Client) construct(args py.Tuple, kwargs *py.Dict) (py.Value, error) {
	t, ok := rebuilt(args)
	if !ok || !c.isServer(t.address) {
		return &py.Object{Form: py.Called, Class: rebuildProxy, Args: args, Kwargs: kwargs}, nil
	}
	typeid, _ := py.Text(t.typeid)
	p := &Proxy{client: c, typeid: typeid, ident: t.ident, class: args[0], address: t.address, kwargs: args[3]}
	if d, ok := args[3].(*py.Dict); ok {
		if names, ok := d.GetStr("exposed"); ok {
			p.exposed = stringsOf(names)
		}
	}
	if t := typeOf(typeid); p.exposed == nil && t != nil {
		p.exposed = t.Exposed
	}
	c.come = append(c.come, p)
	return p, nil
}

// typeOf is one of SyncManager's types.
func typeOf(typeid string) *object.Type {
	for _, t := range syncManager {
		if t.Name == typeid {
			return t
		}
	}
	return nil
}

// isServer tells whether an address is that of the Client's own server: the kernel's, the one that was dialed, or that of a server that listens on all interfaces.
func (c *Client) isServer(v py.Value) bool {
	if sameAddress(c.link.remote, v) {
		return true
	}
	t, ok := v.(py.Tuple)
	if !ok {
		path, ok := py.Text(v)
		return ok && path == c.link.address
	}
	remote, isTCP := c.link.remote.(*net.TCPAddr)
	if !isTCP || len(t) != 2 || t[1] != int64(remote.Port) {
		return false
	}
	host, ok := py.Text(t[0])
	if !ok {
		return false
	}
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified() || net.JoinHostPort(host, strconv.Itoa(remote.Port)) == c.link.address
}

// stringsOf are the names in a tuple or list of them.
func stringsOf(v py.Value) []string {
	items, err := py.Elements(v)
	if v == nil || err != nil {
		return nil
	}
	var names []string
	for _, item := range items {
		if name, ok := py.Text(item); ok {
			names = append(names, name)
		}
	}
	return names
}
