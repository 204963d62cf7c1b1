// Package pyliteral reads Python's literals, for arguments on a command line: what ast.literal_eval takes. Nothing is run.
//
//	None True False ...     themselves
//	1  -0x1f  1_000  0b11   int
//	1.5  -1e300  .5  2j     float, complex (and sums such as 1+2j)
//	'a'  "b\n"  r'\d'       str; b'..' bytes; adjacent ones are joined, as are those in ''' and """
//	[1, 2]  (1,)  1, 2      list, tuple
//	{'a': 1}  {1, 2}        dict, set; set() is the empty one
//
// Texts with names of characters ('\N{BULLET}') are not taken, nor are f-strings. Brackets can be nested 200 deep, and a decimal int has 4,300 digits at most, as in Python.
package pyliteral
