package psync_test

import (
	"sync"
	"testing"

	"github.com/multiproc-go/multiproc/psync"
)

func BenchmarkLockUncontended(b *testing.B) {
	l, err := psync.NewLock()
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	for b.Loop() {
		l.Lock()
		l.Unlock() //nolint:staticcheck // the empty section is what is measured
	}
}

func BenchmarkMutexUncontended(b *testing.B) {
	var m sync.Mutex
	for b.Loop() {
		m.Lock()
		m.Unlock() //nolint:staticcheck // the empty section is what is measured
	}
}
