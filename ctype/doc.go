// Package ctype is the table of the C types that Python's array, ctypes and
// multiprocessing modules know: for each its codes and names, its size and
// alignment on this platform, and the Go type that has the same bytes.
//
// Python names an element type by a letter: array('d', ...), Value('i', 0). The
// same letter stands for different sizes on different platforms ('l' is 8 bytes
// on 64-bit Unix and 4 on Windows), and array, multiprocessing and ctypes do not
// agree on the letters:
//
//	code  C type               Go type      array  multiprocessing  notes
//	'c'   char                 byte         -      yes              a bytes object of length 1 in Python
//	'b'   signed char          int8         yes    yes
//	'B'   unsigned char        byte         yes    yes
//	'u'   wchar_t              WChar        yes    yes              4 bytes on Unix, 2 on Windows
//	'w'   Py_UCS4              rune         3.13   -                4 bytes everywhere; no ctypes type
//	'h'   short                int16        yes    yes
//	'H'   unsigned short       uint16       yes    yes
//	'i'   int                  int32        yes    yes
//	'I'   unsigned int         uint32       yes    yes
//	'l'   long                 int64        yes    yes              int32 on Windows and 32-bit Unix
//	'L'   unsigned long        uint64       yes    yes              uint32 on Windows and 32-bit Unix
//	'q'   long long            int64        yes    since 3.7        8 bytes everywhere
//	'Q'   unsigned long long   uint64       yes    since 3.7        8 bytes everywhere
//	'f'   float                float32      yes    yes
//	'd'   double               float64      yes    yes
//	'?'   _Bool                bool         -      -                ctypes' letter for c_bool
//	'g'   long double          LongDouble   -      -                ctypes' letter for c_longdouble
//
// The last two letters are those of ctypes; multiprocessing takes the types
// themselves (c_bool, c_longdouble), and this package gives them a code so that
// every type has one. The pointer types c_char_p, c_wchar_p, c_void_p and
// py_object are in the table, and are refused wherever a type is looked up: an
// address means nothing in another process.
//
// [ByCode] and [ByName] look a type up, [Of] and [OfType] find the one that a Go
// type corresponds to, and [All] is the whole table.
//
// # Portability
//
// 'h', 'i', 'q', 'f', 'd' and their unsigned forms have one size on every
// platform listed here, and these are the ones that [Of] gives. For 'l', 'u' and
// 'g' ask the table.
//
// # long double
//
// [LongDouble] holds the C type long double, which Go lacks: the 80-bit extended
// format of x87 in 16 bytes on amd64 (12 on 386), IEEE binary128 on arm64, and a
// plain double on Windows and on Apple's arm64. It has no arithmetic; convert to
// float64, or to big.Float without loss. Where this package does not know the
// platform's format, c_longdouble is refused and LongDouble holds a double.
//
// # Caveats
//
// Go aligns a LongDouble to 1 byte and C aligns it to 16. In an array every
// element is where C expects it; in a struct, put it first or after fields that
// fill a multiple of 16 bytes.
//
// Nothing here blocks or keeps state; all functions may be called from any
// goroutine.
package ctype
