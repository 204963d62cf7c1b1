package monitor

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/multiproc-go/multiproc/manager"
)

// What /debug/objects and /debug/clients answer. Times are RFC 3339, and beside each is how long ago that was.

type objectList struct {
	Time      time.Time     `json:"time"`
	Held      int           `json:"objects_held"`
	Known     int           `json:"objects_known"`
	Truncated string        `json:"truncated,omitempty"`
	Objects   []objectEntry `json:"objects"`
}

type objectEntry struct {
	Ident      string    `json:"ident"`
	Typeid     string    `json:"typeid"`
	References int       `json:"references"`
	Items      *int      `json:"items,omitempty"`
	MaxItems   int       `json:"max_items,omitempty"`
	Unfinished int       `json:"unfinished,omitempty"`
	Holders    []holding `json:"holders,omitempty"`
	Waiters    []holding `json:"waiters,omitempty"`
}

type holding struct {
	Connection uint64    `json:"connection"`
	Client     chosen    `json:"client"`
	Gone       bool      `json:"gone,omitempty"`
	What       string    `json:"what"`
	Count      int       `json:"count,omitempty"`
	Since      time.Time `json:"since"`
	Seconds    float64   `json:"seconds"`
}

type clientList struct {
	Time        time.Time     `json:"time"`
	Connections int           `json:"connections"`
	Truncated   string        `json:"truncated,omitempty"`
	Clients     []clientEntry `json:"clients"`
}

type clientEntry struct {
	Connection uint64        `json:"connection"`
	Client     chosen        `json:"client"`
	Address    string        `json:"address"`
	Server     string        `json:"server"`
	Since      time.Time     `json:"since"`
	Seconds    float64       `json:"seconds"`
	Requests   uint64        `json:"requests"`
	BytesIn    uint64        `json:"bytes_in"`
	BytesOut   uint64        `json:"bytes_out"`
	Doing      manager.Doing `json:"doing"`
	Waits      *wait         `json:"waits,omitempty"`
}

type wait struct {
	What    string    `json:"what"`
	Ident   string    `json:"ident"`
	Since   time.Time `json:"since"`
	Seconds float64   `json:"seconds"`
}

func objects(w http.ResponseWriter, r *http.Request, s *manager.Server) {
	want, err := parseQuery(r.URL.Query(), []string{"ident", "typeid"}, []string{"held", "waiting"})
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	stats := s.Stats()
	list := objectList{Time: time.Now(), Held: stats.Objects, Known: stats.Known, Objects: []objectEntry{}}
	for o := range s.Objects() {
		if !want.text("ident", o.Ident) || !want.text("typeid", o.Typeid) || !want.flag("held", len(o.Holders) > 0) || !want.flag("waiting", len(o.Waiters) > 0) {
			continue
		}
		if len(list.Objects) == want.limit {
			list.Truncated = want.truncated()
			break
		}
		list.Objects = append(list.Objects, entryOf(&o, list.Time))
		if want.values.Has("ident") {
			break // there is no other
		}
	}
	write(w, list)
}

func entryOf(o *manager.ObjectInfo, now time.Time) objectEntry {
	e := objectEntry{Ident: o.Ident, Typeid: o.Typeid, References: o.References, MaxItems: o.MaxItems, Unfinished: o.Unfinished}
	if o.Sized {
		e.Items = &o.Items
	}
	e.Holders, e.Waiters = holdings(o.Holders, now), holdings(o.Waiters, now)
	return e
}

func holdings(hs []manager.Holding, now time.Time) []holding {
	var out []holding
	for _, h := range hs {
		out = append(out, holding{h.Connection, chosen(h.Client), h.Gone, h.What, h.Count, h.Since, age(now, h.Since)})
	}
	return out
}

func clients(w http.ResponseWriter, r *http.Request, s *manager.Server) {
	want, err := parseQuery(r.URL.Query(), []string{"name"}, []string{"waiting"})
	if err != nil {
		plain(w, http.StatusBadRequest, err.Error()+"\n")
		return
	}
	all := s.Clients()
	list := clientList{Time: time.Now(), Connections: len(all), Clients: []clientEntry{}}
	for _, c := range all {
		if !want.text("name", c.Name) || !want.flag("waiting", c.Doing == manager.DoingWaiting) {
			continue
		}
		if len(list.Clients) == want.limit {
			list.Truncated = want.truncated()
			break
		}
		e := clientEntry{c.Connection, chosen(c.Name), c.Address, c.Server, c.Since, age(list.Time, c.Since), c.Requests, c.BytesIn, c.BytesOut, c.Doing, nil}
		if c.Doing == manager.DoingWaiting {
			e.Waits = &wait{c.WaitsFor, c.Ident, c.WaitsSince, age(list.Time, c.WaitsSince)}
		}
		list.Clients = append(list.Clients, e)
	}
	write(w, list)
}

// write sends an answer. An error of it is that of a client that has gone.
func write(w http.ResponseWriter, v any) {
	header(w, "application/json")
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // it is no HTML, and Python's threads have names such as "Thread-1 (<lambda>)"
	e.SetIndent("", "  ")
	_ = e.Encode(v)
}
