package connection

import "github.com/multiproc-go/multiproc/internal/sys"

// HungUp reports, without waiting, whether the other end was closed or has died, or sends no more. Unlike Recv, which comes to that only behind all messages, it does not look at what has come: those who
// don't want to receive now, but want to know whether there is still somebody, can ask it. It costs a system call. On other systems than Linux, and for a net.Conn that is no socket, it is
// always false.
func (c *Conn) HungUp() (gone bool) {
	c.raw(func(fd uintptr) { gone = sys.SocketHungUp(int(fd)) })
	return gone
}
