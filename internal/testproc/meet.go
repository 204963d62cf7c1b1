package testproc

import (
	"slices"
	"testing"
)

// Meet lists the kill points that a piece of work passes: record does the work once, while passes are recorded, and returns how many there were. Where several processes
// contend, who is faster decides what one run meets, so it is done several times, and again until all that it has to meet were there. Each point comes with the most
// passes of a run.
func Meet(t testing.TB, runs int, must []string, record func() map[string]int) map[string]int {
	t.Helper()
	points := map[string]int{}
	var missing []string
	defer func() {
		t.Log("points:", points)
		if len(missing) > 0 {
			t.Log("never met:", missing)
		}
	}()
	Eventually(t, "all points met", func() bool {
		for name, n := range record() {
			points[name] = max(points[name], n)
		}
		missing = slices.DeleteFunc(slices.Clone(must), func(name string) bool { return points[name] > 0 })
		runs--
		return runs <= 0 && len(missing) == 0
	})
	return points
}
