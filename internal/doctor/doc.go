// Package doctor says what a machine offers to processes that share memory,
// what each lack means, and what to do about it: "multiproc doctor".
//
// It works in two steps. [Look] collects facts: system calls are really made,
// with the arguments the library uses, because a seccomp profile refuses what
// the kernel's version promises; the rest is read from /proc and /sys.
// [Facts.Diagnose] then turns facts into advice and touches nothing, so that
// every advice has a test that doesn't need the machine it is meant for.
package doctor
