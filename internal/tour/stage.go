package tour

import (
	"fmt"
	"io"
	"strings"
)

// width is where text is broken into lines.
const width = 80

// indent stands before what a program observed, as opposed to what it says.
const indent = "    "

// stage is what a program prints on and is judged by.
type stage struct {
	w        io.Writer
	progress io.Writer // the terminal, or what there is in its place
	wrong    int       // how many checks failed
	err      error     // the first error of w
	begun    bool      // something was printed below the title
}

func (s *stage) print(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

func (s *stage) title(p Program) {
	head := p.Name + ": " + p.Short
	s.print(head + "\n" + strings.Repeat("-", len([]rune(head))) + "\n")
}

func (s *stage) end() { s.print("\n") }

// Say prints a paragraph, broken into lines.
func (s *stage) Say(format string, args ...any) {
	if s.begun {
		s.print("\n")
	}
	s.begun = true
	var b strings.Builder
	used := 0
	for word := range strings.FieldsSeq(fmt.Sprintf(format, args...)) {
		switch n := len([]rune(word)); {
		case used == 0:
			used = n
		case used+1+n > width:
			b.WriteByte('\n')
			used = n
		default:
			b.WriteByte(' ')
			used += 1 + n
		}
		b.WriteString(word)
	}
	s.print(b.String() + "\n")
}

// Show prints what was observed, indented.
func (s *stage) Show(format string, args ...any) {
	s.begun = true
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		s.print(strings.TrimRight(indent+line, " \n") + "\n")
	}
}

// Check prints what was checked, and whether it holds.
func (s *stage) Check(holds bool, format string, args ...any) {
	if !holds {
		s.Wrong(format, args...)
		return
	}
	s.Show("ok: "+format, args...)
}

// Wrong prints what is not as it should be.
func (s *stage) Wrong(format string, args ...any) {
	s.wrong++
	s.Show("WRONG: "+format, args...)
}
