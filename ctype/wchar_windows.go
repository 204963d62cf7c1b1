package ctype

// WChar is C's wchar_t, Python's c_wchar and code 'u': one UTF-16 code unit in
// 2 bytes, so that a code point above U+FFFF takes two of them.
type WChar uint16
