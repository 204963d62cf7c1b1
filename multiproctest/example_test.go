//go:build linux

package multiproctest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/multiproc-go/multiproc"
	"github.com/multiproc-go/multiproc/multiproctest"
	"github.com/multiproc-go/multiproc/shm"
)

type accounts struct{ From, To int }

// Transfer is the code under test. Here costs a load and a branch where no test has chosen the point.
var Transfer = multiproc.Register("transfer", func(ctx context.Context, a *shm.Value[accounts]) (struct{}, error) {
	return struct{}{}, a.Update(func(a *accounts) {
		a.From -= 10
		multiproctest.Here("after-debit")
		a.To += 10
	})
})

// A worker is killed between two steps, and the test looks at what the others see. TestMain is multiproctest.Main(m).
func Example() {
	ctx := context.Background()
	a, err := shm.NewValue(accounts{From: 100})
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()

	p, err := Transfer.Start(ctx, a, multiproctest.KillAt("after-debit", 1))
	if err != nil {
		log.Fatal(err)
	}
	_, err = p.Wait(ctx)
	var exit *multiproc.ExitError
	fmt.Println("killed:", errors.As(err, &exit) && exit.SignalName == "SIGKILL")

	_, err = a.Load()
	fmt.Println("refused:", errors.Is(err, shm.ErrOwnerDied))
	if err := a.Repair(func(a *accounts) { a.To = 100 - a.From }); err != nil {
		log.Fatal(err)
	}
	fmt.Println(a)
	// Output:
	// killed: true
	// refused: true
	// Value[multiproctest_test.accounts]({90 10})
}
