package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/admin"
	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/internal/watch"
	"usher/lobby"
	"usher/moderation"
)

// TestReloadAllOrNothing: whatever part refuses a configuration, nothing of it is in force; and once it is committed,
// all of it is.
func TestReloadAllOrNothing(t *testing.T) {
	w := newReloadWorld(t)
	w.wants("after the start", "a")
	for name, breaks := range map[string]func(*config.Config){
		"keys": func(c *config.Config) {
			h := c.Auth.Hosts[reloadHost]
			h.Issuers = map[string]auth.IssuerConfig{"my-app": {Algorithms: []string{"none"}}}
			c.Auth.Hosts = map[string]auth.HostConfig{reloadHost: h}
		},
		"policy": func(c *config.Config) { c.Rooms[0].Others = moderation.Owner },
		"whitelist": func(c *config.Config) {
			c.Whitelist = append(c.Whitelist, lobby.Entry{JID: "x@h", Note: strings.Repeat("n", 300)})
		},
		"gateway": func(c *config.Config) { c.Gateway.Upstream = nil },
		"restart": func(c *config.Config) { c.Listen.Dovecot.Name += "x" },
	} {
		next := w.load(reloadB())
		breaks(next)
		w.reloader.read = func(string) (*config.Config, config.Files, config.Problems) { return next, next.Files, nil }
		result := w.reloader.reload(t.Context(), triggerCommand)
		if result.OK || len(result.Problems) != 1 || len(result.Changes) > 0 {
			t.Errorf("%s: %+v", name, result)
		}
		w.wants("refused by "+name, "a")
	}
	w.reloader.read = config.LoadFiles
	w.load(reloadB())
	if result := w.reloader.reload(t.Context(), triggerCommand); !result.OK {
		t.Fatal(result.Problems)
	}
	w.wants("after the commit", "b")
}

// TestReloadRefusedByNote: a note that is too long stands beside a new secret. The reader finds it, with its place,
// and the old secret stays the good one.
func TestReloadRefusedByNote(t *testing.T) {
	w := newReloadWorld(t)
	w.write(strings.Replace(reloadB(), "recorder-b@rec.example.com",
		"'r@rec.example.com # "+strings.Repeat("n", 300)+"'", 1))
	result := w.reloader.reload(t.Context(), triggerCommand)
	if result.OK || len(result.Problems) != 1 || !strings.Contains(result.Problems[0],
		"usher.yaml:11:51: error: whitelist: the note") {
		t.Errorf("%+v", result)
	}
	w.wants("refused", "a")
}

// TestReloadMixesNothing: in the middle of a reload nobody gets in whom neither configuration lets in. By the first,
// tokens may name any tenant; by the second other tokens are good, and tenants are kept apart. Who logs in by the
// second and joins by the first would be in the rooms of a tenant that is not his.
func TestReloadMixesNothing(t *testing.T) {
	apart := strings.NewReplacer("subject: any", "subject: tenant").Replace(reloadA)
	for name, row := range map[string]struct{ second, secret, audience string }{
		"another key":      {strings.ReplaceAll(apart, "a.secret", "b.secret"), secretB, "jitsi"},
		"another audience": {strings.ReplaceAll(apart, "[jitsi]", "[jitsi, other]"), secretA, "other"},
	} {
		w := newReloadWorld(t)
		token := authtest.TokenBy(t, row.secret, authtest.Claims(reloadHost,
			map[string]any{"sub": "mine", "aud": row.audience}))
		tries := func(where string) {
			t.Helper()
			_, err := w.verifier.Authenticate(t.Context(), auth.Credentials{Door: "test", Host: reloadHost,
				Token: token})
			d := w.rooms.service.Join(t.Context(), "alice@"+reloadHost, "[theirs]board@conference.meet.example.com", "")
			if d.Allowed || strings.HasPrefix(where, "after") != (err == nil) && where != "midway" {
				t.Errorf("%s, %s: login %v, join %s", name, where, err, d.Reason)
			}
		}
		next, err := w.reloader.prepare(w.load(row.second))
		if err != nil {
			t.Fatal(err)
		}
		tries("before")
		for _, step := range next.steps() {
			step()
			tries("midway")
		}
		tries("after")
		if row.secret == secretA {
			continue // the session of a key that both have goes on
		}
		if next, err = w.reloader.prepare(w.load(reloadA)); err != nil {
			t.Fatal(err)
		}
		for _, step := range next.steps() {
			step()
			tries("midway")
		}
		tries("before")
	}
}

