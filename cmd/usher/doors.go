package main

import (
	"context"

	"golang.org/x/net/netutil"
	"golang.org/x/sys/unix"

	"usher/auth/dovecot"
	"usher/auth/extauth"
)

// maxHTTPConnections bounds the HTTP door's connections; more wait to be accepted.
const maxHTTPConnections = 512

// doors lists what answers logins.
func (d *usherd) doors() []task {
	var list []task
	c := d.reloader.current.Load()
	if l := d.listeners["dovecot"]; l != nil {
		// Without one of these doors there are no tickets.
		tickets := d.listeners["http"] != nil || d.listeners["gateway"] != nil
		door := &dovecot.Server{Auth: d.verifier, Log: d.log, Anonymous: tickets}
		peers := restrictPeers(l, c.peers, d.log)
		list = append(list, task{"dovecot", func(ctx context.Context) error { return door.Serve(ctx, peers) }})
	}
	if l := d.listeners["extauth"]; l != nil {
		door := &extauth.Server{Auth: d.verifier, Log: d.log}
		peers := restrictPeers(l, c.peers, d.log)
		list = append(list, task{"extauth", func(ctx context.Context) error { return door.Serve(ctx, peers) }})
	}
	if l := d.listeners["http"]; l != nil {
		peers := netutil.LimitListener(restrictPeers(l, c.peers, d.log), maxHTTPConnections)
		srv := newHTTPServer(d.http, d.log)
		srv.MaxHeaderBytes += maxTokenSize // a token stands in the URL or in a header
		list = append(list, task{"http", func(ctx context.Context) error { return serveHTTP(ctx, peers, srv) }})
	}
	if l := d.listeners["gateway"]; l != nil {
		d.warnFewFiles(c.gateway.Connections)
		// Beyond what the gateway counts there are requests that are not complete yet.
		peers := netutil.LimitListener(restrictPeers(l, c.peers, d.log), 2*c.gateway.Connections+256)
		list = append(list, task{"gateway", func(ctx context.Context) error { return d.reloader.gateway.Serve(ctx, peers) }})
	}
	return list
}

// warnFewFiles says so when the process may not open as many files as the gateway has places: two for each.
func (d *usherd) warnFewFiles(connections int) {
	const others = 1024
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err == nil && limit.Cur < uint64(2*connections+others) {
		d.log.Warn("too few open files for gateway.max_connections", "limit", limit.Cur, "wanted", 2*connections+others, "mend", "LimitNOFILE in usher's systemd unit")
	}
}
