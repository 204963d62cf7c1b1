package manager_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

// A server for Python programs, which do no more than this:
//
//	from multiprocessing.managers import SyncManager
//	m = SyncManager(address='/run/user/1000/shared.sock', authkey=b'...')
//	m.connect()
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := manager.NewServer(manager.Config{})
	if err != nil {
		log.Fatal(err)
	}
	l, err := connection.Listen("unix", filepath.Join(dir, "shared.sock"), connection.Config{Key: []byte("32 random bytes, better than this")})
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(context.Background(), l) }()

	fmt.Println(s.Shutdown(context.Background()))
	fmt.Println(errors.Is(<-done, manager.ErrServerClosed))
	// Output:
	// <nil>
	// true
}
