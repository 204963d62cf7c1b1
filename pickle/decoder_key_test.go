package pickle_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
)

// A key that takes long to hash may be used for three bytes each time. The pickle is read in a time that its size justifies, or refused.
func TestLongKeysUsedOften(t *testing.T) {
	long := "X" + string([]byte{0x00, 0x80, 0x02, 0x00}) + strings.Repeat("9", 0x28000) // BINUNICODE
	bigInt := "\x8b" + string([]byte{0x00, 0x80, 0x02, 0x00}) + strings.Repeat("\x7f", 0x28000)
	decimal := "cdecimal\nDecimal\nX" + string([]byte{0x00, 0x80, 0x01, 0x00}) + strings.Repeat("9", 0x18000) + "\x85R"
	for name, key := range map[string]string{
		"Decimal":    decimal,
		"Fraction":   "cfractions\nFraction\n" + bigInt + "K\x01\x86R",
		"range":      "cbuiltins\nrange\nK\x00" + bigInt + bigInt[:len(bigInt)/2][:0] + "K\x07\x87R",
		"global":     "c" + strings.Repeat("m", 0x28000) + "\nname\n",
		"slice":      "cbuiltins\nslice\n(" + long + "q\x01" + strings.Repeat("h\x01", 200) + "tK\x00K\x00\x87R",
		"persistent": "(" + long + "q\x01" + strings.Repeat("h\x01", 200) + "tQ",
		"object":     "cm\nC\n(" + long + "q\x01" + strings.Repeat("h\x01", 200) + "tR",
		"tuple":      "(" + long + "q\x01" + strings.Repeat("h\x01", 200) + "t",
		"numbers":    "cm\nC\n(" + bigInt + "q\x01" + strings.Repeat("h\x01", 200) + "tR",
		"decimals":   "cm\nC\n(" + decimal + "q\x01" + strings.Repeat("h\x01", 200) + "tR",
	} {
		t.Run(name, func(t *testing.T) {
			data := "\x80\x04" + key + "q\x000\x8f(" + strings.Repeat("h\x00", 200_000) + "\x90."
			begin := time.Now()
			_, err := pickle.Decode([]byte(data))
			if err != nil && !errors.Is(err, pickle.ErrLimit) {
				t.Error(err)
			}
			took := time.Since(begin)
			if took > 20*time.Second {
				t.Errorf("%d bytes took %v", len(data), took)
			}
			t.Log(took, err)
		})
	}
}

// What programs use as keys is not taken for an attack: members of an Enum and times in a time zone of zoneinfo.
func TestManySmallKeysAreRead(t *testing.T) {
	for name, key := range map[string]string{
		"enum":     "cm\nColor\nK\x01\x85R",
		"datetime": "cdatetime\ndatetime\nC\x0a\x07\xe4\x01\x02\x03\x04\x05\x00\x00\x06czoneinfo\nZoneInfo._unpickle\nX\x03\x00\x00\x00X/YK\x01\x86R\x86R",
		"decimal":  "cdecimal\nDecimal\nX\x03\x00\x00\x001.5\x85R",
	} {
		t.Run(name, func(t *testing.T) {
			const n = 300_000
			data := "\x80\x04" + key + "q\x000](" + strings.Repeat("}h\x00Ns", n) + "e."
			if _, err := pickle.Decode([]byte(data)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a key has in it many times is hashed, or compared, as often: that counts, whatever the key takes in the pickle.
func TestKeysWithPartsThatAreShared(t *testing.T) {
	string4 := func(s string) string {
		n := len(s)
		return "X" + string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}) + s
	}
	many := func(part string, n int) string { return part + "q\x000(" + strings.Repeat("h\x00", n) + "t" }
	power := "L1" + strings.Repeat("0", 100_000) + "L\n"
	decimal := "cdecimal\nDecimal\n" + string4("1E100000") + "\x85R"
	persistent := ""
	for i := range 20 {
		persistent += string4(strings.Repeat("a", 1<<18)+string(rune('A'+i))) + "Qq" + string(rune(i))
	}
	for name, data := range map[string]string{
		"tuples":             "}" + many("("+strings.Repeat("N", 20_000)+"t", 20_000) + "Ns",
		"strings":            "}" + many(string4(strings.Repeat("a", 1<<20)), 20_000) + "Ns",
		"empty tuples":       "}" + many(many(")", 20_000), 20_000) + "Ns",
		"int and Decimal":    power + "q\x000" + decimal + "q\x010}(h\x00N" + strings.Repeat("h\x01N", 2000) + "u",
		"Decimal and int":    power + "q\x000" + decimal + "q\x010}(h\x01N" + strings.Repeat("h\x00N", 2000) + "u",
		"persistent, text":   "\x8f(" + persistent + strings.Repeat("h\x13", 200_000) + "\x90",
		"persistent, a list": "\x8f(](" + strings.Repeat("N", 100_000) + "eQq\x00" + strings.Repeat("h\x00", 1000) + "\x90",
	} {
		t.Run(name, func(t *testing.T) {
			data := "\x80\x03" + data + "."
			begin := time.Now()
			if _, err := pickle.Decode([]byte(data)); !errors.Is(err, pickle.ErrLimit) {
				t.Errorf("%d bytes, after %v: %v", len(data), time.Since(begin), err)
			}
			if took := time.Since(begin); took > 30*time.Second {
				t.Errorf("%d bytes took %v", len(data), took)
			}
		})
	}
}
