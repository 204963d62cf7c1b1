package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/multiproc-go/multiproc/connection"
	"github.com/multiproc-go/multiproc/manager"
)

func newServe() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve shared objects to Python programs, as their SyncManager",
		Long: `serve is the server of Python's multiprocessing managers: every Python from 2.7
on joins it with its own SyncManager, unchanged, and so does Go. They share lists,
dicts, queues, locks and the other types of SyncManager.

When it is ready it prints a line "listening on ADDRESS" for each address on
standard output, with the real port in the place of port 0. All else goes to
standard error, except for a key that it had to make.

` + keyUsage + ` Without either, serve makes a
key and prints the three lines for Python with it. Who has the key can run code
in all Python clients. An address that other machines reach needs a key of at
least 16 bytes (one that serve has made is long enough).

SIGTERM, or Ctrl-C, ends it when the calls that run are answered, or after
--grace; those that only wait are given up at once. A second signal ends it
without delay. A client's request to shut down ends it too. The exit code is 0
after an orderly end, 1 if calls were cut off after --grace or for another error,
and 130 after a second signal. The files of its sockets are removed, and those
that a killed server has left are replaced.

Memory: set GOMEMLIMIT (such as GOMEMLIMIT=2GiB) to what the server may take; at
nine tenths of that, or at --max-bytes, clients that want to store more get a
MemoryError, and all else goes on. Without either, that is so on Linux when they
have taken three quarters of what the machine, or its cgroup, had free.`,
		Example: `  multiproc serve
  multiproc serve --address 127.0.0.1:5000 --address /run/app/m.sock --authkey-file key
  multiproc serve --address 127.0.0.1:0 --http 127.0.0.1:9100 --log-format json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd, &f) },
	}
	f.add(cmd)
	return cmd
}

func runServe(cmd *cobra.Command, f *serveFlags) error {
	if err := f.check(cmd); err != nil {
		return err
	}
	// Before there is anything to be removed at the end. The handler of main has seen the first signal, and is gone by the second.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	defer signal.Stop(signals)

	log := f.log.logger(cmd.ErrOrStderr())
	key, err := findKey(cmd.Context(), f.keyFile)
	if err != nil {
		return err
	}
	if key.secret == nil {
		key = makeKey()
	}
	server, err := manager.NewServer(f.server(log))
	if err != nil {
		return err
	}
	closeHTTP, err := serveHTTP(cmd.Context(), f, server, log)
	if err != nil {
		return err
	}
	defer closeHTTP()
	listeners, err := listenAll(f.addresses, key, f.connection(key, log))
	if err != nil {
		return err
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- server.Serve(context.Background(), l) }()
	}
	err = sayReady(cmd.OutOrStdout(), cmd.ErrOrStderr(), listeners, key, f.log.format)
	if err != nil {
		_ = server.Close()
		return fmt.Errorf("standard output: %w", err)
	}
	select {
	case s := <-signals:
		return drain(server, s, signals, f.grace, log)
	case err := <-ended:
		if errors.Is(err, manager.ErrServerClosed) {
			log.Info("ended, as a client has asked for")
			return nil
		}
		_ = server.Close()
		return err
	}
}

// endSignals are those that end the server. That the terminal is gone is one, unless whoever started it has said that this is to be ignored (nohup).
func endSignals() []os.Signal {
	s := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		s = append(s, syscall.SIGHUP)
	}
	return s
}

// sayReady prints the lines for whoever waits for them, and those for Python: behind them if there is a key that can be read nowhere else, and for people only otherwise.
func sayReady(stdout, stderr io.Writer, all []*connection.Listener, key authKey, format string) error {
	ready, python := listeningLines(all), forPython(all, key)
	if key.made {
		ready += python
	} else if format == "text" {
		_, _ = io.WriteString(stderr, python)
	}
	_, err := io.WriteString(stdout, ready)
	return err
}

// closePatience is how long an end at once may take, before the process ends with what hangs.
const closePatience = time.Second

// drain ends the server after a signal: when the calls that run are answered, but after the grace period at the latest, and at once at another signal.
func drain(server *manager.Server, s os.Signal, signals chan os.Signal, grace time.Duration, log *slog.Logger) error {
	log.Info("ending when the calls that run are answered; another signal ends it at once", "signal", s.String(), "grace", grace)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	drained := make(chan error, 1)
	go func() { drained <- server.Shutdown(ctx) }()

	result := &exitError{1, fmt.Errorf("calls were cut off after the grace period of %v", grace)}
	select {
	case err := <-drained:
		if err == nil {
			log.Info("ended")
			return nil
		}
		return result
	case <-ctx.Done():
	case s = <-signals:
		result = &exitError{130, fmt.Errorf("ended at once by a second signal (%v)", s)}
		cancel()
	}
	// A third signal, and what hangs, find a process that dies of it.
	signal.Stop(signals)
	select {
	case <-drained:
	case <-time.After(closePatience):
	}
	return result
}
