package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/internal/pickletext"
	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/py"
)

// clientFlags are those of all commands that ask a server.
type clientFlags struct {
	keyFile string
	md5     string
	timeout time.Duration
}

func (f *clientFlags) add(cmd *cobra.Command, timeout time.Duration) {
	addKeyFlag(cmd, &f.keyFile)
	addChoice(cmd, &f.md5, "allow-md5", "talk to servers of Python 3.11 and older, which know nothing newer than MD5: on this machine, everywhere, or not", "local", "always", "never")
	cmd.Flags().DurationVar(&f.timeout, "timeout", timeout, "give up after `DURATION`; 0 is never")
	_ = cmd.RegisterFlagCompletionFunc("timeout", cobra.NoFileCompletions)
}

// dial connects to a server. The context that it returns ends with the timeout, and is for all calls.
func (f *clientFlags) dial(ctx context.Context, address string) (*manager.Client, context.Context, func(), error) {
	if err := checkAddress("ADDRESS", address); err != nil {
		return nil, nil, nil, err
	}
	key, err := findKey(ctx, f.keyFile)
	if err != nil {
		return nil, nil, nil, err
	}
	if key.secret == nil {
		return nil, nil, nil, fmt.Errorf("the server's key is needed: --authkey-file FILE, or the environment variable %s", keyEnv)
	}
	cancel := func() {}
	if f.timeout > 0 {
		ctx, cancel = context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("no answer within %v, so it was given up", f.timeout))
	}
	client, err := manager.Dial(ctx, "", address, connection.Config{Key: key.secret, MD5: md5Policies[f.md5]})
	if err != nil {
		defer cancel()
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			err = fmt.Errorf("no server listens on %s", address)
		}
		return nil, nil, nil, explainCall(ctx, err)
	}
	return client, ctx, func() { _ = client.Close(); cancel() }, nil
}

// explainCall is an error for people: Python's exception as Python writes it, and nothing that a terminal would obey to.
func explainCall(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var exception *py.Exception
	text := err.Error()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exception):
		text = exception.Error()
	}
	if errors.Is(err, connection.ErrMD5) {
		text = inFlags(text)
	}
	return errors.New(pickletext.Escaped(text))
}
