// Package siege proves that a manager survives its clients: that those that are killed, stopped, cut off, slow, greedy or hostile cost the others nothing, and leave nothing behind. It has tests only:
//
//	go test ./internal/siege -v -siege.duration=2m -siege.soak=10m -timeout 30m
//
// # Killed clients
//
// The clients are processes of every Python that is found, forked from one interpreter of each (testdata/zygote.py), and are killed by SIGKILL, some after a SIGSTOP. What they are about is known from the
// server's own view (Objects, Clients), never from time that has passed. What is shown:
//
//   - Whoever is killed while it waits in a call is as if it had never called: the item, the permit, the lock or the notification goes to the next one.
//   - The server answers when the kernel has taken the answer. What it has answered is the client's: a killed client can take with it at most the one item that was in such an answer, which it had not read yet.
//   - RLocks and Conditions that a killed client owned are the next one's; Locks and Semaphores as well with Config.Reclaim, and without it they stay held until somebody else releases them, as with Python's server.
//   - A request of which only a part has come is none. What a killed client has not claimed (iterators) is freed. Its references to objects are never given back, as with Python's server.
//
// # Hostile clients
//
// Each attack is made while an honest client works, all of whose results are compared; afterwards connections, goroutines, descriptors, objects and heap must be what they were.
//
// # Linearizability
//
// What clients in Go and in Python see of list, dict, Queue, Value, Lock and RLock, with connections cut and processes killed in the midst of calls, is given to github.com/anishathalye/porcupine. A call whose
// result nobody has seen may have been made or not; see history_test.go.
package siege