// TestReloadWhileInUse is the same for the race detector, with logins and joins under way.
func TestReloadWhileInUse(t *testing.T) {
	w := newReloadWorld(t)
	a, b := w.load(reloadA), w.load(strings.NewReplacer("a.secret", "b.secret", "subject: any",
		"subject: tenant").Replace(reloadA))
	token := authtest.TokenBy(t, secretB, authtest.Claims(reloadHost, map[string]any{"sub": "mine"}))
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	var joined atomic.Int32
	all.Go(func() {
		for ctx.Err() == nil {
			_, _ = w.verifier.Authenticate(ctx, auth.Credentials{Door: "test", Host: reloadHost, Token: token})
			for range 20 {
				if d := w.rooms.service.Join(ctx, "alice@"+reloadHost, "[theirs]board@conference.meet.example.com",
					""); d.Allowed {
					joined.Add(1)
				}
			}
		}
	})
	for range 1000 {
		for _, c := range []*config.Config{b, a} {
			next, err := w.reloader.prepare(c)
			if err != nil {
				t.Fatal(err)
			}
			next.commit()
		}
	}
	if n := joined.Load(); n > 0 {
		t.Errorf("a token that neither configuration lets in joined %d times", n)
	}
}

// TestReloadAfterAPackage: the user prosody, a peer by default, is there only since the start.
func TestReloadAfterAPackage(t *testing.T) {
	for peers, want := range map[string]bool{"": true, "peers: [0]\n": false} {
		w := newReloadWorld(t)
		w.reloader.current.Load().Peers = []int{4711}
		w.write(reloadB() + peers)
		if result := w.reloader.reload(t.Context(), triggerFile); result.OK != want {
			t.Errorf("with %q: %+v", peers, result)
		}
	}
}

// TestReloadNamesPeers: peers are told of as the operator wrote them.
func TestReloadNamesPeers(t *testing.T) {
	w := newReloadWorld(t)
	for _, row := range []struct{ peers, want string }{
		{"peers: [daemon, 4711]\n", "peers changed from the default (prosody, ejabberd) to [daemon, 4711], which " +
			"needs a restart"},
		{"peers: [4711, 4712]\n", "peers changed from [daemon, 4711] to [4711, 4712], which needs a restart"},
	} {
		w.write(reloadB() + row.peers)
		result := w.reloader.reload(t.Context(), triggerFile)
		if len(result.Problems) != 1 || !strings.Contains(result.Problems[0], row.want) {
			t.Errorf("%+v, want %s", result, row.want)
		}
		next, problems := config.Load(w.reloader.path)
		if next == nil {
			t.Fatal(problems)
		}
		w.reloader.current.Store(next)
	}
	next, _ := config.Load(w.reloader.path)
	old := *next
	old.Peers = []int{0, 103}
	if list := config.NeedsRestart(&old, next, "f"); len(list) != 1 ||
		!strings.Contains(list[0].Text, "peers changed from [4711, 4712], which are the uids [0 103], to the uids [") {
		t.Errorf("another number for a name: %v", list)
	}
}

// TestReloadTellsErrorsFromWarnings: the reason is the first error, though a warning stands above it, and only errors
// are counted.
func TestReloadTellsErrorsFromWarnings(t *testing.T) {
	w := newReloadWorld(t)
	w.up.Store(true)
	w.write(strings.Replace(reloadA, "subject: any", "subject: everybody", 1) + "log: {level: info}\n")
	configtest.PutFile(t, w.dir, "http-a.secret", "0123456789abcdef-a", 0o604)
	result := w.reloader.reload(t.Context(), triggerCommand)
	last := w.Status(true).LastReload
	const want = `error: subject: unknown value "everybody"`
	if len(result.Problems) != 1 || len(result.Warnings) != 2 || !strings.Contains(last.Error, want) ||
		len(last.Warnings) != 2 {
		t.Errorf("result %+v\nstatus %+v", result, last)
	}
}

