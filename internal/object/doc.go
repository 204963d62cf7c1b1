// Package object has the objects that the clients of a manager share: Python's list, dict, Namespace, Value, Array, queues and locks, with Python's results, exceptions and texts. It knows
// their methods, who owns what and who waits for what, and nothing of connections: package manager calls them, on behalf of a Caller.
//
// # Rules
//
//  1. A stored value is what came in, and is never changed in place: methods change the container that they belong to, and nothing inside of it. So a result may share what is inside, and
//     is encoded after the object's lock has been released. What returns a whole container makes a shallow copy under the lock.
//  2. No lock of an object is held while another object's is taken, while something is encoded, or while anybody waits.
//  3. A call that waits and whose Caller goes has no effect: no item taken, no notify swallowed, no lock held.
//  4. Objects in objects are Refs. Go's garbage collector frees what no client, no Ref that can be reached, and no reply on its way refers to.
package object
