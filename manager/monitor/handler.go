package monitor

import (
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/multiproc-go/multiproc/manager"
)

const index = `/healthz         whether new clients are accepted
/metrics         for Prometheus
/debug/objects   the shared objects: how large, who holds them, who waits  (?ident= ?typeid= ?held=1 ?waiting=1 ?limit=)
/debug/clients   the connections: who, since when, what they wait for  (?name= ?waiting=1 ?limit=)
/debug/pprof/    profiles
`

// atOnce is how many requests that go through all objects are answered at once.
const atOnce = 4

// Handler shows a Server: see the package's documentation for what there is, and for who should be able to reach it. It keeps nothing running; any number of Handlers can be made for one server, also
// before it serves and after it was closed.
func Handler(s *manager.Server) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(Collector(s), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	places := make(chan struct{}, atOnce)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, index) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { health(w, s) })
	mux.Handle("GET /metrics", limited(places, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
	mux.Handle("GET /debug/objects", limited(places, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { objects(w, r, s) })))
	mux.Handle("GET /debug/clients", limited(places, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { clients(w, r, s) })))
	profiles(mux)
	return mux
}

// answerTime is how long such an answer may take to be written: who does not read must not keep the place, whatever deadlines the program's http.Server has.
const answerTime = time.Minute

// limited refuses requests for which there is no place.
func limited(places chan struct{}, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime))
			h.ServeHTTP(w, r)
		default:
			plain(w, http.StatusServiceUnavailable, "too many such requests are being answered\n")
		}
	})
}

func health(w http.ResponseWriter, s *manager.Server) {
	stats := s.Stats()
	if why := reason(&stats); why != "" {
		plain(w, http.StatusServiceUnavailable, why+"\n")
		return
	}
	plain(w, http.StatusOK, "ok\n")
}

// reason is why a server accepts no clients; empty if it does.
func reason(s *manager.Stats) string {
	switch {
	case s.Closed:
		return "closed"
	case s.Draining:
		return "draining: no new clients are accepted, and the calls that are being made are waited for"
	case s.Listeners == 0:
		return "not serving: there is no listener"
	}
	return ""
}

func plain(w http.ResponseWriter, status int, text string) {
	header(w, "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// header says what is coming, and that a browser must not take it for anything else, or keep it.
func header(w http.ResponseWriter, contentType string) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}
