//go:build linux

package siege

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/pickle"
	"github.com/multiproc-go/multiproc/py"
)

// A stranger makes the handshake by hand, so that it can stop at each of its steps.
type stranger struct {
	net.Conn
	write func(net.Conn, []byte) error // how bytes are sent
}

// steps are what a client does up to its first call, one after the other.
var steps = []struct {
	name string
	do   func(s *stranger) error
}{
	{"connected", func(*stranger) error { return nil }},
	{"challenged", func(s *stranger) error { return s.respond() }},
	{"welcomed", func(s *stranger) error { return s.expect("#WELCOME#") }},
	{"challenges", func(s *stranger) error { return s.frame([]byte("#CHALLENGE#{sha256}" + strings.Repeat("x", 40))) }},
	{"answered", func(s *stranger) error { _, err := s.read(); return err }},
	{"authenticated", func(s *stranger) error { return s.frame([]byte("#WELCOME#")) }},
	{"served", func(s *stranger) error { return s.call(request(nil, "accept_connection", "stranger")) }},
	{"called", func(s *stranger) error { return s.call(request("nothing", "nothing")) }},
}

func (s *stranger) frame(payload []byte) error {
	return s.write(s.Conn, append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...))
}

func (s *stranger) read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(s, head[:]); err != nil {
		return nil, err
	}
	payload := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(s, payload)
	return payload, err
}

func (s *stranger) expect(want string) error {
	got, err := s.read()
	if err == nil && string(got) != want {
		err = fmt.Errorf("got %q, expected %q", got, want)
	}
	return err
}

func (s *stranger) respond() error {
	challenge, err := s.read()
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.TrimPrefix(string(challenge), "#CHALLENGE#")))
	return s.frame(mac.Sum([]byte("{sha256}")))
}

func (s *stranger) call(r py.Value) error {
	message, err := pickle.Marshal(r)
	if err == nil {
		err = s.frame(message)
	}
	if err == nil {
		_, err = s.read()
	}
	return err
}

// rubbish is what may be sent instead of what is expected.
var rubbish = []struct {
	name string
	make func(rng *rand.Rand) []byte
}{
	{"nothing", func(*rand.Rand) []byte { return nil }},
	{"an empty frame", func(*rand.Rand) []byte { return []byte{0, 0, 0, 0} }},
	{"half a header", func(*rand.Rand) []byte { return []byte{0, 0} }},
	{"half a frame", func(*rand.Rand) []byte { return []byte{0, 0, 0, 100, 0x80, 4, 0x95} }},
	{"a frame of noise", func(rng *rand.Rand) []byte { return append([]byte{0, 0, 0, 64}, noise(rng, 64)...) }},
	{"a long frame of noise", func(rng *rand.Rand) []byte { return append([]byte{0, 1, 0, 0}, noise(rng, 1<<16)...) }},
	{"noise", func(rng *rand.Rand) []byte { return noise(rng, 1000) }},
	{"a frame of 2 GiB", func(*rand.Rand) []byte { return append([]byte{0x7f, 0xff, 0xff, 0xff}, make([]byte, 5000)...) }},
	{"a frame of 1 GiB", func(*rand.Rand) []byte { return append([]byte{0x3f, 0xff, 0xff, 0xff}, make([]byte, 5000)...) }},
	{"a frame of 2**62 bytes", func(*rand.Rand) []byte {
		return append([]byte{0xff, 0xff, 0xff, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 5000)...)
	}},
	{"a negative length", func(*rand.Rand) []byte { return []byte{0xff, 0xff, 0xff, 0xfe, 1, 2, 3} }},
	{"a text of another protocol", func(*rand.Rand) []byte { return []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") }},
	{"#WELCOME#", func(*rand.Rand) []byte { return []byte("\x00\x00\x00\x09#WELCOME#") }},
	{"#FAILURE#", func(*rand.Rand) []byte { return []byte("\x00\x00\x00\x09#FAILURE#") }},
	{"a pickle", func(*rand.Rand) []byte { return []byte("\x00\x00\x00\x04\x80\x04N.") }},
}

func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// atOnce writes all bytes by one call.
func atOnce(nc net.Conn, b []byte) error { _, err := nc.Write(b); return err }

// TestGarbageAtEveryStep sends each kind of rubbish at each step, and leaves, or waits for the server to end the connection.
func TestGarbageAtEveryStep(t *testing.T) {
	s := build(t, townConfig)
	rng := dice(t, 4)
	s.assault(t, func(h *honest) {
		for at := range steps {
			for i, r := range rubbish {
				nc, err := s.raw()
				if err != nil {
					t.Fatal(err)
				}
				x := &stranger{nc, atOnce}
				for _, step := range steps[:at+1] {
					if err := step.do(x); err != nil {
						t.Fatalf("%s: %v", step.name, err)
					}
				}
				_ = x.write(x, r.make(rng))
				if (at+i)%2 == 0 {
					// The server may answer, but it must not wait for more than there can come.
					_ = nc.(*net.UnixConn).CloseWrite()
					_, _ = io.Copy(io.Discard, nc)
				}
				_ = nc.Close()
			}
		}
	})
}

// TestSlowBytes: clients that send one byte at a time, and read so, are served as all others. They keep nobody waiting.
func TestSlowBytes(t *testing.T) {
	s := build(t, townConfig)
	s.assault(t, func(h *honest) {
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				nc, err := s.raw()
				if err != nil {
					t.Error(err)
					return
				}
				defer nc.Close()
				x := &stranger{nc, func(nc net.Conn, b []byte) error {
					for i := range b {
						if _, err := nc.Write(b[i : i+1]); err != nil {
							return err
						}
						time.Sleep(200 * time.Microsecond) // what is slow has to take time; nothing depends on how much
					}
					return nil
				}}
				for _, step := range steps {
					if err := step.do(x); err != nil {
						t.Errorf("a slow client, %s: %v", step.name, err)
						return
					}
				}
			})
		}
		h.goesOn(t)
		all.Wait()
	})
}

// TestSilentStrangers: clients that say nothing take up places only until these are needed: a Listener has few for who is not authenticated, and others come in nevertheless.
func TestSilentStrangers(t *testing.T) {
	const places = 8
	listen := keyed
	listen.MaxHandshakes, listen.HandshakeTimeout = places, watchdog/2 // after a tenth of which a place may be needed
	s := buildWith(t, townConfig, listen)
	s.assault(t, func(h *honest) {
		for range places * 3 / 2 {
			nc, err := s.raw()
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
		}
		for range 5 {
			if _, err := h.server("dummy"); err != nil {
				t.Error(err)
			}
		}
	})
}
