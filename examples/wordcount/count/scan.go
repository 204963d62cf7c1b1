package count

import (
	"context"
	"go/scanner"
	"go/token"
	"iter"
	"os"
)

// Tally is how often each identifier occurs.
type Tally map[string]uint64

// Alone counts the identifiers of the files in this process. It is what
// [Together] must equal.
func Alone(ctx context.Context, files []string) (Tally, error) {
	t := Tally{}
	for _, file := range files {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for word := range identifiers(src) {
			t[word]++
		}
	}
	return t, nil
}

// identifiers yields the identifiers of a Go file, each as often as it occurs.
// A file with mistakes in it, as some tests have on purpose, is scanned as well
// as it goes.
func identifiers(src []byte) iter.Seq[string] {
	return func(yield func(string) bool) {
		files := token.NewFileSet()
		var s scanner.Scanner
		s.Init(files.AddFile("", files.Base(), len(src)), src, nil, 0)
		for {
			_, tok, text := s.Scan()
			if tok == token.EOF || tok == token.IDENT && !yield(text) {
				return
			}
		}
	}
}
