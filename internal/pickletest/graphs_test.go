package pickletest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"github.com/multiproc-go/multiproc/pickle"
)

// TestGraphs: what Go writes of a graph that it has read from Python's pickle is that graph, in Python.
func TestGraphs(t *testing.T) {
	all := pythons.Require(t)
	base := firstSeed(t)
	children := make([]*pythons.Child, len(all))
	for i, p := range all {
		children[i] = p.Serve(t, modules("pickletest_child", childSource)...)
	}
	tallies := make([]*tally, len(all))
	var done sync.WaitGroup
	end := time.Now().Add(*duration)
	for i := range all {
		tallies[i] = &tally{ways: map[variant]int{}, opcodes: map[string]int{}}
		done.Go(func() {
			// At least one graph, however short the time.
			for seed := base; (seed == base || time.Now().Before(end)) && tallies[i].failures < *mostFailures; seed++ {
				if err := oneGraph(t, seed, children, i, tallies[i]); err != nil {
					t.Errorf("%v: %v", all[i], err)
					return
				}
			}
		})
	}
	done.Wait()
	report(t, all, tallies)
}

// A graph is what a Python has made of a seed, and how it has pickled it.
type graph struct {
	t      *testing.T
	seed   uint64
	c      *pythons.Child // which has the graph
	other  *pythons.Child // another version, which can make it as well; nil for most graphs
	made   request
	why    []string   // by variant: why Python could not write or read this one
	data   [][]byte   // by variant
	beside [][][]byte // by variant: buffers
	n      *tally
}

// An output is what Go wrote of one variant.
type output struct {
	of, protocol int
	data         []byte
	buffers      [][]byte
}

// oneGraph has a Python make one graph and looks what Go does with its pickles. An error means that the child is of no more use; differences are reported here.
func oneGraph(t *testing.T, seed uint64, children []*pythons.Child, at int, n *tally) error {
	c := children[at]
	g := &graph{t: t, seed: seed, c: c, n: n}
	r := rand.New(rand.NewPCG(seed, uint64(level(c.Python))))
	if err := g.make(r, children); err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	var mine, others []output
	for i, v := range g.made.Variants {
		if g.why[i] != "" {
			n.refused++
			continue
		}
		n.pickles++
		n.bytes += len(g.data[i])
		n.ways[v]++
		value, err := decode(r, g.data[i], g.beside[i])
		if err != nil {
			g.fail(output{of: i}, "not read: %v", err)
			continue
		}
		for protocol := 2; protocol <= 5; protocol++ {
			toMine, toOther := protocol <= c.Python.Protocol(), g.crosses(v, protocol)
			if !toMine && !toOther || r.IntN(2) == 0 {
				continue
			}
			o := output{of: i, protocol: protocol}
			if !g.write(&o, value, toMine && r.IntN(4) == 0) {
				continue
			}
			if toMine {
				mine = append(mine, o)
			}
			if toOther && o.buffers == nil {
				others = append(others, o)
			}
		}
	}
	if err := g.judge(c, request{Op: "check"}, mine); err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	n.crossed += len(others)
	if err := g.judge(g.other, request{Op: "cross", Seed: g.made.Seed, Level: g.made.Level, Strict: true}, others); err != nil {
		return fmt.Errorf("seed %d: %w", seed, err)
	}
	return g.count()
}

// make asks for the graph.
func (g *graph) make(r *rand.Rand, children []*pythons.Child) error {
	p := g.c.Python
	g.made = request{Op: "make", Seed: r.Uint64(), Level: level(p), Variants: variants(r, p)}
	if o := children[r.IntN(len(children))]; o != g.c && r.IntN(3) == 0 && p.AtLeast(3, 0) && o.Python.AtLeast(3, 0) {
		g.other, g.made.Strict, g.made.Level = o, true, min(level(p), level(o.Python))
	}
	a, out, err := ask(g.c, g.made)
	if err != nil {
		return err
	}
	g.n.graphs++
	g.why, g.data = a.Whys, out[:len(g.made.Variants)]
	out = out[len(g.made.Variants):]
	for _, k := range a.Buffers {
		g.beside = append(g.beside, out[:k])
		out = out[k:]
	}
	return nil
}

// crosses tells whether the other version is to compare what is written of a variant. It compares with a graph of its own, of which some variants say less: without a memo nothing is shared,
// and the picklers in Python have no memo for bytearrays, neither have protocols below 3 all names.
func (g *graph) crosses(v variant, protocol int) bool {
	return g.other != nil && protocol >= 3 && v.Protocol >= 3 && v.How != "fast" && v.How != "python" && protocol <= g.other.Python.Protocol()
}

