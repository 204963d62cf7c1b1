package sys

import "golang.org/x/sys/unix"

// QuickAck acknowledges at once what a TCP socket has received, which the kernel would otherwise put off for up to 40 ms in the hope of data to send along. It holds for what
// has come, and a little longer: it has to be said again after each message that matters.
func QuickAck(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) }

// SocketReadable reports whether a read from the socket would return at once; known is false where that can't be told.
func SocketReadable(fd int) (ready, known bool) { return Readable(fd), true }

// SocketHungUp reports whether the other end of a socket is closed, or has said that it sends no more. What it had sent before may still be there to be read.
func SocketHungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
}

// SocketMode sets the permissions that the file of a unix socket will have, before it is bound. So there is no moment at which it has others.
func SocketMode(fd int, mode uint32) error { return unix.Fchmod(fd, mode) }
