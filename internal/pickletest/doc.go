// Package pickletest compares package pickle, and the equality, order and texts of package py, with CPython: every version that is found, both ways. It has tests only:
//
//	go test ./internal/pickletest -v -pickle.duration=10m -timeout 2h
//
// # What is compared
//
// TestGraphs: a Python makes a random graph of objects from a seed (classes.py, boxes.py, generate.py) and pickles it with every protocol and every pickler it has. Go reads the pickle and
// writes it again with protocols 2 to 5. Python loads what Go wrote, and what it wrote itself, and walks the two side by side (compare.py): types, values bit for bit, order, and what is
// shared with what. selftest.py holds that comparison to finding each of many small changes. Between versions of Python 3 the same is done with graphs of what both know.
//
// TestValues: Go makes random values and writes them, and each Python describes what it has loaded, in words that Go compares with its own description.
//
// TestOperators: for random pairs of values, Python's ==, <, hash, bool, repr and str against package py's.
//
// TestCorpus: the pickles that are literals in test/pickletester.py of each Python, and those that its tests load when they run, are read and compared, or refused for the reason that a
// table gives.
//
// TestHostile, and the fuzz targets: damaged pickles and random bytes neither panic nor cost more memory than the limits say.
//
// Each of the first three and TestHostile goes on for -pickle.duration; -pickle.seed repeats a run. The Python scripts run in 2.7 as well as in 3.
package pickletest
