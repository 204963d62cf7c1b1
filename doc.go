// Package multiproc runs functions of a program in processes of their own, which share memory with it.
//
// A worker process has a heap, a garbage collector, a user, limits and a fate of its own: a C library that crashes or leaks, memory that
// must be bounded or given back, privileges that must be dropped. What it costs is about a millisecond to start. Arguments
// and results are copied; what is to be shared is put into the objects of packages shm and psync, which travel
// in arguments and results as handles of the same memory.
//
// # A complete program
//
//	package main
//
//	import (
//		"context"
//		"fmt"
//		"log"
//
//		"github.com/multiproc-go/multiproc"
//	)
//
//	var Square = multiproc.Register("square", func(ctx context.Context, x int) (int, error) {
//		return x * x, nil
//	})
//
//	func main() {
//		multiproc.Main() // a worker never gets past this line
//
//		ctx := context.Background()
//		p, err := Square.Start(ctx, 7)
//		if err != nil {
//			log.Fatal(err)
//		}
//		y, err := p.Wait(ctx)
//		if err != nil {
//			log.Fatal(err)
//		}
//		fmt.Println(y)
//	}
//
// # What a worker is
//
// Start executes the program once more. The new process initialises its packages as every process does, and when it comes to Main
// it runs the function instead of main's rest. So:
//
//   - Package initialisation runs in every worker. Keep servers, flag parsing and the opening of files in main, after Main.
//   - Variables are not shared. A worker sees what its packages' initialisation gave them, never what the parent put there later.
//   - Functions must be registered before Main, in package variables. A closure brings nothing along.
//   - Tests need Main in TestMain.
//
// InWorker tells package initialisation that it runs in a worker.
//
// # What travels
//
// Arguments and results are values of nearly any type: numbers, strings, structs, slices, maps, pointers, to any depth, types that marshal
// themselves (MarshalBinary, MarshalText or MarshalCBOR, with its counterpart), and shared objects. They arrive equal and with the same
// types: nil and empty slices stay apart, a NaN keeps its bits, a time.Time its nanoseconds and its zone's offset.
//
// What can't arrive whole is an error, not a surprise. By its type, which Start reports for the argument and the result alike (a *TypeError):
// unexported fields (unless tagged cbor:"-", which leaves a field out on purpose), channels, functions, complex numbers,
// interfaces other than any, fields that hide each other. By its value: cycles, values nested more than 1000 deep, and an
// any that holds something else than the basic types, slices of them, []any, map[string]any and map[any]any.
//
// Two pointers to one variable arrive as pointers to two. There is no limit on size but memory. A worker's memory is new, though, and
// an argument is copied several times: 64 MiB take about half a second, and belong in a shared array.
//
// # How a worker ends
//
// The error of Wait says what happened: a *RemoteError is the function's own error, a *PanicError has the panic and its stack,
// an *ExitError the exit code or the signal's name and the last lines of standard error.
//
// The context of Start is the worker's life. When it ends, the function's context is cancelled, and after a grace the process is killed.
// A daemon worker, the default, is killed as soon as its parent dies, even by kill -9 (one that is stopped, by SIGSTOP, when it goes on); nothing is left of it, not even a zombie, for
// its parent reaps every worker whether it waits for it or not. A worker that ends stops its own daemon workers first, in order. In the root
// process that is the program's task: when main returns, its daemon workers are killed.
//
// Ctrl-C in a terminal reaches every process of the program's group. Workers take no notice of it: the program handles it
// (signal.NotifyContext, say), and ends the context that it gave to Start.
//
// # Caveats
//
//   - Linux only, so far; on other systems Start's error wraps errors.ErrUnsupported, and everything compiles.
//   - A worker's own SIGTERM, SIGQUIT and the like are as in any Go program. SIGINT can be handled by signal.Notify, but not restored by signal.Reset.
//   - The worker has the parent's environment but none of its command line: os.Args has two elements.
//   - A parent that calls wait4(-1), as some PID 1 reapers do, steals exit codes; results still arrive.
//   - A worker that is stopped (SIGSTOP) counts as alive.
package multiproc
