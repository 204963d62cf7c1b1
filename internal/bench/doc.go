// Package bench is the harness of "multiproc bench": it does the same work in
// several ways (this library, a goroutine's own means, CPython's
// multiprocessing) in one run and says how they compare.
//
// # How a comparison is made
//
// A [Row] is one piece of work, a [Case] is one way to do it. The runner asks
// the cases for a round in turn, A, B, C, A, B, C, and so on, so that whatever
// else the machine does meanwhile meets all of them alike. A ratio is taken
// within each round and the median of these ratios is the result: ratios hold
// where absolute figures move by a third from run to run. The spread beside it
// is the 10th to the 90th percentile of the rounds' ratios.
//
// One round of every case goes first and isn't counted: it faults pages in,
// warms caches and lets a Python specialize its bytecode.
//
// # Work done by other processes
//
// A case that runs in another program (a Python script, a small Go binary) is
// one process for the whole row, a [Helper], that is asked for its rounds over
// stdin and answers on stdout, one JSON object a line. Its start-up is
// therefore never counted, and its rounds interleave exactly with the others.
//
// The package knows nothing of what is measured. The rows are in the package
// rows below this one, a file for each subject.
package bench
