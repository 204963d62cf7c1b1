//go:build linux

package siege

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

//go:embed testdata/zygote.py
var zygoteScript string

// A zygote is an interpreter from which clients are forked, see testdata/zygote.py. There is one of each Python, for all tests.
type zygote struct {
	pythons.Python
	cmd  *exec.Cmd
	over chan struct{} // closed when it has ended

	mu      sync.Mutex
	in      io.Writer
	clients map[string]*pyClient
	next    int
}

// A pyClient is a process of real Python with a manager `m`, that runs a script.
type pyClient struct {
	z     *zygote
	t     testing.TB
	tag   string // also its process' name, by which the server knows it
	lines chan []string
	tell  func(line []string) // gets the lines instead
}

// zygotes are all that there are.
var zygotes struct {
	sync.Mutex
	all map[string]*zygote
}

// hatch starts a zygote of each Python that has none, and returns them, the oldest first.
func hatch(t testing.TB) []*zygote {
	t.Helper()
	zygotes.Lock()
	defer zygotes.Unlock()
	if zygotes.all == nil {
		zygotes.all = map[string]*zygote{}
	}
	var out []*zygote
	var fresh []*pyClient
	for _, p := range pythons.Require(t) {
		z := zygotes.all[p.Path]
		if z == nil {
			z = &zygote{Python: p, clients: map[string]*pyClient{}, over: make(chan struct{})}
			self := &pyClient{z: z, t: t, tag: "zygote", lines: make(chan []string, 8)}
			z.clients[self.tag] = self
			if err := z.start(); err != nil {
				t.Fatal(err)
			}
			zygotes.all[p.Path] = z
			fresh = append(fresh, self)
		}
		out = append(out, z)
	}
	for _, self := range fresh {
		self.expect("ready")
	}
	t.Cleanup(func() {
		for _, z := range out {
			z.reap(t)
		}
	})
	return slices.Clone(out)
}

// each runs a test with clients of every Python, some of them at the same time: each has a citizen of its own.
func each(t *testing.T, s *town, test func(t *testing.T, z *zygote, n int)) {
	t.Helper()
	all := hatch(t)
	t.Run("all", func(t *testing.T) {
		for n, z := range all {
			t.Run(z.String(), func(t *testing.T) {
				t.Parallel()
				test(t, z, n)
			})
		}
	})
	s.isQuiet(t, 0)
}

// reap kills the clients that a test has left, because it has failed.
func (z *zygote) reap(t testing.TB) {
	z.mu.Lock()
	var left []*pyClient
	for _, c := range z.clients {
		if c.tag != "zygote" {
			left = append(left, c)
		}
	}
	z.mu.Unlock()
	for _, c := range left {
		c.t = t
		c.kill()
	}
}

func (z *zygote) start() error {
	z.cmd = z.Command(context.Background(), "-c", zygoteScript, hex.EncodeToString(key))
	z.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	z.cmd.Stderr = os.Stderr
	stdin, err := z.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := z.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	z.in = stdin
	if err := z.cmd.Start(); err != nil {
		return err
	}
	go func() { defer close(z.over); z.read(stdout) }()
	return nil
}

// bury ends all zygotes, and what is left of their clients.
func bury() {
	zygotes.Lock()
	defer zygotes.Unlock()
	for _, z := range zygotes.all {
		_ = syscall.Kill(-z.cmd.Process.Pid, syscall.SIGKILL)
		<-z.over
		_ = z.cmd.Wait()
	}
	zygotes.all = nil
}

// read hands each line to whom it is about.
func (z *zygote) read(from io.Reader) {
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break
		}
		words := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		z.mu.Lock()
		c := z.clients[words[0]]
		z.mu.Unlock()
		if c == nil || len(words) < 2 {
			continue
		}
		if c.tell != nil && !orders[words[1]] {
			c.tell(words[1:])
			continue
		}
		c.lines <- words[1:]
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, c := range z.clients {
		close(c.lines)
	}
}

// orders are answered by the zygote on behalf of a client.
var orders = map[string]bool{"kill": true, "stop": true, "wait": true}

func (z *zygote) order(words ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	_, _ = io.WriteString(z.in, strings.Join(words, " ")+"\n") // if it is gone, expect fails
}

// run forks a client that runs a script. What stands in braces is replaced: "{queue}" by "queue" and what follows it in fill.
func (z *zygote) run(t testing.TB, s *town, source string, fill ...string) *pyClient {
	return z.listen(t, s, nil, source, fill...)
}

// listen is run, with a function that gets what the client says, one line after the other, in the order in which it was said.
func (z *zygote) listen(t testing.TB, s *town, tell func([]string), source string, fill ...string) *pyClient {
	for i := 0; i < len(fill); i += 2 {
		source = strings.ReplaceAll(source, "{"+fill[i]+"}", fill[i+1])
	}
	z.mu.Lock()
	z.next++
	c := &pyClient{z: z, t: t, tag: fmt.Sprintf("py%d.%d-%d", z.Major, z.Minor, z.next), lines: make(chan []string, 256), tell: tell}
	z.clients[c.tag] = c
	z.mu.Unlock()
	z.order("run", c.tag, s.address, hex.EncodeToString([]byte(source)))
	return c
}

// expect waits for the next line of the client, which must begin with these words, and returns the others.
func (c *pyClient) expect(words ...string) []string {
	c.t.Helper()
	line := c.line()
	if len(line) < len(words) || strings.Join(line[:len(words)], " ") != strings.Join(words, " ") {
		c.t.Fatalf("%v, %s: says %v, expected %v", c.z.Python, c.tag, readable(line), words)
	}
	return line[len(words):]
}

func (c *pyClient) line() []string {
	c.t.Helper()
	select {
	case line, ok := <-c.lines:
		if !ok {
			c.t.Fatalf("%v, %s: the zygote has ended", c.z.Python, c.tag)
		}
		return line
	case <-time.After(watchdog):
		c.t.Fatalf("%v, %s: has said nothing for %v", c.z.Python, c.tag, watchdog)
		return nil
	}
}

// readable is a line in which a traceback can be read.
func readable(line []string) []string {
	if len(line) == 2 && line[0] == "failed" {
		text, _ := hex.DecodeString(line[1])
		return []string{"failed", string(text)}
	}
	return line
}

// kill returns when the process is no more.
func (c *pyClient) kill() {
	c.t.Helper()
	c.z.order("kill", c.tag)
	c.answered("kill")
}

// stop returns when the process is stopped, in whatever it does.
func (c *pyClient) stop() {
	c.t.Helper()
	c.z.order("stop", c.tag)
	c.answered("stop")
}

// answered waits for the zygote's answer, and passes over what the client has said before.
func (c *pyClient) answered(order string) {
	c.t.Helper()
	for c.line()[0] != order {
	}
	if order == "kill" {
		c.forget()
	}
}

// finish waits for the end of the script.
func (c *pyClient) finish() {
	c.t.Helper()
	c.expect("end")
	c.z.order("wait", c.tag)
	c.expect("wait")
	c.forget()
}

func (c *pyClient) forget() {
	c.z.mu.Lock()
	defer c.z.mu.Unlock()
	delete(c.z.clients, c.tag)
}

// goes ends a process in one of the ways.
func (c *pyClient) goes(way string) {
	c.t.Helper()
	if strings.HasPrefix(way, "stopped") {
		c.stop()
	}
	c.kill()
}
