package ctype

// encoding is how a platform's long double holds a number.
type encoding uint8

const (
	encUnknown   encoding = iota // not known to this package
	encDouble                    // IEEE binary64, the same as double
	encX87                       // 80-bit extended, padded
	encBinary128                 // IEEE binary128
)

// abi is what differs from platform to platform in the C types of Python. Sizes
// and alignments are in bytes. All platforms agree on char 1, short 2, int 4,
// long long 8, float 4 and double 8.
type abi struct {
	pointer    uintptr
	long       uintptr
	wchar      uintptr
	wideAlign  uintptr // long long and double as fields of a struct
	longDouble struct {
		size, align uintptr
		encoding    encoding
	}
}

// abiOf describes the C compiler that Python is built with on a platform of Go.
// It is a pure function so that every platform is tested on each.
func abiOf(goos, goarch string) abi {
	a := abi{pointer: 8, wchar: 4, wideAlign: 8}
	switch goarch {
	case "386", "arm", "mips", "mipsle", "wasm":
		a.pointer = 4
	}
	a.long = a.pointer
	if goos == "windows" {
		a.long = 4
		a.wchar = 2
	} else if goarch == "386" {
		// The System V ABI of i386 aligns them to 4; Microsoft's to 8.
		a.wideAlign = 4
	}

	ld := &a.longDouble
	switch ld.encoding = longDoubleOf(goos, goarch); ld.encoding {
	case encDouble:
		ld.size, ld.align = 8, a.wideAlign
	case encX87:
		ld.size, ld.align = 16, 16
		if goarch == "386" {
			ld.size, ld.align = 12, 4
		}
	case encBinary128:
		ld.size, ld.align = 16, 16
	}
	return a
}

// longDoubleOf has to agree with the build tags of the files longdouble_*.go; a
// test holds them together.
func longDoubleOf(goos, goarch string) encoding {
	switch goos {
	case "windows":
		return encDouble
	case "plan9", "aix":
		return encUnknown
	case "android":
		// Android departs from the System V ABI on x86.
		switch goarch {
		case "386":
			return encDouble
		case "amd64":
			return encBinary128
		}
	case "darwin", "ios":
		if goarch == "arm64" {
			return encDouble
		}
	}
	switch goarch {
	case "amd64", "386":
		return encX87
	case "arm64", "riscv64", "loong64":
		return encBinary128
	case "arm", "mips", "mipsle":
		return encDouble
	default:
		return encUnknown
	}
}
