package tour

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/ctype"
)

// types prints the table of the types that Python names by a letter.
type types struct {
	sizes *multiproc.Func[struct{}, map[string]int]
}

func newTypes() types { return types{typeSizes} }

func (t types) program() Program {
	return Program{"types", "the type codes of Python and C, and the Go types with the same bytes", t.run}
}

// typeSizes asks another process how large the Go type of each code is.
var typeSizes = multiproc.Register("tour.types", func(context.Context, struct{}) (map[string]int, error) {
	sizes := map[string]int{}
	for _, t := range ctype.All() {
		if t.Refused == "" {
			sizes[string(t.Code)] = int(t.Go.Size())
		}
	}
	return sizes, nil
})

// wantCodes are the letters that the array and multiprocessing modules of
// Python take, and the one that ctypes adds for bool.
const wantCodes = "cbBuwhHiIlLqQfd?"

func (t types) run(ctx context.Context, s *stage) error {
	s.Say("Python's array, ctypes and multiprocessing name element types by a letter. Package ctype knows what each is on this platform:")
	s.Show("%-4s  %-13s  %-18s  %4s  %5s  %s", "code", "ctypes", "C", "size", "align", "Go")
	sizes, err := call(ctx, t.sizes, struct{}{})
	if err != nil {
		return err
	}
	var codes []string
	var refused []ctype.Type
	sound := true
	for _, row := range ctype.All() {
		if row.Refused != "" {
			refused = append(refused, row)
			continue
		}
		codes = append(codes, string(row.Code))
		s.Show("%-4s  %-13s  %-18s  %4d  %5d  %v", fmt.Sprintf("'%c'", row.Code), row.Name, row.CName, row.Size, row.Align, row.Go)
		sound = sound && sizes[string(row.Code)] == int(row.Size)
	}
	missing := strings.Map(func(r rune) rune {
		if slices.Contains(codes, string(r)) {
			return -1
		}
		return r
	}, wantCodes)
	s.Check(missing == "", "all %d codes are there%s", len(codes), prefixed(", missing: ", missing))
	s.Check(sound && len(sizes) == len(codes), "in another process, each Go type has the size of its C type")

	s.Say("Types that can't be shared, and why:")
	reason := ""
	for _, row := range refused {
		because, instead, _ := strings.Cut(row.Refused, "; ")
		if because != reason {
			reason = because
			s.Show("%s:", because)
		}
		s.Show("    %-13s  %s", row.Name, instead)
	}
	return nil
}

// prefixed is text with a prefix, or nothing.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
