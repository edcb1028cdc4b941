package daemon

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/panics"
	"usher/internal/probe"
	"usher/internal/systemd"
	"usher/internal/text"
	"usher/internal/watch"
	"usher/metrics"
)

// reloader is the one goroutine that reads the configuration again, whatever asks for it: SIGHUP, usher reload, a
// file that changed, or a reload that was refused for a passing reason. A reload happens as a whole or not at all.
type reloader struct {
	parts
	path    string // of the configuration
	log     *slog.Logger
	metrics *metrics.Metrics
	panics  *panics.Reporter
	notify  systemd.Notifier
	read    func(path string) (*config.Config, config.Files, config.Problems) // config.LoadFiles

	hangups  <-chan os.Signal
	requests chan chan admin.Reload // from the admin socket
	watch    watch.Watcher
	hints    *watch.Hints
	retry    backoff

	current atomic.Pointer[config.Config] // in force
	last    atomic.Pointer[admin.Reload]  // nil before the first reload
	prober  *probe.Prober                 // it tries the hosts with what is new
}

// What makes a reload happen.
const (
	triggerSignal  = "SIGHUP"
	triggerCommand = "usher reload"
	triggerFile    = "a file changed"
	triggerRetry   = "trying again"
)

// start puts the first configuration in force.
func (r *reloader) start(c *config.Config) error {
	next, err := r.prepare(c)
	if err != nil {
		return err
	}
	next.commit()
	r.current.Store(c)
	r.metrics.Reloaded(true, time.Now())
	return nil
}

// run serves triggers until ctx ends.
func (r *reloader) run(ctx context.Context) error {
	look := time.NewTimer(0)
	defer look.Stop()
	defer r.retry.stop()
	hinted := false // since the last look
	for {
		next := watch.Every // after a reload there may be other files
		select {
		case <-ctx.Done():
			return nil
		case <-r.hangups:
			r.reload(ctx, triggerSignal)
		case answer := <-r.requests:
			answer <- r.reload(ctx, triggerCommand)
		case <-r.retry.due():
			r.reload(ctx, triggerRetry)
		case <-r.hints.C:
			if hinted { // what is written all the time keeps no look from being taken
				continue
			}
			hinted = true
			next = r.watch.Wait(hinted, r.hints)
		case <-look.C:
			hinted = false
			r.hints.Follow(r.watch.Files())
			if r.watch.Changed() {
				r.reload(ctx, triggerFile)
			} else {
				next = r.watch.Wait(hinted, r.hints)
			}
		}
		look.Reset(next)
	}
}

// ask has the goroutine reload, and waits for the result.
func (r *reloader) ask(ctx context.Context) (admin.Reload, error) {
	answer := make(chan admin.Reload, 1)
	select {
	case r.requests <- answer:
	case <-ctx.Done():
		return admin.Reload{}, ctx.Err()
	}
	select {
	case result := <-answer:
		return result, nil
	case <-ctx.Done():
		return admin.Reload{}, ctx.Err()
	}
}

func (r *reloader) reload(ctx context.Context, trigger string) admin.Reload {
	if trigger != triggerRetry {
		r.retry.stop()
	}
	r.notify.Reloading()
	began := time.Now()
	before := watch.Look(r.watch.Files())
	next, read, problems := r.build()
	result := admin.Reload{OK: next != nil, Time: began, Changes: []string{}}
	result.Problems, result.Warnings = problems.Split()
	if next != nil {
		result.Changes = config.Diff(r.current.Load(), next.config)
		result.Earlier = r.justChanged(result)
		next.commit()
		r.current.Store(next.config)
		r.prober.Wake()
	} else { // either file may be what is mended
		read.Paths = slices.Concat(read.Paths, r.current.Load().Paths)
	}
	maps.Copy(before, read.States)
	r.watch.Expect(read.Paths, before, began)
	r.plan(&result, problems)
	r.finish(ctx, trigger, result)
	if next != nil {
		r.rooms.touch(r.rooms.sessions.Enforce(ctx))
	}
	return result
}

// build reads the configuration and prepares everything. What it returns is nil
// if there is any problem that is not a warning.
func (r *reloader) build() (next *preparedParts, read config.Files, problems config.Problems) {
	defer r.panics.Recover("reload", "build", func() {
		next = nil
		problems = append(problems, r.unplaced("usher cannot read this: a panic", "the log has the stack"))
	})
	c, read, problems := r.read(r.path)
	if c == nil {
		return nil, read, problems
	}
	if more := config.NeedsRestart(r.current.Load(), c, r.path); len(more) > 0 {
		return nil, read, append(more, problems...)
	}
	next, err := r.prepare(c)
	if err != nil {
		return nil, read, append(problems, r.unplaced(text.Printable(err.Error()), config.MendUnplaced))
	}
	return next, read, problems
}

func (r *reloader) unplaced(text, mend string) config.Problem {
	return config.Problem{File: r.path, Line: 1, Column: 1, Text: text, Mend: mend}
}

// plan has a reload tried again that was refused for nothing but what may pass.
func (r *reloader) plan(result *admin.Reload, problems config.Problems) {
	lasting := slices.ContainsFunc(problems, func(p config.Problem) bool { return !p.Warning && !p.Passing })
	if result.OK || lasting {
		r.retry.stop()
		return
	}
	result.RetryAt = r.retry.again()
	result.Tries = r.retry.tries
}

func servingStatus(c *config.Config) string { return "serving " + c.Summary() }
