// Package pickletext prints pickles for people: "multiproc pickle". Nothing that a pickle names is looked up or run.
//
// [WriteTree] prints the value in a syntax close to Python's; [WriteOpcodes] prints the operations that make it, and works for a broken pickle up to the place where it
// breaks. Both go through all pickles of a file, one after the other.
//
// # The syntax of a tree
//
// Numbers, texts, lists, dicts and whatever else package py knows stand as Python writes them. Beyond that:
//
//	os.system               a class or function, by its name
//	a.B(1)                  what the call of a.B would return
//	new a.B(1, x=2)         a new instance: what a.B.__new__ would return
//	instance a.B(1)         the same of one of Python 2's classes
//	extension(7)            an object of copyreg's extension registry
//	persistent('id')        a reference to something outside of the pickle
//
// What is then done with an object follows it in braces:
//
//	.name = 1               an attribute of its state
//	state = (1, 2)          its whole state, where that is not a dict of attributes
//	append 1, extend [1, 2] items of a list
//	add 1, update [1, 2]    items of a set
//	['key'] = 1             an item of a dict
//
// &1 marks a value that is referred to several times, and *1 is another reference to it, also inside of itself. What is too long is cut, and its size or what is
// missing stands in parentheses.
package pickletext
