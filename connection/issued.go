package connection

import "sync"

// The answer to a challenge does not depend on who asks and who answers, so a peer without the key could let one connection of this process answer what another one asks: it sends the
// challenge it got from our listener to a client of ours that has dialed it, or has us dial it twice. Hence this process answers no challenge of its own, other than on
// the connection that it was sent on, when both ends are in this process.
//
// This does not help against a peer that passes challenges on between two processes. Nothing can in this protocol; see the package's documentation.
var issued = struct {
	sync.Mutex
	m map[string]route
}{m: map[string]route{}}

// route is from where to where a challenge was sent.
type route struct{ from, to string }

func (c *Conn) route() route {
	r := route{}
	if a := c.LocalAddr(); a != nil {
		r.from = a.String()
	}
	if a := c.RemoteAddr(); a != nil {
		r.to = a.String()
	}
	return r
}

// remember keeps a challenge until forget is called, when the handshake is over: after that nobody waits for its answer.
func (c *Conn) remember(challenge []byte) (forget func()) {
	key := string(challenge)
	issued.Lock()
	defer issued.Unlock()
	issued.m[key] = c.route()
	return func() {
		issued.Lock()
		defer issued.Unlock()
		delete(issued.m, key)
	}
}

// reflected reports whether a challenge that has come on c was sent elsewhere.
func (c *Conn) reflected(challenge []byte) bool {
	issued.Lock()
	r, ours := issued.m[string(challenge)]
	issued.Unlock()
	return ours && c.route() != route{r.to, r.from}
}
