// Package pickle reads and writes Python's pickles, as data: nothing that a pickle names is imported or called. It reads protocols 0 to 5, of Python 2 and 3, and writes 2 to 5. It uses no
// shared memory, needs no Python, and runs on every platform that Go has.
//
//	Go                                Python
//	pickle.Marshal(v)                 pickle.dumps(v)
//	pickle.Unmarshal(data, &v)        v = pickle.loads(data), into a variable with a type
//	pickle.Decode(data)               pickle.loads(data): values of package py
//	pickle.NewEncoder(w).Encode(v)    pickle.dump(v, f)
//	pickle.NewDecoder(r).Decode(&v)   v = pickle.load(f)
//
// A [Config] has the protocol to write, the limits, and the classes that are known; the functions of the package use the zero Config.
//
// # Two ways to look at a value
//
// Decode gives the values of package py, which tell apart all that Python does: 1, True and 1.0, str and bytes, tuple and list, and which of two equal lists is the same one. What was
// read so and is written again means the same to Python, though not by the same bytes.
//
// Unmarshal stores into Go's own types, by reflection, and Marshal takes them; [Config.Of] has the table from Go to Python, [Config.Assign] the one back. Structs are dicts, or instances of a class
// that [RegisterClass] names; a type can have methods of its own, see [Marshaler] and [Unmarshaler].
//
// # Classes
//
// What package py has types for comes as those: numbers, text, containers, dates, Decimal, Fraction, UUID, array.array, OrderedDict, exceptions. Classes and functions come as py.Global, their
// names; everything else that a pickle makes comes as a *py.Object, which says how it would be made and what would be done with it then: instances of classes, members of an Enum, namedtuples,
// dataclasses, partial functions. Their fields can be read ([py.Object.Attr]), and they are written back as they came, with what they share and with cycles through their own state.
//
// A [Registry] makes more classes known. It is what says that a name means something: [Registry.Construct] for reading, [RegisterReducer] for writing, RegisterClass and
// [RegisterEnum] for both.
//
// # Who reads what is written
//
//	protocol   read by
//	2          all Pythons; the names of Python 2, and bytes as what 2.7 and 3 both understand
//	3          3.0 and newer
//	4          3.4 and newer; the default
//	5          3.8 and newer
//
// Only what is referred to again has a place in the memo, so Python reads these pickles faster than its own. Python 2.7 has no datetime.timezone and no arrays of type q and Q: for it
// send a py.DateTime with a TZ of nil instead of a time.Time. The fold of a time needs protocol 4.
//
// # Hostile pickles
//
// Reading costs memory in proportion to the pickle, whatever lengths it states: see [Limits]. A stream is never trusted for more than has arrived. There is no recursion in reading, and a limit on depth for
// everything that walks over the result. The time for what could be made expensive (long keys used again and again, huge numbers) has a limit, too. What exceeds a limit is a
// [DecodeError] with the byte offset, and errors.Is tells ErrTruncated, ErrCorrupt, ErrLimit and ErrUnsupported apart.
//
// To be hostile to a Python that unpickles is another matter: it runs what it is told to. Never pass an untrusted pickle on to Python; Marshal writes an Object back as it came.
//
// # Source
//
// The format is that of CPython's Lib/pickle.py and Lib/pickletools.py, whose documentation of the opcodes is the only one; PEP 307, 3154 and 574 have the reasons for protocols 2, 4 and 5.
package pickle