// TestReloadTellsWhatTheWatcherDid: an operator who changes a file and then asks for a reload is told what changed,
// also when the daemon had seen it before.
func TestReloadTellsWhatTheWatcherDid(t *testing.T) {
	w := newReloadWorld(t)
	w.write(strings.Replace(reloadA, "subject: any", "subject: tenant", 1))
	first, second := w.reloader.reload(t.Context(), triggerFile), w.reloader.reload(t.Context(), triggerCommand)
	if len(first.Changes) != 1 || len(second.Changes) != 0 || len(second.Earlier) != 1 ||
		second.Earlier[0] != first.Changes[0] {
		t.Errorf("%+v\n%+v", first, second)
	}
	if third := w.reloader.reload(t.Context(), triggerCommand); len(third.Earlier) > 0 {
		t.Errorf("%+v", third)
	}
}

// TestReloadPanics: a file that makes the reader panic is refused like any other.
func TestReloadPanics(t *testing.T) {
	w := newReloadWorld(t)
	w.reloader.read = func(string) (*config.Config, config.Files, config.Problems) { panic("secret") }
	result := w.reloader.reload(t.Context(), triggerCommand)
	if result.OK || len(result.Problems) != 1 || strings.Contains(result.Problems[0], "secret") {
		t.Errorf("%+v", result)
	}
	w.wants("after a panic", "a")
}

// TestReloadTriesAgain: what may pass is tried again, less and less often, until it succeeds or somebody changes
// something; what cannot pass waits for a change.
func TestReloadTriesAgain(t *testing.T) {
	w := newReloadWorld(t)
	good := w.load(reloadA + "log: {level: debug}\n")
	file := filepath.Join(w.dir, "usher.yaml")
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var problems config.Problems // of the next read; none: it is good
		next := func(list config.Problems) {
			mu.Lock()
			defer mu.Unlock()
			problems = list
		}
		r := w.reloader
		r.requests, r.hangups, r.hints = make(chan chan admin.Reload), nil, watch.NewHints()
		r.read = func(string) (*config.Config, config.Files, config.Problems) {
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Since(began))
			if problems == nil {
				return good, good.Files, nil
			}
			return nil, config.Files{Paths: []string{file}}, problems
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		running.Go(func() { _ = r.run(ctx) })
		waits := func(what string, d time.Duration, want ...time.Duration) {
			t.Helper()
			mu.Lock()
			at, began = nil, time.Now()
			mu.Unlock()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if fmt.Sprint(at) != fmt.Sprint(want) {
				t.Errorf("%s: read at %v, want %v", what, at, want)
			}
		}
		next(passingProblem(w.dir))
		result, _ := r.ask(ctx)
		if result.RetryAt.IsZero() || !strings.Contains(result.Reason(), "too many open files") {
			t.Errorf("%+v", result)
		}
		const ms, s = time.Millisecond, time.Second
		waits("passing", 100*s, 250*ms, 750*ms, 1750*ms, 3750*ms, 7750*ms, 15750*ms, 31750*ms, 61750*ms, 91750*ms)
		if last := w.Status(true).LastReload; last.Tries != 10 || last.RetryAt.IsZero() {
			t.Errorf("status: %+v", last)
		}
		next(append(passingProblem(w.dir), config.Problem{Text: "bad", Mend: "mend"}))
		waits("a lasting one beside it", 100*s, 21750*ms)
		next(passingProblem(w.dir))
		if result, _ = r.ask(ctx); result.Tries != 1 {
			t.Errorf("asked anew: %+v", result)
		}
		next(nil)
		waits("it has passed", 100*s, 250*ms)
		if last := w.Status(true).LastReload; !last.OK || last.Tries != 0 || !last.RetryAt.IsZero() {
			t.Errorf("status: %+v", last)
		}
	})
	if got := w.reloader.level.Level(); got != slog.LevelDebug {
		t.Errorf("the level is %v in the end", got)
	}
}
