package testproc

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/internal/family"
)

// roleEnv makes the test binary a child.
const roleEnv = "MULTIPROC_TESTPROC"

type request struct {
	ID   int
	Op   string
	Args []string
}

type reply struct {
	ID       int
	Out, Err string
}

// OnMain runs on the main goroutine of a child while it serves. It need not return.
var OnMain func()

var handlers = map[string]func(args []string) (string, error){}

// Handle registers what a child does for an operation.
func Handle(op string, fn func(args []string) (string, error)) { handlers[op] = fn }

// Main runs the package's tests, or, in a child, serves requests until the parent is gone. It does not return.
func Main(m *testing.M) {
	if os.Getenv(roleEnv) == "" {
		os.Exit(m.Run())
	}
	os.Unsetenv(roleEnv)
	if _, worker := family.WorkerEnv(); worker && os.Getenv(lateEnv) == "" {
		if _, err := family.Home(); err != nil {
			fmt.Fprintln(os.Stderr, "testproc:", err)
			os.Exit(1)
		}
	}
	go func() {
		serve()
		os.Exit(0)
	}()
	if OnMain != nil {
		OnMain()
	}
	select {}
}

func serve() {
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	say := func(r reply) {
		mu.Lock()
		defer mu.Unlock()
		_ = out.Encode(r)
	}
	say(reply{}) // it has arrived
	for in.Scan() {
		var q request
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			fmt.Fprintln(os.Stderr, "testproc:", err)
			os.Exit(1)
		}
		go func() {
			fn := handlers[q.Op]
			if fn == nil {
				say(reply{ID: q.ID, Err: "no handler for " + q.Op})
				return
			}
			r := reply{ID: q.ID}
			var err error
			if r.Out, err = fn(q.Args); err != nil {
				r.Err = err.Error()
			}
			say(r)
		}()
	}
}
