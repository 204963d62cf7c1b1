package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/multiproc-go/multiproc/internal/bench"
)

// clients is how many Python processes call at once, where it isn't one.
const clients = 4

// mixture is what bench_manager.py's clients call.
const mixture = "each client has a list, a dict and a Value of its own, and calls append, [-1], pop; d[k] = v, get, k in d; set, get; and again"

func managerRows(w workload) []bench.Row {
	calls := func(name, title, network string, clients int, targets ...bench.Target) bench.Row {
		m := managed{network: network, work: "calls", n: clients, pythonN: clients, echo: true, note: mixture}
		return m.row(w, bench.Row{Name: name, Title: title, Op: "call", Targets: targets})
	}
	return []bench.Row{
		calls("manager-calls", "calls of 4 Python clients of one manager, unix socket", "unix", clients, bench.AtLeast(0.85, echoing), bench.Compare(python)),
		calls("manager-calls-tcp", "the same over TCP", "tcp", clients, bench.AtLeast(0.85, echoing), bench.Compare(python)),
		calls("manager-calls-alone", "calls of 1 Python client, unix socket", "unix", 1, bench.AtLeast(1, python), bench.Compare(echoing)),
		managed{network: "unix", work: "cpu", n: clients, pythonN: clients, echo: true, note: "user and system time of the server's process; " + mixture}.row(w, bench.Row{
			Name: "manager-cpu", Title: "what the server computes for a call of 4 Python clients", Op: "call",
			Targets: []bench.Target{bench.AtMost(0.5, python), bench.AtMost(1.3, echoing)},
		}),
		managed{network: "tcp", work: "create", n: w.creations, pythonN: w.pythonCreates, note: "which is four connections: create, incref, and decref twice"}.row(w, bench.Row{
			Name: "manager-create", Title: "a Python creates a list over TCP and drops it", Op: "list",
			Targets: []bench.Target{bench.AtLeast(30, python)},
		}),
		managed{network: "unix", work: "block", n: w.pythonBlocks, pythonN: w.pythonBlocks}.row(w, bench.Row{
			Name: "manager-64m", Title: fmt.Sprintf("%d MiB of bytes appended to a list by a Python, and popped", w.block>>20), Op: "there and back",
			Targets: []bench.Target{bench.AtLeast(1.3, python)},
		}),
		managed{
			network: "unix", work: "memory", echo: true,
			note: "resident memory of the server's process, above what it has before its first client, while each busy connection has a request under way",
		}.row(w, bench.Row{
			Name: "manager-memory", Title: fmt.Sprintf("memory for %d idle and %d busy connections", w.idle, w.busy), Op: "server", Unit: bench.Bytes,
			Targets: []bench.Target{bench.Memory(64e6), bench.Compare(python), bench.Compare(echoing)},
		}),
	}
}

// managed is a row in which a Python is the client of a manager: of ours, of CPython's, and of an echo.
type managed struct {
	network string
	work    string // a name in bench_manager.py
	n       int    // how often it is done in a round, or by how many
	pythonN int
	echo    bool // an echo can take part
	note    string
}

func (m managed) row(w workload, r bench.Row) bench.Row {
	r.Setup = func(ctx context.Context, env *bench.Env) (*bench.Work, error) { return m.setUp(ctx, env, w) }
	return r
}

func (m managed) setUp(ctx context.Context, env *bench.Env, w workload) (work *bench.Work, err error) {
	if len(env.Pythons) == 0 {
		return nil, fmt.Errorf("%w: the clients are Pythons in any case, and there is none", bench.ErrSkip)
	}
	scripts, err := env.StartAll(ctx, "manager")
	if err != nil {
		return nil, err
	}
	end := scripts.Close
	defer func() {
		if err != nil {
			end()
		}
	}()
	if m.work == "memory" {
		if err := enoughFiles(ctx, scripts[0], w.idle+w.busy); err != nil {
			return nil, err
		}
	}
	ask := func(n int, echo bool, address any, pid int) map[string]any {
		return map[string]any{
			"work": m.work, "network": m.network, "address": address, "pid": pid, "echo": echo, "n": n,
			"seconds": w.callFor.Seconds(), "size": w.block, "idle": w.idle, "busy": w.busy,
		}
	}
	work = &bench.Work{Notes: []string{"the clients are " + env.Pythons[0].Label() + "'s and don't know whose the server is"}}
	if m.note != "" {
		work.Notes = append(work.Notes, m.note)
	}
	servers := []managerCase{{ours, ours, serveManager}}
	if m.echo {
		servers = append(servers, managerCase{echoing, "an echo", serveEcho})
	}
	for _, one := range servers {
		s, err := one.start(ctx, m.network)
		if err != nil {
			return nil, err
		}
		end = closeAll(end, s.end) // the clients first
		work.Cases = append(work.Cases, bench.Case{
			Key: one.key, Label: one.label, Round: scripts[0].Round(ask(m.n, one.key == echoing, s.address, s.pid)),
		})
	}
	work.Cases = append(work.Cases, env.PythonCases(scripts, python, "get_server()", ask(m.pythonN, false, nil, 0))...)
	work.Close = end
	return work, nil
}

// spareFiles are those that a process has open besides.
const spareFiles = 100

// enoughFiles skips the row if a process may not have so many connections.
func enoughFiles(ctx context.Context, s *bench.Script, connections int) error {
	limit, err := s.Ask(ctx, map[string]string{"work": "files"})
	if err == nil && limit.PerOp < float64(connections+spareFiles) {
		err = fmt.Errorf("%w: a process may have %v files open here, and %d connections are needed", bench.ErrSkip, limit.PerOp, connections)
	}
	return err
}

// serverGrace is how long a server may take to end.
const serverGrace = time.Minute
