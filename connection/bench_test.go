package connection_test

import (
	"testing"

	"github.com/multiproc-go/multiproc/connection"
)

const large = 64 << 20

func benchBytes(b *testing.B, network string, size int, into bool) {

	server, client := pair(b, network, connection.Config{})
	message, buf := make([]byte, size), make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	go func() {
		for client.SendBytes(ctx, message) == nil {
		}
	}()
	for b.Loop() {
		if into {
			if _, err := server.RecvBytesInto(ctx, buf); err != nil {
				b.Fatal(err)
			}
		} else if m, err := server.RecvBytes(ctx); err != nil || len(m) != size {
			b.Fatal(len(m), err)
		}
	}
	client.Close()
}

func BenchmarkBytes(b *testing.B) {
	for _, network := range []string{"unix", "tcp"} {
		b.Run(network+"/64B", func(b *testing.B) { benchBytes(b, network, 64, false) })
		b.Run(network+"/64K", func(b *testing.B) { benchBytes(b, network, 64<<10, false) })
		b.Run(network+"/64M", func(b *testing.B) { benchBytes(b, network, large, false) })
		b.Run(network+"/64M-into", func(b *testing.B) { benchBytes(b, network, large, true) })
	}
}

func BenchmarkPingPong(b *testing.B) {
	for _, network := range []string{"unix", "tcp"} {
		b.Run(network, func(b *testing.B) {

			server, client := pair(b, network, connection.Config{})
			message, buf := make([]byte, 100), make([]byte, 100)
			go func() {
				buf := make([]byte, 100)
				for {
					n, err := server.RecvBytesInto(ctx, buf)
					if err != nil || server.SendBytes(ctx, buf[:n]) != nil {
						return
					}
				}
			}()
			b.ReportAllocs()
			for b.Loop() {
				if err := client.SendBytes(ctx, message); err != nil {
					b.Fatal(err)
				}
				if _, err := client.RecvBytesInto(ctx, buf); err != nil {
					b.Fatal(err)
				}
			}
			server.Close()
		})
	}
}

func BenchmarkConnect(b *testing.B) {
	for _, network := range []string{"unix", "tcp"} {
		b.Run(network, func(b *testing.B) {

			c := connection.Config{Key: []byte("a key")}
			l, err := connection.Listen(network, "", c)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for b.Loop() {
				client, err := connection.Dial(ctx, l.Addr().Network(), l.Addr().String(), c)
				if err != nil {
					b.Fatal(err)
				}
				server, err := l.Accept(ctx)
				if err != nil {
					b.Fatal(err)
				}
				client.Close()
				server.Close()
			}
		})
	}
}
