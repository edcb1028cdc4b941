package daemon

import (
	"context"
	"net/http"
	"time"

	"usher/auth/dovecot"
	"usher/auth/extauth"
	"usher/auth/httpauth"
	"usher/internal/config"
	"usher/internal/httpd"
	"usher/moderation/muc"
)

// keysWithin bounds how long logins wait at a start for the first answer of key sources: as long as any login may.
const keysWithin = time.Second

// doors lists what answers logins on connections that stay open.
func (d *daemon) doors() []task {
	var list []task
	open := d.endpoints.Limited
	if l := open["dovecot"]; l != nil {
		// Without one of these doors there are no tickets.
		tickets := open["http"] != nil || open["gateway"] != nil
		door := &dovecot.Server{Auth: d.verifier, Log: d.log, Panics: d.panics, Anonymous: tickets,
			Leave: d.handover.Leave}
		list = append(list, task{"dovecot", func(ctx context.Context) error {
			d.awaitKeys(ctx)
			return door.Serve(ctx, l)
		}})
	}
	if l := open["extauth"]; l != nil {
		door := &extauth.Server{Auth: d.verifier, Log: d.log, Panics: d.panics}
		list = append(list, task{"extauth", func(ctx context.Context) error { return door.Serve(ctx, l) }})
	}
	return list
}

// awaitKeys waits until the keys of servers are there, or were asked for in vain: a login that had waited for usher to
// come back would be told to try again.
func (d *daemon) awaitKeys(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, keysWithin)
	defer cancel()
	awaitClosed(within, d.verifier.Fetched())
}

// webDoors lists what answers logins and joins by HTTP.
func (d *daemon) webDoors() []task {
	var list []task
	open := d.endpoints.Limited
	if open["http"] != nil {
		// A token stands in the URL or in a header. Who may ask is the admission's to say.
		list = append(list, d.serveHTTP("http", &httpd.Server{Handler: d.http,
			HeaderBytes: httpd.HeaderBytes + config.MaxTokenSize}))
	}
	if l := open["gateway"]; l != nil {
		list = append(list, task{"gateway", func(ctx context.Context) error {
			return d.reloader.gateway.Serve(ctx, l)
		}})
	}
	return list
}

// httpDoor answers Prosody's modules that ask by HTTP: about rooms, and about logins.
func httpDoor(a *httpd.Admission, logins *httpauth.Server, rooms *muc.Handler) http.Handler {
	return a.Wrap(httpd.Below("/muc/", rooms, logins))
}

// services lists what answers monitoring and the commands.
func (d *daemon) services() []task {
	var list []task
	serve := func(name string, handler func() http.Handler) {
		if d.endpoints.Limited[name] != nil {
			list = append(list, d.serveHTTP(name, &httpd.Server{Handler: handler(), Open: true}))
		}
	}
	serve("metrics", d.metricsHandler)
	serve("admin", d.adminHandler)
	return append(list, d.rooms.console.tasks(d)...)
}

func (d *daemon) serveHTTP(name string, srv *httpd.Server) task {
	srv.Name, srv.Log, srv.Panics = name, d.log, d.panics
	return task{name, func(ctx context.Context) error { return srv.Serve(ctx, d.endpoints.Limited[name]) }}
}
