// Command small is the program whose start "multiproc bench" measures: it
// starts itself as a worker, or another program, as often as it is asked to.
package main

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/internal/bench/starting"
)

type reply struct {
	Ready bool    `json:"ready,omitempty"`
	NS    float64 `json:"ns,omitempty"`
	Error string  `json:"error,omitempty"`
}

func main() {
	multiproc.Main()
	out := json.NewEncoder(os.Stdout)
	in := json.NewDecoder(os.Stdin)
	out.Encode(reply{Ready: true})
	for {
		var ask starting.Ask
		if in.Decode(&ask) != nil {
			return
		}
		wakeUp()
		var r reply
		ns, err := ask.Do(context.Background())
		if err != nil {
			r.Error = err.Error()
		}
		r.NS = ns
		out.Encode(r)
	}
}

// wakeUp keeps a CPU busy for a moment, as the harness does before each round;
// importing the harness for it would make this program a large one.
func wakeUp() {
	for begin := time.Now(); time.Since(begin) < 5*time.Millisecond; {
	}
}
