//go:build !windows

package ctype

// WChar is C's wchar_t, Python's c_wchar and code 'u': one Unicode code point
// in 4 bytes. Some platforms make wchar_t unsigned; no code point tells the
// difference.
type WChar int32
