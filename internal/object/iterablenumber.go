package object

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/multiproc-go/multiproc/py"
)

// The numbers that int and float read, of ASCII, where underscores stand between two digits only.
var (
	intSyntax   = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
	floatSyntax = regexp.MustCompile(`(?i)^[+-]?(inf|infinity|nan|(([0-9]+(_[0-9]+)*)(\.([0-9]+(_[0-9]+)*)?)?|\.[0-9]+(_[0-9]+)*)(e[+-]?[0-9]+(_[0-9]+)*)?)$`)
)

// whiteSpace is what int and float leave out around a number in ASCII, which is less than str.isspace takes for it.
const whiteSpace = "\t\n\v\f\r "

// maxIntDigits is how many digits an int may have that Python reads, lest that take long.
const maxIntDigits = 4300

func parseInt(text string) (py.Value, error) {
	s := strings.Trim(text, whiteSpace)
	if !intSyntax.MatchString(s) {
		return nil, py.ValueError("invalid literal for int() with base 10: %s", shortRepr(text))
	}
	s = strings.ReplaceAll(s, "_", "")
	if digits := len(strings.TrimLeft(s, "+-")); digits > maxIntDigits {
		return nil, py.ValueError("Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit", maxIntDigits, digits)
	}
	n, _ := new(big.Int).SetString(s, 10)
	return py.Int(n), nil
}

// shortRepr is the beginning of a text's repr, as far as Python shows it.
func shortRepr(text string) string {
	const most = 200
	repr, err := py.Repr(text[:min(len(text), most)])
	if err != nil || len(text) <= most && len(repr) <= most {
		return repr
	}
	return repr[:min(len(repr), most)]
}

func parseFloat(text string) (py.Value, error) {
	s := strings.Trim(text, whiteSpace)
	if !floatSyntax.MatchString(s) {
		repr, err := py.Repr(text)
		if err != nil {
			return nil, err
		}
		return nil, py.ValueError("could not convert string to float: %s", repr)
	}
	if unsigned := strings.TrimLeft(s, "+-"); strings.EqualFold(unsigned, "nan") {
		s = unsigned
	}
	f, _ := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64) // what is out of range is infinite, as in Python
	return f, nil
}
