// Package manager is the server of Python's multiprocessing managers: Python programs join it with CPython's own SyncManager, unchanged, and share lists, dicts, queues and locks, with one
// another and with Go.
//
//	s, err := manager.NewServer(manager.Config{})
//	l, err := connection.Listen("unix", "/run/user/1000/m.sock", connection.Config{Key: key})
//	err = s.Serve(ctx, l)
//
// In Python, of any version from 2.7 on:
//
//	m = SyncManager(address='/run/user/1000/m.sock', authkey=key)
//	m.connect()
//	m.dict(), m.Queue(), m.Lock() ...
//
// # Clients in Go
//
// Dial makes a client of such a server, or of CPython's, of any version from 2.7 on:
//
//	c, err := manager.Dial(ctx, "unix", "/run/user/1000/m.sock", connection.Config{Key: key})
//	queue, err := c.Create(ctx, "Queue")
//	_, err = queue.Call(ctx, "put", []int{1, 2, 3})
//	numbers, err := manager.As[[]int](queue.Call(ctx, "get"))
//
// # Types of your own, and objects for Go
//
// Server.Register gives clients a Go type, whose methods they call. Server.New makes an object, of any type, for Go code in the server's own process:
//
//	err = s.Register("Maths", func() *Maths { return &Maths{} })
//	queue, err := s.New("Queue")
//	err = s.Register("get_queue", func() *manager.Object { return queue })
//	job, err := manager.As[Job](queue.Call(ctx, "get"))
//
// # Differences from CPython's server
//
// No client depends on these faults of CPython's, and they are not here:
//
//   - An RLock or Condition of a client that is gone is released. Config.Reclaim does the same to Locks and Semaphores.
//   - A call that waits for a client that is gone is given up: it takes no item out of a queue, and uses up no notify.
//   - What nobody refers to any more is freed, also if it was once stored in another object, and if objects contain each other.
//   - Iterators that a client has never claimed are freed when its connection ends.
//   - The name by which an object is known is never given to another one.
//   - The making of one object does not wait for that of another.
//
// What needs Python code to run has an exception for an answer: the functions of a Pool, the action of a Barrier, a key for sort.
//
// # What a client can do
//
// Clients that have the key are trusted with the objects: any of them can call, and end, everything. They are not trusted with the server: Limits bound what they may cost, pickles are read as data and
// never run, and a client that sends garbage gets an exception, or is closed. Another client that is Python, however, runs what comes out of a shared object, so who has the key can run code in all
// Python clients.
//
// What a client has created, and then not claimed by an incref as Python's do at once, stays as long as the server, since the wire has no sign that it was given up: a client that is killed between the
// two requests leaves the object behind, as with CPython's server. Only if the answer to create can't be delivered is the object freed. The references that a killed client had taken are never given
// back, either, for no request says whose they are: so what it had proxies of stays as long as the server, again as with CPython's.
//
// A request, or a message, that is beyond a limit is answered with an exception, mostly a MemoryError, and costs the others nothing: what would take much memory asks for it before. A message beyond
// the Listener's MaxFrame is read and thrown away, up to 64 GiB, behind which the connection goes on; a longer one ends it.
//
// # What can be seen
//
// Server.Stats has the numbers, Server.Objects who holds which lock since when, how long queues are, and who waits for what, and Server.Clients who is connected and what he does. Package monitor
// shows all of that over HTTP. The names are those that clients give themselves; what is stored is never shown, nor logged. The Logger gets at most 20 records of a kind in a second, and how many were
// left out.
//
// # Cost
//
// A connection is one goroutine and about 10 KiB. A request costs about half a microsecond besides its two system calls. There is no lock for the whole server on that way but one for reading, in which the object
// is looked up. A call that waits for longer than 2 ms makes a second goroutine watch whether the client is still there.
package manager
