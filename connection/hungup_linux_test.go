package connection_test

import (
	"context"
	"io"
	"testing"

	"github.com/multiproc-go/multiproc/connection"
)

// TestHungUp: the end is seen behind a message that nobody has received, and that is still there.
func TestHungUp(t *testing.T) {
	for _, network := range []string{"unix", "tcp"} {
		t.Run(network, func(t *testing.T) {
			server, client := pair(t, network, connection.Config{})
			if err := client.SendBytes(context.Background(), []byte("last words")); err != nil {
				t.Fatal(err)
			}
			if server.HungUp() {
				t.Error("the other end is there")
			}
			_ = client.Close()
			eventually(t, server.HungUp, func() string { return "the other end is not known to be gone" })
			if b, err := server.RecvBytes(context.Background()); err != nil || string(b) != "last words" {
				t.Errorf("%q, %v", b, err)
			}
			if _, err := server.RecvBytes(context.Background()); err != io.EOF {
				t.Error(err)
			}
			_ = server.Close()
			if server.HungUp() {
				t.Error("a Conn that is closed knows nothing")
			}
		})
	}
}
