package monitor

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/multiproc-go/multiproc/manager"
)

// namespace begins the names of all metrics.
const namespace = "multiproc_manager"

// Collector makes the metrics of a Server, for a registry of your own:
//
//	registry.MustRegister(monitor.Collector(server))
//
// It looks at the server when it is asked, see manager.Server's Stats and Types for what that costs. To have several servers in one registry, register each through prometheus.WrapRegistererWith and a
// label. Labels are outcomes, reasons and typeids that are registered, nothing that a client can choose.
func Collector(s *manager.Server) prometheus.Collector { return &collector{server: s} }

type collector struct{ server *manager.Server }

// A number is a metric without labels, or one of those with the label that its desc has.
type number struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	label []string
	of    func(s *manager.Stats) float64
}

// An ofType is a gauge that each typeid has.
type ofType struct {
	desc *prometheus.Desc
	of   func(t *manager.TypeStats, now time.Time) float64
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	requests = describe("requests_total", "Requests that were answered, by outcome: with a result, with an exception, or with a traceback.", "outcome")
	refused  = describe("connections_refused_total", "Clients that were refused: their handshake failed, or there were too many connections.", "reason")
)

var numbers = []number{
	gauge("serving", "1 while new clients are accepted.", func(s *manager.Stats) float64 { return truth(reason(s) == "") }),
	gauge("connections", "Connections that there are; each is one thread of a client, or a single request.", func(s *manager.Stats) float64 { return float64(s.Connections) }),
	gauge("connections_limit", "How many connections there may be.", func(s *manager.Stats) float64 { return float64(s.Limits.Connections) }),
	counter("connections_accepted_total", "Connections that were accepted.", func(s *manager.Stats) float64 { return float64(s.ConnectionsEver) }),
	labelled(refused, "limit", func(s *manager.Stats) uint64 { return s.Refused }),
	labelled(refused, "handshake", func(s *manager.Stats) uint64 { return s.Unauthenticated }),
	labelled(requests, "returned", func(s *manager.Stats) uint64 { return s.Returned }),
	labelled(requests, "raised", func(s *manager.Stats) uint64 { return s.Raised }),
	labelled(requests, "failed", func(s *manager.Stats) uint64 { return s.Failed }),
	counter("requests_over_limit_total", "Requests that were refused because of a limit.", func(s *manager.Stats) float64 { return float64(s.OverLimit) }),
	counter("received_bytes_total", "Bytes of requests.", func(s *manager.Stats) float64 { return float64(s.BytesIn) }),
	counter("sent_bytes_total", "Bytes of answers.", func(s *manager.Stats) float64 { return float64(s.BytesOut) }),
	counter("calls_undone_total", "Calls that were taken back, as their clients were gone before they had the answer.", func(s *manager.Stats) float64 { return float64(s.Undone) }),
	counter("calls_given_up_total", "Calls that were given up while they waited, as their clients were gone or the server ended.", func(s *manager.Stats) float64 { return float64(s.GivenUp) }),
	counter("panics_total", "Calls that have panicked, which are bugs.", func(s *manager.Stats) float64 { return float64(s.Panics) }),
	gauge("objects_held", "Objects that clients hold, which is what number_of_objects tells.", func(s *manager.Stats) float64 { return float64(s.Objects) }),
	gauge("objects_known", "Objects that clients hold, other objects contain, or Go code in the server's process has.", func(s *manager.Stats) float64 { return float64(s.Known) }),
	gauge("objects_limit", "How many objects there may be.", func(s *manager.Stats) float64 { return float64(s.Limits.Objects) }),
	counter("objects_created_total", "Objects that were made.", func(s *manager.Stats) float64 { return float64(s.ObjectsEver) }),
	gauge("calls_waiting", "Calls of clients that wait for something.", func(s *manager.Stats) float64 { return float64(s.Waiting) }),
	gauge("heap_limit_bytes", "What all stored objects may take, 0 if there is no limit.", func(s *manager.Stats) float64 { return float64(s.Limits.Bytes) }),
	gauge("heap_limit_reached", "1 while nothing more can be stored, as there is no room.", func(s *manager.Stats) float64 { return truth(s.HeapFull) }),
}

var ofTypes = []ofType{
	typed("objects", "Objects that there are, by typeid.", func(t *manager.TypeStats, _ time.Time) float64 { return float64(t.Objects) }),
	typed("items", "Items in all lists, dicts, sets, arrays and queues of a typeid: for queues that is their depth.", func(t *manager.TypeStats, _ time.Time) float64 { return float64(t.Items) }),
	typed("holders", "Clients that hold objects of a typeid: locks, or permits if they are reclaimed.", func(t *manager.TypeStats, _ time.Time) float64 { return float64(t.Holders) }),
	typed("waiters", "Calls that wait for objects of a typeid.", func(t *manager.TypeStats, _ time.Time) float64 { return float64(t.Waiters) }),
	typed("oldest_hold_seconds", "How long that object has been held that has been held for longest, 0 if none is.", func(t *manager.TypeStats, now time.Time) float64 { return age(now, t.OldestHold) }),
	typed("oldest_wait_seconds", "How long that call has waited that has waited for longest, 0 if none does.", func(t *manager.TypeStats, now time.Time) float64 { return age(now, t.OldestWait) }),
}

func gauge(name, help string, of func(*manager.Stats) float64) number {
	return number{desc: describe(name, help), kind: prometheus.GaugeValue, of: of}
}

func counter(name, help string, of func(*manager.Stats) float64) number {
	return number{desc: describe(name, help), kind: prometheus.CounterValue, of: of}
}

func labelled(desc *prometheus.Desc, label string, of func(*manager.Stats) uint64) number {
	return number{desc: desc, kind: prometheus.CounterValue, label: []string{label}, of: func(s *manager.Stats) float64 { return float64(of(s)) }}
}

func typed(name, help string, of func(*manager.TypeStats, time.Time) float64) ofType {
	return ofType{desc: describe(name, help, "typeid"), of: of}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// age is how long something has lasted that began at a time, 0 if it has not begun.
func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(now.Sub(since).Seconds(), 0)
}

// Describe names the metrics.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, n := range numbers {
		out <- n.desc
	}
	for _, t := range ofTypes {
		out <- t.desc
	}
}

// Collect makes them.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	stats := c.server.Stats()
	for _, n := range numbers {
		out <- prometheus.MustNewConstMetric(n.desc, n.kind, n.of(&stats), n.label...)
	}
	types, now := c.server.Types(), time.Now()
	for i := range types {
		for _, m := range ofTypes {
			out <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, m.of(&types[i], now), types[i].Typeid)
		}
	}
}
