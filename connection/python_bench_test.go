package connection_test

import (
	"slices"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// newest is a new process of the newest Python.
func newest(b *testing.B) *python {
	p, ok := pythons.Newest()
	if !ok {
		b.Skip("no Python was found")
	}
	return &python{b, p.Serve(b, pythons.Module{Name: "peer", Source: peerSource})}
}

// BenchmarkPythonConnect is a new authenticated connection of an unmodified Python client with one message there and back, to a server in Go and to one in Python.
func BenchmarkPythonConnect(b *testing.B) {
	const count = 40
	median := func(b *testing.B, a answer) {
		if len(a.Times) == 0 {
			b.Fatal(a)
		}
		slices.Sort(a.Times)
		b.ReportMetric(a.Times[len(a.Times)/2]*1e6, "us/connection(median)")
	}
	for _, network := range []string{"tcp", "unix"} {
		times := ask{"op": "times", "network": network, "key": hexKey(key), "count": count}
		b.Run(network+"/Go", func(b *testing.B) {
			for b.Loop() {
				l := listen(b, network, "", keyed)
				done := newest(b).begin(times.with(ask{"address": l.Addr().String()}))
				for range count {
					c := accept(b, l)
					m, err := c.RecvBytes(ctx)
					if err == nil {
						err = c.SendBytes(ctx, m)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				median(b, <-done)
			}
		})
		b.Run(network+"/Python", func(b *testing.B) {
			for b.Loop() {
				address := "127.0.0.1:0"
				if network == "unix" {
					address = b.TempDir() + "/s"
				}
				there := newest(b)
				address = there.call(ask{"op": "listen", "network": network, "address": address, "key": hexKey(key)}).Address
				there.begin(ask{"op": "accept many", "count": count})
				median(b, newest(b).call(times.with(ask{"address": address})))
			}
		})
	}
}

// BenchmarkPythonBytes is messages of 64 MB between Go and Python, beside Python with Python; the newest Python of this machine.
func BenchmarkPythonBytes(b *testing.B) {
	report := func(b *testing.B, a answer) {
		if len(a.Times) == 0 {
			b.Fatal(a)
		}
		slices.Sort(a.Times)
		b.ReportMetric(large/1e6/a.Times[len(a.Times)/2], "MB/s(median)")
	}
	const count = 20
	bulk := ask{"op": "bulk client", "network": "unix", "key": hexKey(key), "count": count, "size": large}
	for _, send := range []bool{true, false} {
		name := map[bool]string{true: "to", false: "from"}[send]
		b.Run("Python "+name+" Go", func(b *testing.B) {
			for b.Loop() {
				l := listen(b, "unix", "", keyed)
				done := newest(b).begin(bulk.with(ask{"address": l.Addr().String(), "send": send}))
				c := accept(b, l)
				m := make([]byte, large)
				for range count {
					var err error
					if send {
						if _, err = c.RecvBytes(ctx); err == nil {
							err = c.SendBytes(ctx, m[:1])
						}
					} else if err = c.SendBytes(ctx, m); err == nil {
						_, err = c.RecvBytes(ctx)
					}
					if err != nil {
						b.Fatal(err)
					}
				}
				report(b, <-done)
			}
		})
		b.Run("Python "+name+" Python", func(b *testing.B) {
			for b.Loop() {
				there := newest(b)
				address := there.call(ask{"op": "listen", "network": "unix", "address": b.TempDir() + "/s", "key": hexKey(key)}).Address
				there.begin(ask{"op": "accept", "do": "bulk", "count": count, "size": large, "send": !send})
				report(b, newest(b).call(bulk.with(ask{"address": address, "send": send})))
			}
		})
	}
}
