package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Status is how one check came out.
type Status string

const (
	OK     Status = "ok"     // as it should be
	Note   Status = "note"   // no fault, but good to know
	Slower Status = "slower" // everything works, something less well
	Danger Status = "danger" // works now and will fail under load
	Broken Status = "broken" // multiproc can't work here
)

// Check is one thing that was looked at.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Means  string `json:"means,omitempty"` // what this means for the user
	Do     string `json:"do,omitempty"`    // what to do about it
}

// Section is a group of checks.
type Section struct {
	Title  string  `json:"title"`
	Checks []Check `json:"checks"`
}

// Report is all that was found. Its JSON form is what "multiproc doctor
// --json" writes; Format grows when a field changes its meaning.
type Report struct {
	Format   int       `json:"format"`
	Platform string    `json:"platform"`
	Works    bool      `json:"works"` // no check is Broken
	Sections []Section `json:"sections"`
}

// Count returns how many checks came out as s.
func (r *Report) Count(s Status) int {
	n := 0
	for _, section := range r.Sections {
		for _, c := range section.Checks {
			if c.Status == s {
				n++
			}
		}
	}
	return n
}

// WriteJSON writes the report, indented.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	width := 0
	for _, s := range r.Sections {
		for _, c := range s.Checks {
			width = max(width, len(c.Name))
		}
	}
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "%s\n", s.Title)
		for _, c := range s.Checks {
			fmt.Fprintf(&b, "  %-6s  %-*s  %s\n", c.Status, width, c.Name, c.Found)
			indent := strings.Repeat(" ", 2+6+2+width+2)
			writeAdvice(&b, indent, "", c.Means)
			writeAdvice(&b, indent, "-> ", c.Do)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%s\n", r.conclusion())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) conclusion() string {
	switch {
	case !r.Works:
		return fmt.Sprintf("multiproc does not work here: see what is marked broken (%d).", r.Count(Broken))
	case r.Count(Danger) > 0:
		return fmt.Sprintf("multiproc works here, but may be stopped under load by what is marked danger (%d).", r.Count(Danger))
	case r.Count(Slower) > 0:
		return fmt.Sprintf("multiproc works here; what is marked slower (%d) could be better.", r.Count(Slower))
	default:
		return "multiproc works here, with everything it can use."
	}
}

// textWidth is where advice is broken into lines.
const textWidth = 100

// writeAdvice writes text, if there is any, in lines that begin with indent;
// the first has lead after it and the others align with that.
func writeAdvice(b *strings.Builder, indent, lead, text string) {
	words := strings.Fields(text)
	for len(words) > 0 {
		b.WriteString(indent + lead)
		used := len(indent) + len(lead)
		for i := 0; len(words) > 0 && (i == 0 || used+1+len(words[0]) <= textWidth); i++ {
			if i > 0 {
				b.WriteByte(' ')
				used++
			}
			b.WriteString(words[0])
			used += len(words[0])
			words = words[1:]
		}
		b.WriteByte('\n')
		lead = strings.Repeat(" ", len(lead))
	}
}
