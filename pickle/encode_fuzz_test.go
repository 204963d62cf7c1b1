package pickle

import (
	"errors"
	"testing"
)

// FuzzRewrite: whatever was read can be written again or is refused with an EncodeError, and what was written can be read.
func FuzzRewrite(f *testing.F) {
	for _, r := range readings(f) {
		for protocol := 2; protocol <= 5; protocol++ {
			data, err := Config{Protocol: protocol}.Marshal(r.v)
			if err != nil {
				f.Fatal(err)
			}
			if len(data) < 2000 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			return
		}
		for protocol := 2; protocol <= 5; protocol++ {
			again, err := Config{Protocol: protocol, Limits: Limits{Size: 16 << 20}}.Marshal(v)
			if err != nil {
				if e := (*EncodeError)(nil); !errors.As(err, &e) {
					t.Fatalf("%T: %v", err, err)
				}
				continue
			}
			if _, err := Decode(again); err != nil && !errors.Is(err, ErrLimit) {
				t.Fatalf("protocol %d: %v\n%q", protocol, err, again)
			}
		}
	})
}
