// Package monitor shows what a manager.Server does, over HTTP: for a machine that asks whether it is well, for Prometheus, and for people who look for the lock that nobody releases.
//
//	l, err := net.Listen("tcp", "127.0.0.1:9090")
//	go http.Serve(l, monitor.Handler(server))
//
// There are
//
//	/healthz         "ok" with status 200; 503 and the reason while the server accepts no clients
//	/metrics         for Prometheus: those of Collector, of Go and of the process
//	/debug/objects   the shared objects as JSON: how many items, who holds them since when, who waits for what
//	/debug/clients   the connections as JSON: who, since when, what they do and wait for
//	/debug/pprof/    profiles, for go tool pprof
//	/                this list
//
// /debug/objects takes ?ident=, ?typeid=, ?held=1, ?waiting=1 and ?limit=; /debug/clients takes ?name=, ?waiting=1 and ?limit=. What is left out because of the limit, 1000 unless told otherwise, is told
// under "truncated".
//
// # Who holds a lock
//
// A Lock that is held for long, and by whom:
//
//	$ curl -s 'http://127.0.0.1:9090/debug/objects?held=1'
//	...
//	    "ident": "5f0e1c2b9a771",
//	    "typeid": "Lock",
//	    "holders": [{"connection": 7, "client": "Process-3", "gone": true, "seconds": 431.2 ...
//	    "waiters": [{"connection": 9, "client": "Process-4", "what": "Lock.acquire", "seconds": 12.7 ...
//
// "gone" means that the holder's connection has ended: it was killed, most likely, and nobody will release the lock unless manager.Config.Reclaim is set.
//
// # Security
//
// There is no authentication: who reaches the address sees everything here, and can make the process take profiles. Listen on a loopback address, or put something in front of it that asks who it is. Stored
// values, arguments and keys are nowhere in it, but the names are that clients give themselves, their addresses, and the idents and kinds of objects. Nothing can be changed.
//
// Names of clients can be any characters. JSON has them escaped; metrics don't have them, nor anything else that a client can choose, so a client can't make Prometheus store more series.
//
// # Cost
//
// Requests of the manager's clients are not slower while nobody looks, and hardly while somebody does. /metrics and /debug/objects go through all objects, which takes about half a microsecond each: half a
// second of one CPU for a million. As they do that in small steps, clients don't wait for it. At most four requests of this kind are answered at once; further ones get a 503. Who has not
// read such an answer within a minute is cut off.
package monitor
