// Package connection speaks what Python's multiprocessing.connection speaks: a Go program can be the other end of its Client, its Listener and its Connection objects, for Python 2.7 and
// 3.6 to 3.13. It uses no shared memory and runs on every platform that Go has.
//
//	Go                                      Python
//	connection.Listen("", "host:port", c)   Listener(('host', port), authkey=key)
//	l.Accept(ctx)                           l.accept()
//	connection.Dial(ctx, "", "/path", c)    Client('/path', authkey=key)
//	c.Send(ctx, v), c.Recv(ctx)             c.send(v), c.recv()
//	c.SendBytes(ctx, b[i:i+n])              c.send_bytes(b, i, n)
//	c.RecvBytes(ctx)                        c.recv_bytes()
//	c.RecvBytesInto(ctx, b[i:])             c.recv_bytes_into(b, i)
//	c.Poll(timeout)                         c.poll(timeout)
//	l.LastAccepted(), l.Addr()              l.last_accepted, l.address
//
// Objects travel as pickles: see package pickle for what becomes of them. Nothing that comes in is ever executed, as unpickling does in Python; a Python at the other end, however, executes
// whatever a Go program sends it.
//
// # Addresses
//
// There are unix sockets (by their path), Linux's abstract sockets ("@name" here, b'\0name' in Python 3.8 and newer), and TCP over IPv4 and IPv6 (Python connects by IPv4 only). Named
// pipes of Windows are not supported yet; addresses of that kind get an error that wraps errors.ErrUnsupported.
//
// # When the other end dies
//
// The kernel closes the sockets of a process that dies, in whatever way.
//
//	the other end                       Recv, RecvBytes                   Send, SendBytes
//	was closed, or died, between two    all that was sent, then io.EOF,   some may still succeed, since the
//	messages                            or ECONNRESET (see below)         kernel takes them; then EPIPE or ECONNRESET
//	died inside a message               ErrBroken, io.ErrUnexpectedEOF    the same
//	is stopped (SIGSTOP), or silent     wait until the context or the     wait when the kernel's buffer is full
//	                                    deadline ends
//	had its machine or network die      wait; over TCP keep-alive         the same, or an error of TCP after
//	                                    probes find out after minutes     its last attempt
//
// When the other end is closed before it has received all that was sent to it, the kernel may tell that with ECONNRESET, and over TCP throw away what it had sent itself.
//
// A Conn that has sent a part of a message when its context ends can't take it back: it is closed, so that the other end does not wait for the rest for ever. A receiver whose
// context ends loses nothing.
//
// # Authentication
//
// With a key in the Config both ends prove to each other that they know it, by HMACs over random challenges. Python 3.12 and newer, and Go, use SHA-256 for that; 3.11 and older
// know only MD5. Config.MD5 decides who may use it: by default peers on the same machine. HMAC-MD5 is not broken, but MD5 is no longer welcome in many places, and a peer who can choose it can also
// search for a weak key more cheaply. When a client is refused for that reason the Listener's log says so, with the peer and the setting.
//
// A handshake has 10 seconds (HandshakeTimeout), its messages are limited to 256 bytes, and a Listener has a limited number of clients that are not authenticated (MaxHandshakes). Before
// a client is authenticated it learns nothing but that this is a server with this protocol.
//
// What the handshake does not do:
//
//   - It does not encrypt, and does not protect what follows: who can change packets on the way can read, change and insert messages after it.
//   - A peer in the middle can pass the challenges of one end on to the other, and so be authenticated to both. Within one process this is noticed and refused (ErrReflected). As
//     the answer to a challenge does not depend on who asks, a client should not dial addresses that an enemy can listen on, with a key that is also another server's. A process that connects to its
//     own Listener through something that changes the addresses on the way (a proxy, NAT) is refused for that reason too.
//   - The key is as good as it is hard to guess: who has seen one handshake can try keys. Use 32 random bytes.
//
// So use unix sockets, or TCP on the loopback address; between machines a tunnel (ssh, WireGuard), or between two Go programs TLS: NewListener takes the listener of package crypto/tls, and
// NewConn a *tls.Conn.
//
// FIPS 140-only mode of Go has neither MD5 nor keys below 14 bytes; both are then refused with an error that says so.
//
// # Cost
//
// A message costs one system call for each end if it has up to 4 KiB, and no allocation with SendBytes and RecvBytesInto. A large one is not copied by SendBytes, and is read into memory
// that is allocated in one piece once a sixty-fourth of it has come; a length alone costs 1 MiB at most. A Conn that receives has a buffer of 4 KiB, and keeps up to 64 KiB for what it sends.
//
// A new authenticated connection of a Python client over TCP costs well below 1 ms on one machine. With a Python server it takes 44 ms: the kernel of the server waits with an acknowledgement for
// which the kernel of the client waits. A Listener here tells its kernel not to, on Linux.
//
// # Caveats
//
//   - Both ends have to agree on having a key. With a key at one end only, it waits for the other until HandshakeTimeout (in Python: for ever), or takes the other's first message for garbage.
//   - multiprocessing.connection.wait, which waits for one of several, has no counterpart: start a goroutine for each Conn. Package queue's Wait does not take them.
//   - An empty key is refused here, though not in Python.
//   - Recv returns io.EOF also for an empty message, as Python's recv raises EOFError. What comes after it can be received.
//   - A Conn is not told what a message is: Recv of what SendBytes has sent is an error of package pickle, or a wrong object.
//   - Messages beyond MaxFrame, 1 GiB by default, break the connection, unless Conn.Tolerate says otherwise. Python before 3.8 can neither send nor receive messages of 2 GiB.
//   - A killed process leaves the file of its unix socket behind; Listen does not remove it, see ErrStaleSocket.
//   - Python's Listener has room for one waiting client by default, on a unix socket. Dial waits for a place like Python's Client.
//
// The format of frames and the handshake are those of CPython's Lib/multiprocessing/connection.py, whose comments describe the handshake; frame.go, digest.go and handshake.go have them as tables.
package connection
