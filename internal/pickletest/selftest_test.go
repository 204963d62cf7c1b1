package pickletest

import (
	"encoding/json"
	"testing"

	"github.com/multiproc-go/multiproc/internal/pythons"
)

// TestComparisonSeesDifferences: what can't fail shows nothing.
func TestComparisonSeesDifferences(t *testing.T) {
	for _, p := range pythons.Require(t) {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			c := p.Serve(t, modules("pickletest_selftest", selftestSource)...)
			out, err := c.Call([]byte(`{"from": 0, "to": 300}`))
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Missed []string
				Told   int
				Kinds  map[string]int
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			for _, what := range got.Missed {
				t.Errorf("not seen: %s", what)
			}
			if got.Told < 100 || got.Kinds["split"] == 0 {
				t.Errorf("only %d changes, of these kinds: %v", got.Told, got.Kinds)
			}
		})
	}
}
