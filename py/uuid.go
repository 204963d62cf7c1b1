package py

import (
	"encoding/hex"
	"math/big"
	"strings"
)

// UUID is a uuid.UUID.
type UUID [16]byte

// ParseUUID is uuid.UUID(text): 32 hexadecimal digits, with hyphens, braces and "urn:uuid:" or without.
func ParseUUID(text string) (UUID, error) {
	digits := strings.Trim(strings.NewReplacer("urn:", "", "uuid:", "").Replace(text), "{}")
	b, err := hex.DecodeString(strings.ReplaceAll(digits, "-", ""))
	if err != nil || len(b) != len(UUID{}) {
		return UUID{}, ValueError("badly formed hexadecimal UUID string")
	}
	return UUID(b), nil
}

// UUIDOfInt is uuid.UUID(int=n), which is how pickles have it.
func UUIDOfInt(n *big.Int) (u UUID, err error) {
	if n.Sign() < 0 || n.BitLen() > 8*len(u) {
		return UUID{}, ValueError("int is out of range (need a 128-bit value)")
	}
	n.FillBytes(u[:])
	return u, nil
}

// Int is the UUID as one number.
func (u UUID) Int() *big.Int { return new(big.Int).SetBytes(u[:]) }

// String is the usual form: "12345678-1234-5678-1234-567812345678".
func (u UUID) String() string {
	dst := make([]byte, 0, 36)
	for i, n := 0, 0; i < len(u); i += n {
		if i > 0 {
			dst = append(dst, '-')
		}
		n = 2
		switch i {
		case 0:
			n = 4
		case 10:
			n = 6
		}
		dst = hex.AppendEncode(dst, u[i:i+n])
	}
	return string(dst)
}
