package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/httpauth"
	"usher/metrics"
)

// reloader is the one goroutine that reads the configuration again, whoever asked for it: SIGHUP, usher reload or a
// file that changed. A reload happens as a whole or not at all.
type reloader struct {
	path     string // of the configuration
	log      *slog.Logger
	level    *slog.LevelVar
	verifier *auth.Verifier
	rooms    *roomParts
	metrics  *metrics.Metrics
	notify   notifier

	http         *httpauth.Server
	httpListener *boundListener // nil if there is none
	gateway      *gateway.Server

	hangups  <-chan os.Signal
	requests chan chan reloadResult // from the admin socket
	watch    watcher
	loaded   map[string]fileState // the files of the configuration in force

	current atomic.Pointer[config]       // in force
	last    atomic.Pointer[reloadResult] // nil before the first reload
}

// reloadResult says what a reload did. It is also the answer of POST /reload.
type reloadResult struct {
	OK       bool      `json:"ok"`
	Changes  []string  `json:"changes"`  // in words; empty if nothing changed
	Problems []string  `json:"problems"` // why the old configuration stays, and warnings
	Time     time.Time `json:"time"`
}

// run serves triggers until ctx ends.
func (r *reloader) run(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.hangups:
			r.reload("SIGHUP")
		case answer := <-r.requests:
			answer <- r.reload("usher reload")
		case <-tick.C:
			if r.watch.changed() {
				r.reload("a file changed")
			}
		}
	}
}

// ask has the goroutine reload, and waits for the result.
func (r *reloader) ask(ctx context.Context) (reloadResult, error) {
	answer := make(chan reloadResult, 1)
	select {
	case r.requests <- answer:
	case <-ctx.Done():
		return reloadResult{}, ctx.Err()
	}
	select {
	case result := <-answer:
		return result, nil
	case <-ctx.Done():
		return reloadResult{}, ctx.Err()
	}
}

func (r *reloader) reload(trigger string) reloadResult {
	r.notify.reloading()
	began := time.Now()
	before := look(r.watch.files())
	next, files, problems := readConfig(r.path)
	result := reloadResult{Time: began, Changes: []string{}, Problems: []string{}}
	for _, p := range problems {
		result.Problems = append(result.Problems, p.String())
	}
	if next != nil {
		result.Changes = describeChanges(r.current.Load(), next, r.loaded, look(next.files))
		if err := r.swap(next); err != nil {
			next, result.Changes = nil, []string{}
			result.Problems = append(result.Problems, err.Error())
		}
	}
	result.OK = next != nil
	r.keepWatching(files, before, began, next)
	r.finish(trigger, result)
	return result
}

// swap puts next in force, or says why it cannot be.
func (r *reloader) swap(next *config) error {
	if err := needsRestart(r.current.Load(), next); err != nil {
		return err
	}
	if err := r.verifier.Reload(next.auth); err != nil {
		return err
	}
	if err := r.rooms.reload(next); err != nil { // it was checked; this is the last gate
		return err
	}
	r.configureHTTP(next)
	r.gateway.Configure(next.gateway)
	r.level.Set(next.log.level)
	r.current.Store(next)
	return nil
}

// configureHTTP tells the HTTP door who may ask it.
func (r *reloader) configureHTTP(c *config) {
	if r.httpListener == nil {
		return // it has no address, so it answers nobody
	}
	r.http.Configure(httpauth.Settings{Secret: c.http.secret, Insecure: c.http.insecure, Hosts: c.http.hostHeaders(r.httpListener.Addr())})
}

// keepWatching also keeps the files of the configuration in force when the new one is bad: either may be what is mended.
func (r *reloader) keepWatching(files []string, before map[string]fileState, began time.Time, next *config) {
	if next == nil {
		files = slices.Concat(files, r.current.Load().files)
	}
	r.watch.expect(files, before, began)
	if next != nil {
		r.loaded = r.watch.known
	}
}

func (r *reloader) finish(trigger string, result reloadResult) {
	r.last.Store(&result)
	r.metrics.Reloaded(result.OK, result.Time)
	if !result.OK {
		for _, p := range result.Problems {
			r.log.Error("configuration problem", "problem", p)
		}
		r.log.Error("reload refused; the old configuration stays in force", "trigger", trigger, "problems", len(result.Problems))
		r.notify.ready("the last reload was refused; the old configuration stays in force")
		return
	}
	for _, p := range result.Problems {
		r.log.Warn("configuration warning", "problem", p)
	}
	r.log.Info("reloaded", "trigger", trigger, "changes", result.Changes)
	r.notify.ready(servingStatus(r.current.Load()))
}

// needsRestart names everything that changed and that only a new process can take over.
func needsRestart(old, next *config) error {
	var errs []error
	differs := func(key string, was, is any) {
		if fmt.Sprint(was) != fmt.Sprint(is) {
			errs = append(errs, fmt.Errorf("%s changed from %v to %v, which needs a restart: systemctl restart usher", key, was, is))
		}
	}
	differs("listen.dovecot", old.listen.dovecot, next.listen.dovecot)
	differs("listen.extauth", old.listen.extauth, next.listen.extauth)
	differs("listen.http", old.listen.http, next.listen.http)
	differs("listen.gateway", old.listen.gateway, next.listen.gateway)
	differs("listen.metrics", old.listen.metrics, next.listen.metrics)
	differs("listen.admin", old.listen.admin, next.listen.admin)
	differs("log.format", old.log.format, next.log.format)
	differs("state", old.state, next.state)
	differs("component", old.comp.JID != "", next.comp.JID != "")
	differs("peers", old.peers, next.peers)
	return errors.Join(errs...)
}

func servingStatus(c *config) string { return "serving " + summary(c.auth) }
