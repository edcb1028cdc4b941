package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth"
	"usher/auth/gateway"
	"usher/auth/httpauth"
	"usher/auth/relayauth"
	"usher/internal/admin"
	"usher/internal/asynclog"
	"usher/internal/config"
	"usher/internal/daemon/endpoints"
	"usher/internal/daemon/handover"
	"usher/internal/daemon/relayed"
	"usher/internal/footprint"
	"usher/internal/httpd"
	"usher/internal/panics"
	"usher/internal/probe"
	"usher/internal/systemd"
	"usher/internal/text"
	"usher/internal/watch"
	"usher/metrics"
)

// stopWithin bounds a graceful stop.
const stopWithin = 9 * time.Second

// fetchWithin bounds how long the start waits for key sources. An issuer whose keys are late is not ready; the others
// are.
const fetchWithin = 5 * time.Second

// readyEvery is how often a daemon that began not ready looks whether it is.
const readyEvery = 250 * time.Millisecond

// Input is what the world gives a daemon.
type Input struct {
	Config  string           // path of the configuration
	Version string           // of the program
	Stderr  io.Writer        // for the problems of the configuration, and for the log
	Hangups <-chan os.Signal // each asks for a reload
	Ready   func()           // called once everything answers; may be nil
}

// daemon is a running daemon.
type daemon struct {
	version   string
	started   time.Time
	log       *slog.Logger
	notify    systemd.Notifier
	metrics   *metrics.Metrics
	panics    *panics.Reporter
	verifier  *auth.Verifier
	rooms     *roomParts
	http      http.Handler // of the HTTP door
	endpoints *endpoints.Endpoints
	reloader  *reloader
	handover  *handover.Handover
	probe     *probe.Prober
	up        atomic.Bool // every key source was tried once, or fetchWithin is over
	ended     bool        // every task has
}

// Run serves until ctx ends (nil), or something that cannot be mended happens.
func Run(ctx context.Context, in Input) error {
	began := time.Now()
	path, err := filepath.Abs(in.Config)
	if err != nil {
		return err
	}
	c, problems := config.Load(path)
	for _, p := range problems {
		fmt.Fprintln(in.Stderr, p)
	}
	if c == nil {
		return errors.New("not started: " + text.Plural(problems.Errors(), "problem") + " in the configuration")
	}
	level := new(slog.LevelVar)
	level.Set(c.Log.Level)
	garbage := footprint.NewCollector()
	defer garbage.Stop()
	queue := asynclog.New(asynclog.NewHandler(in.Stderr, c.Log.Format, level))
	defer closeLog(queue)
	d, err := open(ctx, c, path, in, level, slog.New(queue.Handler()))
	if err != nil {
		return err
	}
	defer d.closeState()
	defer d.endpoints.Close()
	d.started = began
	d.reloader.watch.Expect(c.Paths, c.States, began)
	d.handover.Take(d.endpoints.Before, d.endpoints.Limited["dovecot"])
	err = d.serve(ctx, d.tasks(in.Ready))
	d.handover.Pass(ctx.Err() == nil)
	return err
}

// closeState closes the state, unless a task may still use it. Then the end of the process does, like a kill, which
// the state survives.
func (d *daemon) closeState() {
	if !d.ended {
		d.log.Warn("the state is left open, as not everything has ended")
		return
	}
	d.rooms.close(d.log)
}

func closeLog(queue *asynclog.Log) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = queue.Close(ctx) // a stderr that stands still cannot be told so
}

// open opens everything and starts nothing.
func open(ctx context.Context, c *config.Config, path string, in Input, level *slog.LevelVar,
	log *slog.Logger) (_ *daemon, err error) {
	m := metrics.New(in.Version)
	p := panics.New(log, m) // one: it lets one line a second through
	rooms, err := openRooms(ctx, c, in.Version, log, m, p)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			rooms.close(log)
		}
	}()
	v, err := newVerifier(rooms, log, m, p)
	if err != nil {
		return nil, err
	}
	kept, asked := keptStreams{rooms.streams, rooms.sessions}, relayed.Rooms{Gateway: rooms.gateway}
	relays := relayauth.New(v, relayauth.Options{Streams: kept, Rights: rooms.sessions})
	e, err := endpoints.Open(ctx, c, m, log)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	n := systemd.Notifier{Log: log}
	r := &reloader{path: path, log: log, metrics: m, panics: p, notify: n, read: config.LoadFiles, hangups: in.Hangups,
		requests: make(chan chan admin.Reload), hints: watch.NewHints()}
	r.level, r.verifier, r.rooms = level, v, rooms
	r.endpoints = e
	if err := rooms.console.open(e, rooms); err != nil {
		return nil, err
	}
	r.http = &httpd.Admission{Name: "HTTP door", Log: log, SecretInURL: httpauth.UsersHeader}
	door := httpDoor(r.http, &httpauth.Server{Auth: v, Panics: p}, rooms.handler)
	swapKey, err := rooms.swapKey(ctx)
	if err != nil {
		return nil, err
	}
	if r.signIn, err = newSignIn(v, rooms, log, p); err != nil {
		return nil, err
	}
	r.gateway = gateway.New(gateway.Options{Auth: v, Rooms: rooms.gateway, Relay: relays, Swap: swapKey,
		RelayRooms: asked, Component: rooms.componentJID, SignIn: r.signIn,
		WebLogins: relays, WebRooms: relayed.WebRooms{Sessions: rooms.sessions, Gateway: asked},
		Log: log, Metrics: m.Gateway(),
		Panics: p, HeaderBytes: httpd.HeaderBytes + config.MaxTokenSize})
	rooms.relay.Of(r.gateway)
	if err := r.start(c); err != nil {
		return nil, err
	}
	d := &daemon{probe: r.probing(log, m, relays), version: in.Version, log: log, notify: n, metrics: m, panics: p,
		verifier: v, rooms: rooms, http: door, endpoints: e, reloader: r, handover: handover.New(log, n)}
	m.WatchReady(func() bool { return len(d.notReady()) == 0 })
	return d, nil
}

