package connection

import "net"

// md5Allowed decides about MD5 for a peer.
func (c *Conn) md5Allowed() bool {
	switch c.config.MD5 {
	case MD5Always:
		return true
	case MD5Local:
		return isLocal(c.LocalAddr(), c.RemoteAddr())
	default:
		return false
	}
}

// isLocal reports whether a peer is on this machine, as far as its address tells. Nobody else can have a TCP connection from this machine's own address: the answers to his packets would come here.
func isLocal(local, remote net.Addr) bool {
	switch remote := remote.(type) {
	case *net.UnixAddr:
		return true
	case *net.TCPAddr:
		if remote.IP.IsLoopback() {
			return true
		}
		local, ok := local.(*net.TCPAddr)
		return ok && len(remote.IP) > 0 && remote.IP.Equal(local.IP) // two that are not known are not the same
	default:
		return false
	}
}
