package py

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
	"pgregory.net/rapid"
)

// TestLoopsThatChangeTheDict: a loop gets each key that was there when it began, once, if it is still there, and no other.
func TestLoopsThatChangeTheDict(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.IntRange(0, 60)
		d := NewDict()
		for i, k := range rapid.SliceOfN(key, 0, 60).Draw(t, "keys") {
			setAll(d, []Value{int64(k)})
			if i%3 == 0 {
				if _, _, err := d.Delete(int64(key.Draw(t, "gone"))); err != nil {
					t.Fatal(err)
				}
			}
		}
		// The keys that must come, in this order, and those that were deleted since, which may come if they were set again.
		var due []Value
		for k := range d.Keys() {
			due = append(due, k)
		}
		may, values := map[Value]bool{}, map[Value]Value{}
		changes := rapid.IntRange(0, 20).Draw(t, "changes")
		for k, v := range d.All() {
			switch {
			case len(due) > 0 && k == due[0]:
				due = due[1:]
			case may[k]:
				delete(may, k)
			default:
				t.Fatalf("%v comes, want %v or one of %v", k, due, may)
			}
			if found, err := d.Has(k); !found || err != nil || v != values[k] {
				t.Fatalf("%v: %v, want %v; found %v, %v", k, v, values[k], found, err)
			}
			for range changes {
				k := Value(int64(key.Draw(t, "changed")))
				if rapid.IntRange(0, 2).Draw(t, "delete") > 0 {
					v := Value(int64(len(due)))
					if err := d.Set(k, v); err != nil {
						t.Fatal(err)
					}
					values[k] = v
				} else if _, _, err := d.Delete(k); err != nil {
					t.Fatal(err)
				} else if i := slices.Index(due, k); i >= 0 {
					due = slices.Delete(due, i, i+1)
					may[k] = true
				}
			}
			if changes > 0 && rapid.IntRange(0, 40).Draw(t, "clear") == 0 {
				d.Clear()
				due, may = nil, nil
			}
		}
		if len(due) > 0 {
			t.Fatalf("%v did not come", due)
		}
	})
}

// iterations runs lists of steps over dicts with six keys, which leave room for four more without a new table, as here. The steps are +k, -k, n (next).
const iterations = `
import json
from collections import OrderedDict

def run(make, steps):
    d = make((str(k), k) for k in range(6))
    it = reversed(d) if steps.startswith('r') else iter(d)
    out = []
    for step in steps.split()[1:]:
        if step == 'n':
            try:
                out.append(next(it))
            except StopIteration:
                out.append('stop')
            except RuntimeError as e:
                out.append(str(e))
        elif step[0] == '+':
            d[step[1:]] = 1
        else:
            d.pop(step[1:], None)
    return out

def handle(request):
    return json.dumps([[run(t, steps) for t in (dict, OrderedDict)] for steps in json.loads(request.decode('ascii'))]).encode('ascii')
`

func runSteps(t *testing.T, c *Cursor, d *Dict, steps string) (out []string) {
	t.Helper()
	for _, step := range strings.Fields(steps)[1:] {
		switch step[0] {
		case '+':
			if err := d.Set(step[1:], nil); err != nil {
				t.Fatal(err)
			}
		case '-':
			if _, _, err := d.Delete(step[1:]); err != nil {
				t.Fatal(err)
			}
		default:
			k, _, ok, err := c.Next()
			switch {
			case err != nil:
				out = append(out, shortError(err)[len("RuntimeError: "):])
			case ok:
				out = append(out, k.(string))
			default:
				out = append(out, "stop")
			}
		}
	}
	return out
}

// TestCursorsLikePython: what Python says to an iteration over a dict that changes.
func TestCursorsLikePython(t *testing.T) {
	for _, p := range python3(t, 8) {
		t.Run(p.String(), func(t *testing.T) {
			child := p.Serve(t, pythons.Module{Name: "iterations", Source: iterations})
			r := rand.New(rand.NewPCG(5, 6))
			all := make([]string, 2000)
			for i := range all {
				all[i] = drawSteps(r)
			}
			request, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			reply, err := child.Call(request)
			if err != nil {
				t.Fatal(err)
			}
			var answers [][2][]string
			if err := json.Unmarshal(reply, &answers); err != nil {
				t.Fatal(err)
			}
			for i, steps := range all {
				d, o := NewDictSize(16), &OrderedDict{}
				o.Reserve(16)
				for k := range 6 {
					d.SetStr(fmt.Sprint(k), int64(k))
					o.SetStr(fmt.Sprint(k), int64(k))
				}
				cd, co := d.Cursor(), o.Cursor()
				if steps[0] == 'r' {
					cd, co = d.Backward(), o.Backward()
				}
				if got := runSteps(t, cd, d, steps); !slices.Equal(got, answers[i][0]) {
					t.Errorf("%s: %q, want %q", steps, got, answers[i][0])
				}
				if got := runSteps(t, co, &o.Dict, steps); !slices.Equal(got, answers[i][1]) && !replaced(steps) {
					t.Errorf("OrderedDict, %s: %q, want %q", steps, got, answers[i][1])
				}
			}
		})
	}
}

// drawSteps draws steps of which at most four set a key.
func drawSteps(r *rand.Rand) string {
	steps := []string{"f", "r"}[r.IntN(2)]
	room := 4
	for range r.IntN(15) {
		switch kind := r.IntN(10); {
		case kind == 0 && room > 0:
			room--
			steps += fmt.Sprint(" +", r.IntN(10))
		case kind == 1:
			steps += fmt.Sprint(" -", r.IntN(10))
		default:
			steps += " n"
		}
	}
	return steps + " n n n n n n n n"
}

// replaced reports whether as many keys may have come as have gone: a Cursor does not notice that in an OrderedDict before the end.
func replaced(steps string) bool {
	return strings.Contains(steps, "+") && strings.Contains(steps, "-")
}

// TestCursor has what the other test leaves out: what happens when the table is new.
func TestCursor(t *testing.T) {
	d := mustDict(t, "a", int64(1), "b", int64(2))
	c := d.Cursor()
	if k, v, ok, err := c.Next(); k != "a" || v != Value(int64(1)) || !ok || err != nil || c.Left() != 1 {
		t.Errorf("%v, %v, %v, %v; %d left", k, v, ok, err, c.Left())
	}
	for i := range 100 {
		setAll(d, []Value{int64(i)})
		if _, _, err := d.Delete(int64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, _, err := c.Next(); err == nil || err.Error() != "RuntimeError: dictionary keys changed during iteration" {
		t.Error(err)
	}
	if _, _, ok, err := c.Next(); ok || err != nil || c.Left() != 0 {
		t.Error(ok, err)
	}
	s := mustSet(t, "a", "b")
	c = s.Cursor()
	if _, err := s.Add("c"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, _, err := c.Next(); err == nil || err.Error() != "RuntimeError: Set changed size during iteration" || c.Left() != 0 {
			t.Error(err)
		}
	}
	c = s.Cursor()
	for i, want := range []Value{"a", "b", "c"} {
		if k, v, ok, err := c.Next(); k != want || v != nil || !ok || err != nil {
			t.Errorf("element %d: %v, %v, %v, %v", i, k, v, ok, err)
		}
	}
	if _, _, ok, err := c.Next(); ok || err != nil {
		t.Error(ok, err)
	}
}