// write has Go write the value that it has read, and read it again. beside lets it leave long bytes to buffers, if the protocol is 5.
func (g *graph) write(o *output, value any, beside bool) bool {
	cfg := pickle.Config{Protocol: o.protocol}
	if beside {
		cfg.TakeBuffer = func(b []byte) bool {
			if len(b) < 40 {
				return false
			}
			o.buffers = append(o.buffers, bytes.Clone(b))
			return true
		}
	}
	var err error
	if o.data, err = encode(cfg, value); err != nil {
		g.fail(*o, "not written with protocol %d: %v", o.protocol, err)
		return false
	}
	g.n.written++
	g.n.bytes += len(o.data)
	if v := g.made.Variants[o.of]; v == (variant{o.protocol, "c"}) {
		g.n.ratio[0] += len(o.data)
		g.n.ratio[1] += len(g.data[o.of])
	}
	if o.buffers == nil {
		if err := again(cfg, value, o.data, false); err != nil {
			g.fail(*o, "Go's own pickle with protocol %d: %v", o.protocol, err)
		}
	}
	return true
}

// judge has a Python compare what Go wrote.
func (g *graph) judge(c *pythons.Child, q request, outputs []output) error {
	if len(outputs) == 0 {
		return nil
	}
	var blobs [][]byte
	for _, o := range outputs {
		written := o.protocol
		if q.Op == "cross" { // the pickle that was read may have said less than the graph
			written = min(written, g.made.Variants[o.of].Protocol)
		}
		q.Of, q.Written, q.Buffers = append(q.Of, o.of), append(q.Written, written), append(q.Buffers, len(o.buffers))
		blobs = append(blobs, o.data)
	}
	for _, o := range outputs {
		blobs = append(blobs, o.buffers...)
	}
	a, _, err := ask(c, q, blobs...)
	if err != nil {
		return err
	}
	g.n.split += a.Split
	g.n.own += a.Own
	for i, o := range outputs {
		if a.Answers[i] != "" {
			g.fail(o, "written with protocol %d, %v says: %s", o.protocol, c.Python, a.Answers[i])
		}
	}
	return nil
}

// fail reports a difference, with the listings of what was read and what was written.
func (g *graph) fail(o output, format string, args ...any) {
	g.n.failures++
	text := fmt.Sprintf("%v, -pickle.seed=%d, %v: ", g.c.Python, g.seed, g.made.Variants[o.of]) + fmt.Sprintf(format, args...)
	if g.n.failures <= *mostFailures {
		text += "\nread:\n" + dis(g.c, g.data[o.of])
		if o.data != nil {
			text += "\nwritten:\n" + dis(g.c, o.data)
		}
	}
	g.t.Error(text)
}

// count counts the opcodes of one graph in eight, and of those with buffers, which are rare.
func (g *graph) count() error {
	if g.n.graphs%8 != 1 && !slices.ContainsFunc(g.beside, func(b [][]byte) bool { return len(b) > 0 }) {
		return nil
	}
	a, _, err := ask(g.c, request{Op: "opcodes"}, g.data...)
	for name, k := range a.Counts {
		g.n.opcodes[name] += k
	}
	return err
}

// variants draws three ways of writing.
func variants(r *rand.Rand, p pythons.Python) (out []variant) {
	hows := []string{"c", "c", "python", "optimised", "fast"}
	if p.AtLeast(3, 0) {
		hows = append(hows, "names")
	}
	for range 3 {
		v := variant{r.IntN(p.Protocol() + 1), hows[r.IntN(len(hows))]}
		if v.Protocol == 5 && r.IntN(4) == 0 {
			v.How = "buffers"
		}
		out = append(out, v)
	}
	return out
}

// decode reads a pickle in one of the ways in which package pickle can.
func decode(r *rand.Rand, data []byte, buffers [][]byte) (v any, err error) {
	defer caught(&err)
	cfg := pickle.Config{Buffers: buffers}
	switch r.IntN(7) {
	case 0:
		cfg.Alias = true
	case 6:
		cfg.Limits = proportionate(data)
		for _, b := range buffers {
			cfg.Limits.Memory += int64(len(b))
		}
	case 1:
		return cfg.NewDecoder(bytes.NewReader(data)).Value()
	case 2:
		if len(data) < 10_000 {
			return cfg.NewDecoder(iotest.OneByteReader(bytes.NewReader(data))).Value()
		}
	}
	return cfg.Decode(data)
}

// encode writes a value.
func encode(cfg pickle.Config, v any) (data []byte, err error) {
	defer caught(&err)
	return cfg.Marshal(v)
}

// caught makes an error of a panic, which would hide the pickle that has led to it.
func caught(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// again reads what Go has written, which must be the value v. What older protocols write as something else (an instance made with keywords is a call of a partial there), or any
// of them if mayChange says so, must be the same from then on.
func again(cfg pickle.Config, v any, data []byte, mayChange bool) (err error) {
	defer caught(&err)
	for range 2 {
		back, err := pickle.Decode(data)
		if err != nil && mayChange && cfg.Protocol == 2 {
			return nil // a name of Python 2 in a pickle of Python 3 has got a meaning, and its arguments make no sense
		}
		if err != nil {
			return fmt.Errorf("does not read it: %w", err)
		}
		difference := iso(v, back)
		if difference == "" {
			return nil
		}
		if cfg.Protocol >= 4 && !mayChange {
			return fmt.Errorf("reads it as something else: %s", difference)
		}
		if data, err = cfg.Marshal(back); err != nil {
			return fmt.Errorf("read, it is not written again: %w", err)
		}
		v = back
	}
	return errors.New("reads it as something else each time")
}
