package manager

import (
	"testing"
	"time"
)

// BenchmarkClient is what a call costs a Go client, and a new object. Beside it stands BenchmarkRequests' echo, which is the sockets alone.
func BenchmarkClient(b *testing.B) {
	for _, network := range []string{"unix", "tcp"} {
		_, address := startedAt(b, Config{Logger: quiet}, network, place(b, network))
		client := dialed(b, address)
		ctx := b.Context()
		list, err := client.Create(ctx, "list", []int{1})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(network+"/getitem", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, err := As[int](list.Call(ctx, "__getitem__", 0)); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
		b.Run(network+"/create", func(b *testing.B) {
			for b.Loop() {
				p, err := client.Create(ctx, "list")
				if err != nil || p.Close() != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/2/float64(time.Microsecond), "us/connection")
		})
	}
}
