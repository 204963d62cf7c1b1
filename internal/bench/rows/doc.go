// Package rows holds what "multiproc bench" measures, a file for each
// subject. To add a subject, write its file with a function that returns its
// rows and name it in [All].
//
// Each row does the same work on both sides: the same number of operations,
// the same loop around them, data that is as warm. Where one side could be
// put in a better light by a choice, the choice is the other side's best.
package rows
