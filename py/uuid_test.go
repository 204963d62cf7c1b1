package py

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestUUIDsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		if got, err := ParseUUID(u.String()); got != u || err != nil {
			t.Fatalf("%v comes back as %v, %v", u, got, err)
		}
		if got, err := UUIDOfInt(u.Int()); got != u || err != nil {
			t.Fatalf("%v comes back as %v, %v", u, got, err)
		}
	})
}

func TestParseUUID(t *testing.T) {
	want := UUID{0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x34, 0x56, 0x78}
	for _, text := range []string{
		"12345678-1234-5678-9abc-def012345678", "{12345678-1234-5678-9ABC-def012345678}", "urn:uuid:12345678-1234-5678-9abc-def012345678", "12345678123456789abcdef012345678",
	} {
		if got, err := ParseUUID(text); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "12345678123456789abcdef01234567", "12345678123456789abcdef0123456789", "12345678123456789abcdef01234567g"} {
		if got, err := ParseUUID(text); !IsException(err, "ValueError") {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, n := range []*big.Int{big.NewInt(-1), new(big.Int).Lsh(big.NewInt(1), 128)} {
		if got, err := UUIDOfInt(n); !IsException(err, "ValueError") {
			t.Errorf("%v: %v, %v", n, got, err)
		}
	}
}
