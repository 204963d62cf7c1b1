package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

// serveFlags are what the user chose.
type serveFlags struct {
	addresses  []string
	keyFile    string
	md5        string
	http       string
	httpRemote bool

	reclaim     bool
	keepRunning bool
	grace       time.Duration

	limits   manager.Limits
	maxBytes size
	maxFrame size

	log logFlags
}

func (f *serveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false // they have an order that can be read
	flags.StringArrayVar(&f.addresses, "address", nil, "listen on `ADDRESS`: HOST:PORT, /path.sock or @abstract (may be repeated; default "+defaultAddress()+")")
	addKeyFlag(cmd, &f.keyFile)
	addChoice(cmd, &f.md5, "allow-md5", "let Python 3.11 and older in, which know nothing newer than MD5: those on this machine, all, or none", "local", "always", "never")
	flags.BoolVar(&f.reclaim, "reclaim", false, "release the Locks and Semaphores of clients that die (RLocks and Conditions always are)")
	flags.BoolVar(&f.keepRunning, "keep-running", false, "refuse when a client asks for the server's end")
	flags.DurationVar(&f.grace, "grace", 10*time.Second, "at the first signal, let running calls go on for up to `DURATION`")
	flags.StringVar(&f.http, "http", "", "serve health, metrics, objects and profiles at http://`HOST:PORT`")
	flags.BoolVar(&f.httpRemote, "http-remote", false, "allow --http on an address that other machines reach")
	flags.IntVar(&f.limits.Objects, "max-objects", 0, "have at most `N` objects (default 1048576)")
	flags.Var(&f.maxBytes, "max-bytes", "store nothing more when objects take `SIZE`, such as 512MiB (default 90% of GOMEMLIMIT, or on Linux 3/4 of the memory that is free at the start)")
	flags.IntVar(&f.limits.Connections, "max-connections", 0, "have at most `N` connections (default 16384)")
	flags.Var(&f.maxFrame, "max-frame", "take no message that is longer than `SIZE` (default 1GiB)")
	flags.IntVar(&f.limits.Pending, "max-pending", 0, "read at most `N` requests ahead on a connection whose call waits (default 64)")
	f.log.add(cmd)
	_ = cmd.RegisterFlagCompletionFunc("address", completeAddress)
	_ = cmd.RegisterFlagCompletionFunc("http", cobra.FixedCompletions([]string{"127.0.0.1:"}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
	for _, number := range []string{"grace", "max-objects", "max-bytes", "max-connections", "max-frame", "max-pending"} {
		_ = cmd.RegisterFlagCompletionFunc(number, cobra.NoFileCompletions)
	}
}

// check finds what makes no sense.
func (f *serveFlags) check(cmd *cobra.Command) error {
	for _, limit := range []string{"max-objects", "max-connections", "max-pending"} {
		if n, err := cmd.Flags().GetInt(limit); cmd.Flags().Changed(limit) && (err != nil || n < 1) {
			return &usageError{fmt.Errorf("--%s %d: at least 1 is needed", limit, n)}
		}
	}
	for _, a := range f.addresses {
		if err := checkAddress("--address", a); err != nil {
			return err
		}
	}
	switch {
	case f.grace < 0:
		return &usageError{fmt.Errorf("--grace %v: it can't be negative", f.grace)}
	case f.httpRemote && f.http == "":
		return &usageError{errors.New("--http-remote has no meaning without --http")}
	}
	return nil
}

// md5Policies are those of --allow-md5.
var md5Policies = map[string]connection.MD5Policy{"local": connection.MD5Local, "always": connection.MD5Always, "never": connection.MD5Never}

func (f *serveFlags) server(log *slog.Logger) manager.Config {
	limits := f.limits
	limits.Bytes = int64(f.maxBytes)
	return manager.Config{Limits: limits, Reclaim: f.reclaim, KeepRunning: f.keepRunning, Logger: log}
}

func (f *serveFlags) connection(key authKey, log *slog.Logger) connection.Config {
	return connection.Config{Key: key.secret, MD5: md5Policies[f.md5], MaxFrame: cmp.Or(int64(f.maxFrame), connection.DefaultMaxFrame), Logger: log}
}
