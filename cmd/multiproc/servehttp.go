package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/multiproc-go/multiproc/manager"
	"github.com/multiproc-go/multiproc/manager/monitor"
)

// serveHTTP serves what can be seen of the server, if that is wanted, until the returned function is called. It asks for no key, so only this machine may reach it unless the user says otherwise: the
// names of clients and objects can be seen there, though no values, and a profile costs time.
func serveHTTP(ctx context.Context, f *serveFlags, server *manager.Server, log *slog.Logger) (end func(), err error) {
	if f.http == "" {
		return func() {}, nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, cmp.Or(network(f.http), "tcp"), f.http)
	if err != nil {
		return nil, explainListen("--http", f.http, err)
	}
	address := ln.Addr().String()
	if !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		if !f.httpRemote {
			_ = ln.Close()
			return nil, fmt.Errorf("--http %s: other machines reach this address, and it asks for no key: use 127.0.0.1, or allow it with --http-remote", address)
		}
		log.Warn("everybody who reaches this address sees which clients and objects there are, and can take profiles", "http", address)
	}
	web := &http.Server{
		Handler: monitor.Handler(server), ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadTimeout: httpTimeout, WriteTimeout: httpAnswer, IdleTimeout: httpIdle, MaxHeaderBytes: 64 << 10,
	}
	go func() {
		if err := web.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("http has ended", "err", err)
		}
	}()
	log.Info("health, metrics, objects and profiles", "http", "http://"+address)
	return func() { _ = web.Close() }, nil
}

// How long an HTTP client may take for its question, with a body that nobody asks for, and for reading the answer, which profiles prolong; and how long it may keep a connection that it does not use.
const httpTimeout, httpAnswer, httpIdle = 10 * time.Second, time.Minute, 2 * time.Minute
