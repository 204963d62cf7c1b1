// Package queue passes items between goroutines and processes, through shared memory.
//
// A [Queue] is bounded, and first in, first out; any number of goroutines and processes may put and get. A handle to it is an argument of a worker, or part of an item of another
// queue, and is the same queue wherever it arrives:
//
//	q, err := queue.New[Job](1000) // at most 1,000 items
//	...
//	p, err := Work.Start(ctx, q) // in the worker: for job, err := range q.All(ctx) { ... }
//	...
//	err = q.Put(ctx, job) // waits while it is full
//	...
//	err = q.Close() // for everybody: what is in it can still be got, then All ends
//
// Put copies the item into shared memory and returns when it is there. There is no hidden goroutine, and no buffer in the process: what was put stays when the process ends, or is
// killed, right afterwards. A [JoinableQueue] also knows which tasks are not yet done, and by whom: see TaskDone and Join. For what the two ends of a connection say to each other there are
// pipes, see [Conn]. [Wait] waits for several of these, and for processes, at once.
//
// # Items
//
// T is copied as it is in memory, without a codec and without an allocation, when it has no pointers: booleans, numbers, and arrays and structs of them, also with unexported fields. So
// are strings, and slices of such elements. Everything else travels in CBOR, by package multiproc's rules for arguments: pointers, maps, structs with
// strings, any with a basic type in it, types with MarshalCBOR, MarshalBinary or MarshalText; it arrives equal and with nil and empty kept apart. A T that can't arrive
// whole (a channel, a function, an interface with methods, an unexported field in need of a codec) is refused by New, with a [*TypeError] that names the part.
//
// Handles of shared objects (psync.Lock, shm.Array, other queues) may be anywhere inside an item. The objects live as long as the item is in the queue, even if
// whoever has put it has closed its handles or has died. What Get returns has handles of its own.
//
// # When a process is killed
//
// Both types:
//
//	a process is killed             the others see
//	in Put, before it returns       nothing, or the whole item, once
//	after Put                       the item, and the objects it refers to
//	in Get, before it returns       the item, if it has not left the queue; else it is gone with the process
//	after Get                       nothing: the item was the process's own (see JoinableQueue)
//	while it copies an item         who puts (or gets) waits until the death is known: about 0.5 ms for a process with little memory, plus
//	                                65 ms for each GiB of its own
//	asleep in Put or Get, or woken  nothing: the next one is woken, after at most 250 ms when the kernel had nobody else to wake
//	in Close                        the queue open, or closed
//	with the last handle            the queue is freed, with its items and what only they refer to
//
// A process that is stopped (SIGSTOP) while it copies an item is alive, and those on its side wait for it until their context ends.
//
// A JoinableQueue, besides:
//
//	a process is killed             Join sees
//	in Get                          the task in the queue, or one more that is lost with the process
//	with tasks taken and not done   a *LostTasksError with their exact number, once all others are done
//	in TaskDone                     the task done, or lost
//	after its last TaskDone         nothing
//	the last consumer, with tasks   ErrNoConsumer, unless another process has a handle and has neither put nor taken yet
//	left in the queue
//	in Put, Join or ForgetLost      nothing
//
// # Pipes
//
// A pipe has two ends, each a [Conn]: [NewPipe] makes one whose ends both send and receive, [NewOneWay] one from a sending end to a receiving one.
//
//	here, there, err := queue.NewPipe[Message]()
//	...
//	p, err := Work.Start(ctx, there)
//	...
//	err = there.Close() // the worker has a handle of its own: from now on its end goes with it
//	err = here.Send(ctx, m)
//	answer, err := here.Recv(ctx) // io.EOF when the worker has closed its end, or has died, and nothing is left
//
// An end is there as long as some process has a handle to it, or a message, an item of a queue or of another pipe has one, which somebody may yet receive. When that is over,
// Recv at the other end returns what had been sent, and then io.EOF, and Send returns ErrNoPeer; who waits is woken. What was sent to the end that is gone is thrown away, with the ends and queues in it.
//
//	a process is killed                     the other end sees
//	as the last holder of an end            all that it had sent, then io.EOF and ErrNoPeer: within about 0.5 ms for a process with little
//	                                        memory, plus 65 ms for each GiB of its own
//	as one of several holders               nothing; what it had not received is received by the others
//	in Send, before it returns              nothing of that item, or all of it
//	in Recv, before it returns              nothing; its end's other holders find the item there, or it is gone with the process
//	in Poll, Wait, or asleep                nothing; the next one is woken, after at most 250 ms when the kernel had nobody else to wake
//	in Close                                the end gone, like all that it held
//	after it has sent an end of another     nothing: that end is on its way, and is received
//	pipe
//	before it has received an end of        that end gone too, when nobody else could receive it
//	another pipe
//	stopped (SIGSTOP)                       nothing: it is alive, and so is its end
//
// # Caveats
//
//   - Close is for everybody, in all processes, and is said once, by whoever knows that the last item was put. Detach gives up one handle; the collector does it to those
//     that are forgotten. A queue that nobody closes keeps those who Get waiting: give them a context that ends, for example that of the process that puts.
//   - Workers that put tasks into the queue that they take from can all come to wait for room, which only they could make. Give it room for all, or use TryPut and do the task at hand.
//   - A queue that is an item of itself, or of a queue that is an item of it, is freed only when the family ends: each is a reason for the other to live.
//   - So is an end of a pipe that was sent through its own pipe and not received: it waits for itself.
//   - Who starts a worker with an end has to close his own handle to it, or he holds it too, and never sees it go. A handle that is forgotten is closed by the collector, some time.
//   - Get of a type in CBOR takes the item before it is decoded. When it can't be decoded (a handle in it is of an object that is gone) Get returns the error, and the item is gone.
//   - A context that has ended already is an error, also when nothing would have to be waited for (only Wait looks first). To drain a queue after a cancellation, use the Try forms.
//   - A producer that waits with a large item may be overtaken by smaller ones for which there is room; one that waits behind it in another process may get its turn up to 250 ms late.
//   - Two types of the same structure are the same T: a Queue[time.Duration] may be attached as a Queue[int64]. Types in CBOR are told apart by their package and name alone.
//   - Fairness: who waits inside a process gets his turn in order of arrival, and processes are woken one after the other, but a newcomer who finds an item (or room) takes it.
//   - An item that is larger than half of the queue's memory (see WithMemory) is put into memory of its own, which takes some microseconds and can fail with ErrNoMemory.
//   - A peer that scribbles into the queue's memory can lose and forge items; what can't be is ErrCorrupt.
package queue