// newVerifier makes what judges logins. No rules are in force.
func newVerifier(rooms *roomParts, log *slog.Logger, m *metrics.Metrics, p *panics.Reporter) (*auth.Verifier, error) {
	state := logins{Sessions: rooms.sessions, touch: rooms.touch, cluster: rooms.cluster}
	options := auth.Options{Log: log, Metrics: m, Sessions: state, Panics: p, Last: rooms.decisions}
	if rooms.cluster == nil {
		return auth.New(auth.Config{}, options)
	}
	options.Carrier = rooms.cluster
	v, err := auth.New(auth.Config{}, options)
	if err != nil {
		return nil, err
	}
	rooms.cluster.Accept(v.AcceptTicket)
	return v, nil
}

// tasks lists everything that runs at the same time.
func (d *daemon) tasks(ready func()) tasks {
	last := []task{
		{"keys", d.verifier.Run},
		{"sign-in", d.reloader.signIn.Run},
		{"state", func(ctx context.Context) error { return d.rooms.load(ctx, d.log) }},
		{"watchdog", d.notify.Watchdog},
		{"explain", func(ctx context.Context) error { return d.rooms.decisions.Run(ctx, d.verifier.Explain, d.panics) }},
	}
	first := []task{
		d.rooms.loaded("probe", d.probe.Run),
		{"reload", d.reloader.run},
		{"hints", d.reloader.hints.Run},
		{"start", func(ctx context.Context) error { d.announce(ctx, ready); return nil }},
	}
	return tasks{slices.Concat(first, d.webDoors(), d.services()), slices.Concat(last, d.rooms.tasks(), d.doors())}
}

// announce waits for the first keys and for the state, and then says that we answer, and whether anything is missing,
// as usher status does. systemd is told READY in either case: the issuers whose keys are there log in.
func (d *daemon) announce(ctx context.Context, ready func()) {
	within, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	if !awaitClosed(within, d.verifier.Fetched()) && ctx.Err() == nil {
		d.log.Warn("key sources are late; their issuers' tokens cannot be verified yet")
	}
	awaitClosed(within, d.rooms.sessions.Loaded()) // [daemon.notReady] says so if it is late
	if ctx.Err() != nil {
		return
	}
	d.up.Store(true)
	status := servingStatus(d.reloader.current.Load())
	attrs := []any{"version", d.version, "pid", os.Getpid(), "status", status}
	missing := d.notReady()
	if len(missing) > 0 {
		d.log.Warn("serving, and not ready", append(attrs, "not_ready", missing)...)
	} else {
		d.log.Info("ready", attrs...)
	}
	d.notify.Ready(status)
	if ready != nil {
		ready()
	}
	if len(missing) > 0 && d.awaitReady(ctx) {
		d.log.Info("ready", attrs...)
	}
}

// awaitClosed waits for a channel to be closed, and reports false if ctx ended before.
func awaitClosed(ctx context.Context, c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	case <-ctx.Done():
		return false
	}
}

// awaitReady waits for all that a start wants, such as the component's connection, and reports whether it came.
func (d *daemon) awaitReady(ctx context.Context) bool {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for len(d.notReady()) > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// serve runs the tasks until ctx ends or one of them fails, and gives all of them stopWithin to finish.
func (d *daemon) serve(ctx context.Context, tasks tasks) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	finished := make(chan error, 1)
	var running sync.WaitGroup // waited for below, but not for ever
	running.Go(func() { finished <- tasks.run(ctx, cancel, d.panics) })
	<-ctx.Done()
	d.notify.Stopping()
	d.log.Info("stopping")
	select {
	case err := <-finished:
		running.Wait()
		d.ended = err == nil // else some request may still be answered
		d.log.Info("stopped")
		return err
	case <-time.After(stopWithin):
		return fmt.Errorf("stopped by force, as some requests did not end in %v: %w", stopWithin, context.Cause(ctx))
	}
}
