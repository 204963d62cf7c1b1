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

// Account is shared by all clients: its methods are theirs. They are called by many goroutines, so it needs a lock as soon as it changes.
type Account struct{ owner string }

var errPoor = errors.New("there is not enough money")

func (a *Account) Owner() string { return a.owner }

func (a *Account) Withdraw(amount int) (left int, err error) {
	if amount > 100 {
		return 0, errPoor
	}
	return 100 - amount, nil
}

// A type of your own, and a queue that is there once, for Python clients such as this one:
//
//	class Bank(BaseManager): pass
//	Bank.register('Account')
//	Bank.register('get_queue')
//	bank = Bank(address='/run/user/1000/bank.sock', authkey=b'...')
//	bank.connect()
//	bank.Account('Ann').withdraw(amount=30)
//	bank.get_queue().put('a job')
func ExampleServer_Register() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := manager.NewServer(manager.Config{})
	if err != nil {
		log.Fatal(err)
	}
	queue, err := s.New("Queue")
	if err != nil {
		log.Fatal(err)
	}
	err = errors.Join(
		s.Register("Account", func(owner string) *Account { return &Account{owner} }, manager.Params("withdraw", "amount")),
		s.Register("get_queue", func() *manager.Object { return queue }),
	)
	if err != nil {
		log.Fatal(err)
	}
	config := connection.Config{Key: []byte("32 random bytes, better than this")}
	address := filepath.Join(dir, "bank.sock")
	l, err := connection.Listen("unix", address, config)
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(ctx, l) }()

	// The same from Go.
	bank, err := manager.Dial(ctx, "unix", address, config)
	if err != nil {
		log.Fatal(err)
	}
	account, err := bank.Create(ctx, "Account", "Ann")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(manager.As[int](account.Call(ctx, "withdraw", 30)))
	for _, amount := range []any{1000, "all"} {
		_, err = account.Call(ctx, "withdraw", amount)
		fmt.Println(errors.Unwrap(err))
	}
	jobs, err := bank.Create(ctx, "get_queue")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := jobs.Call(ctx, "put", "a job"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(manager.As[string](queue.Call(ctx, "get"))) // in the server's process

	_ = bank.Close()
	_ = s.Close()
	<-done
	// Output:
	// 70 <nil>
	// RuntimeError: there is not enough money
	// TypeError: Account.withdraw() argument 1 (amount): expected int, got str 'all'
	// a job <nil>
}
