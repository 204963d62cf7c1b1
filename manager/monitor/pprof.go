package monitor

import (
	"fmt"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"
)

// Profiles, as go tool pprof fetches them. The handlers of net/http/pprof are not used: whoever imports that package has them on http.DefaultServeMux too, which a program may serve to everybody.

// maxSeconds is how long a profile may take.
const maxSeconds = 300

func profiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/{$}", profileIndex)
	mux.HandleFunc("GET /debug/pprof/profile", func(w http.ResponseWriter, r *http.Request) {
		during(w, r, 30, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
	})
	mux.HandleFunc("GET /debug/pprof/trace", func(w http.ResponseWriter, r *http.Request) {
		during(w, r, 1, func() error { return trace.Start(w) }, trace.Stop)
	})
	mux.HandleFunc("GET /debug/pprof/{name}", profile)
}

func profileIndex(w http.ResponseWriter, _ *http.Request) {
	var b strings.Builder
	b.WriteString("profile?seconds=30   of the CPU\ntrace?seconds=1      of what is executed\n")
	for _, p := range pprof.Profiles() {
		fmt.Fprintf(&b, "%-20s %d\n", p.Name(), p.Count())
	}
	b.WriteString("\nWith ?debug=1 they are text: goroutine?debug=2 has the stacks.\n")
	plain(w, http.StatusOK, b.String())
}

// profile writes one that is there already.
func profile(w http.ResponseWriter, r *http.Request) {
	p := pprof.Lookup(r.PathValue("name"))
	if p == nil {
		plain(w, http.StatusNotFound, "there is no such profile; see /debug/pprof/\n")
		return
	}
	debug, _ := strconv.Atoi(r.URL.Query().Get("debug"))
	if debug > 0 {
		header(w, "text/plain; charset=utf-8")
	} else {
		header(w, "application/octet-stream")
	}
	_ = p.WriteTo(w, debug)
}

// during writes what happens from now on for ?seconds=, or until the client goes. There can be only one of a kind in a process.
func during(w http.ResponseWriter, r *http.Request, seconds int, start func() error, stop func()) {
	if text := r.URL.Query().Get("seconds"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxSeconds {
			plain(w, http.StatusBadRequest, fmt.Sprintf("seconds must be a number from 1 to %d\n", maxSeconds))
			return
		}
		seconds = n
	}
	length := time.Duration(seconds) * time.Second
	// The program's http.Server may allow less time than this takes; one that has no deadlines does not matter.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(length + time.Minute))
	header(w, "application/octet-stream")
	if err := start(); err != nil {
		plain(w, http.StatusConflict, err.Error()+"\n")
		return
	}
	defer stop()
	over := time.NewTimer(length)
	defer over.Stop()
	select {
	case <-over.C:
	case <-r.Context().Done():
	}
}
