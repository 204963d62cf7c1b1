package main

import (
	"os"
	"testing"

	"github.com/multiproc-go/multiproc"
)

func TestMain(m *testing.M) {
	multiproc.Main()
	os.Exit(m.Run())
}

func Example() {
	main()
	// Output: 10000
}
