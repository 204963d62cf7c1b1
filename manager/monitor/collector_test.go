package monitor_test

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/manager/monitor"
)

// metric is the value of a series in an answer of /metrics.
func metric(t *testing.T, body, series string) float64 {
	t.Helper()
	for line := range strings.Lines(body) {
		if value, ok := strings.CutPrefix(line, "multiproc_manager_"+series+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(line, err)
			}
			return v
		}
	}
	t.Fatalf("there is no series %s in\n%s", series, body)
	return 0
}

// TestMetricNames: names, kinds and helps are as Prometheus has them, and the registry finds no fault.
func TestMetricNames(t *testing.T) {
	x := newSite(t, manager.Config{})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(monitor.Collector(x.server))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	_, body := x.get("/metrics")
	for _, want := range []string{"go_goroutines ", "# TYPE multiproc_manager_requests_total counter", "# TYPE multiproc_manager_items gauge"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing in /metrics", want)
		}
	}
}

// TestMetrics: each series says what has happened.
func TestMetrics(t *testing.T) {
	x := newSite(t, manager.Config{Limits: manager.Limits{Objects: 5}})
	c := x.dial()
	queue, lock := x.create(c, "Queue"), x.create(c, "Lock")
	for i := range 3 {
		x.call(queue, "put", i)
	}
	x.call(lock, "acquire")
	if _, err := queue.Call(ctx, "task_done_"); err == nil {
		t.Error("a method that is not there can be called")
	}
	if _, err := x.create(c, "list").Call(ctx, "pop"); err == nil {
		t.Error("an empty list can be popped")
	}
	wrong := keyed
	wrong.Key = []byte("another key, of some length")
	if _, err := connection.Dial(ctx, "", x.address, wrong); err == nil {
		t.Error("a wrong key is good enough")
	}
	x.eventually("the wrong key was counted", func() bool { return x.server.Stats().Unauthenticated == 1 })
	_, body := x.get("/metrics")
	for series, want := range map[string]float64{
		"serving": 1, "objects_held": 3, "objects_known": 3, "objects_created_total": 3, "objects_limit": 5, "panics_total": 0, "calls_waiting": 0,
		`requests_total{outcome="raised"}`: 1, `requests_total{outcome="failed"}`: 1,
		`connections_refused_total{reason="handshake"}`: 1, `connections_refused_total{reason="limit"}`: 0,
		`objects{typeid="Queue"}`: 1, `items{typeid="Queue"}`: 3, `objects{typeid="dict"}`: 0, `holders{typeid="Lock"}`: 1, `waiters{typeid="Lock"}`: 0, `oldest_wait_seconds{typeid="Lock"}`: 0,
	} {
		if got := metric(t, body, series); got != want {
			t.Errorf("%s is %v, expected %v", series, got, want)
		}
	}
	for _, series := range []string{`requests_total{outcome="returned"}`, "connections_accepted_total", `oldest_hold_seconds{typeid="Lock"}`, "heap_limit_bytes"} {
		if got := metric(t, body, series); got < 0 || got == 0 && series != "heap_limit_bytes" {
			t.Errorf("%s is %v", series, got)
		}
	}
}

// TestScrapesDuringLoad: whoever looks meets a server at work, and one that ends, and finds numbers that never go back.
func TestScrapesDuringLoad(t *testing.T) {
	x := newSite(t, manager.Config{})
	const workers, rounds = 3, 60
	var work, looks sync.WaitGroup
	for range workers {
		c := x.dial()
		work.Go(func() {
			for i := range rounds {
				p, err := c.Create(ctx, []string{"Queue", "list", "Lock"}[i%3])
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := p.Call(ctx, []string{"put", "append", "acquire"}[i%3], 1); err != nil {
					t.Error(err)
				}
				if i%2 == 0 {
					_ = p.Close()
				}
			}
		})
	}
	stop := make(chan struct{})
	looks.Go(func() {
		last := 0.0
		for {
			status, body := x.get("/metrics")
			if status != http.StatusOK {
				t.Errorf("/metrics: %d %s", status, body)
				return
			}
			now := metric(t, body, `requests_total{outcome="returned"}`)
			if now < last {
				t.Errorf("%v requests, after %v", now, last)
			}
			last = now
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	looks.Go(func() {
		for {
			for _, o := range x.json("/debug/objects").Objects {
				if o.Ident == "" || o.Typeid == "" {
					t.Errorf("%+v", o)
				}
			}
			x.json("/debug/clients")
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	work.Wait()
	if err := x.server.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	close(stop)
	looks.Wait()
	_, body := x.get("/metrics")
	if got := metric(t, body, "objects_created_total"); got != workers*rounds {
		t.Errorf("%v objects were made, expected %d", got, workers*rounds)
	}
}

// TestManyObjects: with 10,000 objects the lists stay short unless asked for, and no client adds a series.
func TestManyObjects(t *testing.T) {
	x := newSite(t, manager.Config{})
	const n = 10_000
	locks := make([]*manager.Object, n)
	for i := range locks {
		var err error
		if locks[i], err = x.server.New("Lock"); err != nil {
			t.Fatal(err)
		}
	}
	_, before := x.get("/metrics")
	if got := metric(t, before, `objects{typeid="Lock"}`); got != n {
		t.Errorf("%v objects, expected %d", got, n)
	}
	if all := x.json("/debug/objects"); len(all.Objects) != 1000 || all.Truncated == "" || all.Known != n {
		t.Errorf("%d objects, %q", len(all.Objects), all.Truncated)
	}
	if all := x.json("/debug/objects?limit=10000"); len(all.Objects) != n || all.Truncated != "" {
		t.Errorf("%d objects, %q", len(all.Objects), all.Truncated)
	}
	runtime.KeepAlive(locks) // what Go code has made lives as long as it is referred to
	empty := newSite(t, manager.Config{})
	_, other := empty.get("/metrics")
	series := func(body string) int { return strings.Count(body, "\nmultiproc_manager_") }
	if series(before) != series(other) {
		t.Errorf("%d series with many objects, and %d without", series(before), series(other))
	}
}
