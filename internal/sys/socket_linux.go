package sys

import "golang.org/x/sys/unix"

// QuickAck acknowledges at once what a TCP socket has received, which the kernel would otherwise put off for up to 40 ms in the hope of data to send along. It holds for what
// has come, and a little longer: it has to be said again after each message that matters.
func QuickAck(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) }

// SocketReadable reports whether a read from the socket would return at once; known is false where that can't be told.
func SocketReadable(fd int) (ready, known bool) { return Readable(fd), true }

// SocketMode sets the permissions that the file of a unix socket will have, before it is bound. So there is no moment at which it has others.
func SocketMode(fd int, mode uint32) error { return unix.Fchmod(fd, mode) }
