// Package control is the protocol between a process and the workers that it starts: frames on a stream socket which the
// worker inherits as descriptor 3.
//
//	parent                         worker
//	  |  <------------- Hello        |   Main was reached; limits may be set now
//	  |  Start ------------------->  |   what to run: name, types, argument
//	  |  <--------- Running | Refused|   the function is about to be called, or why it can't be
//	  |  Cancel ------------------>  |   any number of times: end the function's context
//	  |  <---------- Result | Failure|   the last frame
//
// The socket is a lifeline too: its end of file tells a worker that its parent has died, and the parent that the
// worker has died, or closed it.
//
// # Frame
//
//	offset  bytes  what
//	0       1      'M'
//	1       1      version, 1
//	2       1      type
//	3       1      0
//	4       4      n, length of the message, little-endian, at most MaxMessage
//	8       8      m, length of the payload, little-endian, at most MaxPayload
//	16      n      message: a CBOR map, see the Go type of the frame (start.go for Start)
//	16+n    m      payload: an encoded argument or result (package envelope)
//
// The reader allocates as bytes arrive, not as a header promises, and refuses anything out of order.
package control
