package connection

import (
	"bytes"
	"crypto/fips140"
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// A challenge is a message M; the answer to it is a MAC over the whole M, made with the key.
//
//	                  M                                  answer
//	Python <= 3.11    20 random bytes                    HMAC-MD5, 16 bytes
//	Python >= 3.12    {sha256} and 40 random bytes       {name} and HMAC-name
//
// A new Python takes the short answer, and answers a short M with one. An old one takes any M for random bytes.
const (
	challengeRandom = 40
	oldChallenge    = 20 // also the shortest that is answered
	oldAnswer       = md5.Size
	preferred       = "sha256"
)

// newHash returns the constructor of a digest that the handshake knows, else nil.
func newHash(name string) func() hash.Hash {
	switch name {
	case "md5":
		return md5.New
	case "sha256":
		return sha256.New
	case "sha384":
		return sha512.New384
	case "sha3_256":
		return func() hash.Hash { return sha3.New256() }
	case "sha3_384":
		return func() hash.Hash { return sha3.New384() }
	default:
		return nil
	}
}

// cutName takes {name} off the beginning. ok is false if it is none that the handshake knows.
func cutName(message []byte) (name string, rest []byte, ok bool) {
	inner, ok := bytes.CutPrefix(message, []byte("{"))
	if !ok {
		return "", nil, false
	}
	n, rest, ok := bytes.Cut(inner, []byte("}"))
	if !ok || newHash(string(n)) == nil {
		return "", nil, false
	}
	return string(n), rest, true
}

// newChallenge is an M.
func newChallenge() []byte {
	m := make([]byte, 0, len("{"+preferred+"}")+challengeRandom)
	m = append(m, "{"+preferred+"}"...)
	m = m[:cap(m)]
	_, _ = rand.Read(m[len(m)-challengeRandom:]) // never fails
	return m
}

var (
	errFIPSKey = errors.New("keys shorter than 14 bytes are not allowed in FIPS 140-only mode")
	errFIPSMD5 = fmt.Errorf("%w (MD5 is not available in FIPS 140-only mode)", ErrMD5)
)

// mac is HMAC-name(key, m). The standard library panics where FIPS 140-only mode forbids it.
func mac(name string, key, m []byte) ([]byte, error) {
	if fips140.Enforced() {
		if name == "md5" {
			return nil, errFIPSMD5
		}
		if len(key) < 112/8 {
			return nil, errFIPSKey
		}
	}
	h := hmac.New(newHash(name), key)
	h.Write(m)
	return h.Sum(nil), nil
}

// answer is the answer to the challenge m.
func answer(key, m []byte, md5Allowed bool) ([]byte, error) {
	if len(m) < oldChallenge {
		return nil, fmt.Errorf("%w: a challenge of %d bytes", ErrHandshake, len(m))
	}
	if len(m) == oldChallenge {
		if !md5Allowed {
			return nil, ErrMD5
		}
		return mac("md5", key, m)
	}
	name, _, ok := cutName(m)
	if !ok {
		return nil, fmt.Errorf("%w: its challenge names no digest that is known", ErrHandshake)
	}
	if name == "md5" && !md5Allowed {
		return nil, ErrMD5
	}
	sum, err := mac(name, key, m)
	if err != nil {
		return nil, err
	}
	return append([]byte("{"+name+"}"), sum...), nil
}

// verify checks the answer to m, and returns the digest that it was made with.
func verify(key, m, got []byte, md5Allowed bool) (name string, err error) {
	sum := got
	if len(got) == oldAnswer {
		name = "md5"
	} else {
		var ok bool
		if name, sum, ok = cutName(got); !ok {
			return "", fmt.Errorf("%w: %d bytes that are no answer", ErrHandshake, len(got))
		}
	}
	if name == "md5" && !md5Allowed {
		return "", ErrMD5
	}
	want, err := mac(name, key, m)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(sum, want) { // in constant time
		return "", ErrWrongKey
	}
	return name, nil
}
