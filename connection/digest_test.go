package connection

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMAC compares with what Python's hmac gives for the key b"key" and the message b"{sha256}" + 40 times b"m".
func TestMAC(t *testing.T) {
	m := []byte("{sha256}" + strings.Repeat("m", 40))
	for name, want := range map[string]string{
		"md5":      "3c389a6ab0dfa37461f0b75047f0fadb",
		"sha256":   "500576bc6ee447122f1d1aeee9a740cb6b0f07807901c82bd5bcf329970c43ba",
		"sha384":   "52bce34653c97bc30103ce5d1cfdbcaa447dbc42bad2caf3b1757a01165c294b7ffe03b3852e25780000f950440acea9",
		"sha3_256": "8e0f273a13ab335410183e2ab174ff2bd784d53227e354c1ff2a2aff24403e3c",
		"sha3_384": "a4a1a03b93c44daadeb51be963adc4a1224c7b2e39bb310f8818d968f195e27e1285042aa9024b3adfba7a15673d368f",
	} {
		got, err := mac(name, []byte("key"), m)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s: %x, %v", name, got, err)
		}
	}
}

func TestChallenge(t *testing.T) {
	a, b := newChallenge(), newChallenge()
	if len(a) != 48 || !bytes.HasPrefix(a, []byte("{sha256}")) || bytes.Equal(a, b) {
		t.Errorf("%q, %q", a, b)
	}
}

// TestAnswerVerify: an answer is right for its key and its challenge, and for no other.
func TestAnswerVerify(t *testing.T) {
	names := []string{"md5", "sha256", "sha384", "sha3_256", "sha3_384"}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 1, 100).Draw(t, "key")
		m := rapid.SliceOfN(rapid.Byte(), oldChallenge, oldChallenge).Draw(t, "old challenge")
		want := "md5"
		if rapid.Bool().Draw(t, "new") {
			want = rapid.SampledFrom(names).Draw(t, "name")
			m = append([]byte("{"+want+"}"), rapid.SliceOfN(rapid.Byte(), 21, 100).Draw(t, "random")...)
		}
		a, err := answer(key, m, true)
		if err != nil {
			t.Fatal(err)
		}
		if name, err := verify(key, m, a, true); err != nil || name != want {
			t.Fatalf("%s: %v", name, err)
		}
		at := rapid.IntRange(0, len(a)-1).Draw(t, "at")
		a[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := verify(key, m, a, true); err == nil {
			t.Fatal("a changed answer is right")
		}
		a, _ = answer(key, m, true)
		if _, err := verify(append(key, 'x'), m, a, true); !errors.Is(err, ErrWrongKey) {
			t.Fatalf("another key: %v", err)
		}
		m[len(m)-1]++
		if _, err := verify(key, m, a, true); !errors.Is(err, ErrWrongKey) {
			t.Fatalf("another challenge: %v", err)
		}
	})
}

func TestAnswerRefuses(t *testing.T) {
	key := []byte("key")
	for m, want := range map[string]error{
		"":                                     ErrHandshake,
		strings.Repeat("m", 16):                ErrHandshake, // too short for a secret to be safe from a guess
		strings.Repeat("m", 19):                ErrHandshake,
		strings.Repeat("m", 20):                ErrMD5,
		strings.Repeat("m", 40):                ErrHandshake,
		"{md5}" + strings.Repeat("m", 40):      ErrMD5,
		"{sha1}" + strings.Repeat("m", 40):     ErrHandshake,
		"{sha256" + strings.Repeat("m", 40):    ErrHandshake,
		"{}" + strings.Repeat("m", 40):         ErrHandshake,
		" {sha256}" + strings.Repeat("m", 40):  ErrHandshake,
		"{SHA256}" + strings.Repeat("m", 40):   ErrHandshake,
		"{sha3_256}" + strings.Repeat("m", 40): nil,
	} {
		if _, err := answer(key, []byte(m), false); !errors.Is(err, want) {
			t.Errorf("%q: %v", m, err)
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	key, m := []byte("key"), newChallenge()
	md5, _ := mac("md5", key, m)
	sha, _ := mac("sha256", key, m)
	for _, c := range []struct {
		answer string
		md5    bool
		want   error
	}{
		{string(md5), false, ErrMD5},
		{string(md5), true, nil},
		{"{md5}" + string(md5), false, ErrMD5},
		{"{md5}" + string(md5), true, nil},
		{"{sha256}" + string(sha), false, nil},
		{"{sha384}" + string(sha), true, ErrWrongKey},
		{"{sha256}" + string(sha[:31]), true, ErrWrongKey},
		{"{sha256}" + string(sha) + "x", true, ErrWrongKey},
		{"{sha256}", true, ErrWrongKey},
		{"{sha1}" + string(sha), true, ErrHandshake},
		{string(sha), true, ErrHandshake},
		{string(m), true, ErrWrongKey}, // the challenge itself
		{"", true, ErrHandshake},
		{strings.Repeat("x", 16), true, ErrWrongKey},
		{strings.Repeat("x", 20), true, ErrHandshake},
	} {
		if _, err := verify(key, m, []byte(c.answer), c.md5); !errors.Is(err, c.want) {
			t.Errorf("%q, MD5 %v: %v", c.answer, c.md5, err)
		}
	}
}
