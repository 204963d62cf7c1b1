package pickletest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

var (
	duration = flag.Duration("pickle.duration", 2*time.Second, "how long each test with random values goes on")
	// More tell nothing new.
	mostFailures = flag.Int("pickle.failures", 3, "how many differences of each Python end TestGraphs")
	seedFlag     = flag.Uint64("pickle.seed", 0, "the first seed; 0: from the clock")
)

// firstSeed is the seed that a test begins with; others follow upon it.
func firstSeed(t testing.TB) uint64 {
	s := *seedFlag
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("-pickle.seed=%d", s)
	return s
}

var (
	//go:embed classes.py
	classesSource string
	//go:embed boxes.py
	boxesSource string
	//go:embed generate.py
	generateSource string
	//go:embed compare.py
	compareSource string
	//go:embed exchange.py
	exchangeSource string
	//go:embed child.py
	childSource string
	//go:embed selftest.py
	selftestSource string
	//go:embed describe.py
	describeSource string
	//go:embed corpus.py
	corpusSource string
)

// modules are what a child has, the one that answers last. The names are those under which Python's pickles name the classes.
func modules(handler, source string) []pythons.Module {
	return []pythons.Module{
		{Name: "pickletest_classes", Source: classesSource},
		{Name: "pickletest_boxes", Source: boxesSource},
		{Name: "pickletest_generate", Source: generateSource},
		{Name: "pickletest_compare", Source: compareSource},
		{Name: "pickletest_exchange", Source: exchangeSource},
		{Name: handler, Source: source},
	}
}

// level is what generate.py calls the interpreter's version.
func level(p pythons.Python) int { return 100*p.Major + p.Minor }

// A variant is one way in which Python writes a graph: a protocol, and one of the ways that child.py's dump knows.
type variant struct {
	Protocol int
	How      string
}

func (v variant) String() string { return fmt.Sprintf("protocol %d, %s", v.Protocol, v.How) }

func (v variant) MarshalJSON() ([]byte, error) { return json.Marshal([]any{v.Protocol, v.How}) }

// request is the first line of what a child is asked; blobs follow. Which fields count depends on Op, see child.py.
type request struct {
	Op       string    `json:"op"`
	Lengths  []int     `json:"lengths"`
	Seed     uint64    `json:"seed"`
	Level    int       `json:"level"`
	Strict   bool      `json:"strict"`
	Variants []variant `json:"variants"`
	Of       []int     `json:"of"`
	Written  []int     `json:"written"`
	Buffers  []int     `json:"buffers"` // how many blobs are buffers of each pickle; they follow the pickles
}

// answer is the first line of what comes back.
type answer struct {
	Lengths []int          `json:"lengths"`
	Whys    []string       `json:"whys"`
	Answers []string       `json:"answers"`
	Split   int            `json:"split"`
	Own     int            `json:"own"`
	Buffers []int          `json:"buffers"`
	Counts  map[string]int `json:"counts"`
}

// ask sends a request to a child.
func ask(c *pythons.Child, r request, blobs ...[]byte) (a answer, out [][]byte, err error) {
	r.Lengths = []int{}
	for _, b := range blobs {
		r.Lengths = append(r.Lengths, len(b))
	}
	head, err := json.Marshal(r)
	if err != nil {
		return a, nil, err
	}
	reply, err := c.Call(bytes.Join(append([][]byte{append(head, '\n')}, blobs...), nil))
	if err != nil {
		return a, nil, err
	}
	line, rest, _ := bytes.Cut(reply, []byte("\n"))
	if err := json.Unmarshal(line, &a); err != nil {
		return a, nil, fmt.Errorf("%w in %.200q", err, line)
	}
	for _, n := range a.Lengths {
		out = append(out, rest[:n:n])
		rest = rest[n:]
	}
	return a, out, nil
}

// dis is the listing of a pickle that Python's pickletools give, cut to what a person reads.
func dis(c *pythons.Child, data []byte) string {
	_, out, err := ask(c, request{Op: "dis"}, data)
	if err != nil {
		return err.Error()
	}
	lines := strings.SplitAfterN(string(out[0]), "\n", 161)
	if len(lines) > 160 {
		lines[160] = "...\n"
	}
	text := strings.Join(lines, "")
	if len(data) <= 600 {
		text += fmt.Sprintf("%q\n", data)
	}
	return text
}
