package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	"usher/e2e/world"
	"usher/internal/prosodyconf"
)

// otherJID is the component of the second usher.
const otherJID = "usher-b.meet.example.com"

// A pair is two ushers of one Prosody, a and b. Each has a component.
type pair struct {
	*world.World
	a, b *node
}

// newPair starts both. They differ in nothing but their names and places.
func newPair(t *testing.T, o world.Options, before func(b *daemon.Daemon, o *world.Options)) *pair {
	t.Helper()
	engine := redistest.Start(t, redis.Config{})
	secret := filepath.Join(t.TempDir(), "cluster.secret")
	if err := os.WriteFile(secret, []byte(clusterSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Host = fmt.Sprintf("cluster: {redis: %q, secret_files: [%s], node: a, cell: shard1, max_staleness: 1m}\n",
		at(engine), secret)
	o.MUC = fmt.Sprintf("admins = { %q, %q, \"focus@%s\" }\n", world.UsherJID, otherJID, world.Services)
	o.More = []prosody.Host{{Name: otherJID, Component: "component",
		Lines: "component_secret = " + prosodyconf.Quote(daemon.ComponentSecret) + "\n"}}
	b := daemon.New(t)
	if before != nil {
		before(b, &o)
	}
	w := world.New(t, world.AnyVersion(t), o)
	p := &pair{World: w, a: &node{w.Usher, t}, b: &node{b, t}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("a:\n%s\nb:\n%s", p.a.Log(), p.b.Log())
		}
	})
	if o.Relay != nil {
		b.Write("inner.secret", p.a.Read("inner.secret"))
	}
	b.Write("usher.yaml", p.asOther(p.a.Read("usher.yaml")))
	b.Start()
	b.AwaitFor(t, 0, "component connected", patience)
	p.a.knows(2)
	p.b.knows(2)
	return p
}

// asOther makes the configuration of b from that of a.
func (p *pair) asOther(config string) string {
	return strings.NewReplacer(p.a.Path(""), p.b.Path(""), p.a.HTTP, p.b.HTTP, p.a.Gateway, p.b.Gateway, world.UsherJID,
		otherJID, "node: a", "node: b").Replace(config)
}

// standby is before the HTTP doors of two ushers what nginx is with a backup: the second is asked where the first is
// not there.
type standby struct {
	*httptest.Server
	first, second string // host:port
}

func newStandby(t *testing.T) *standby {
	s := &standby{}
	to := func(address *string, failed func(http.ResponseWriter, *http.Request, error)) *httputil.ReverseProxy {
		return &httputil.ReverseProxy{ErrorHandler: failed, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: *address})
		}}
	}
	second := to(&s.second, nil)
	first := to(&s.first, func(w http.ResponseWriter, r *http.Request, _ error) { second.ServeHTTP(w, r) })
	s.Server = httptest.NewServer(first)
	t.Cleanup(s.Close)
	return s
}

// hasSession reports whether a node knows that an account logged in.
func (n *node) hasSession(account string) bool {
	var list struct{ Sessions []struct{ Account string } }
	out := n.Run(n.t, "sessions", "list", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		return strings.Contains(out, account)
	}
	for _, s := range list.Sessions {
		if strings.HasPrefix(s.Account, account) {
			return true
		}
	}
	return false
}

// TestWriterDies: joins are answered at once by the other usher, which changes rooms from 10 s on at the latest; and
// the first takes over again when Prosody asks it again.
func TestWriterDies(t *testing.T) {
	t.Parallel()
	front := newStandby(t)
	p := newPair(t, world.Options{}, func(b *daemon.Daemon, o *world.Options) {
		front.second = b.HTTP
		o.MUC += "muc_http_auth_url = " + prosodyconf.Quote(front.URL+"/muc/join") + "\n" +
			"muc_create_api_url = " + prosodyconf.Quote(front.URL+"/muc/room?jid={room.jid}") + "\n"
	})
	front.first = p.a.HTTP
	room := world.Room("standup")
	bob := p.Participant(t, "bob", "*")
	p.Moderator(t, "alice", "*").JoinsAs(room, "moderator/owner")
	bob.JoinsAs(room, "participant/member")
	carol, dave := p.Moderator(t, "carol", "*"), p.Moderator(t, "dave", "*")
	writes := func(n *node) func() bool { return func() bool { return n.counts(writerOf("shard1")) == 1 } }
	await(t, "a writes, which is asked", writes(p.a))
	if writes(p.b)() {
		t.Error("b writes, too")
	}
	await(t, "b knows of carol and dave", func() bool {
		return p.b.hasSession("carol@") && p.b.hasSession("dave@")
	})
	p.a.Kill()
	died := time.Now()
	carol.Joins(room)
	answered := time.Since(died)
	becomes(t, carol, room, "moderator/owner")
	took := time.Since(died)
	t.Logf("a join is answered %v after the writer's death, and its affiliation is there %v after it",
		answered.Round(time.Millisecond), took.Round(time.Millisecond))
	if answered > soon || took > 10*time.Second+soon {
		t.Errorf("answered after %v, and changed after %v", answered, took)
	}
	await(t, "b says that it writes", writes(p.b))
	p.a.Start()
	p.a.knows(2)
	dave.Joins(room)
	becomes(t, dave, room, "moderator/owner")
	bob.Becomes(room, "participant/member")
}

// becomes is Becomes with the time that it takes another usher to take over.
func becomes(t *testing.T, p *world.Person, room, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.Become(ctx, room, want); err != nil {
		t.Fatalf("%s in %s: %v", p.Bare(), room, err)
	}
}

// TestTaken: an usher whose component another has tries each second, without a cluster, too: it is there as soon as the
// other is gone.
func TestTaken(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{})
	second := daemon.New(t)
	second.Write("usher.yaml", strings.NewReplacer(w.Usher.Path(""), second.Path(""), w.Usher.HTTP, second.HTTP,
		w.Usher.Gateway, second.Gateway).Replace(w.Usher.Read("usher.yaml")))
	second.Start()
	second.AwaitFor(t, 0, "conflict", patience)
	time.Sleep(4 * time.Second) // so that a wait that doubles would show
	w.Usher.Kill()
	gone := time.Now()
	second.AwaitFor(t, 0, "component connected", patience)
	if took := time.Since(gone); took > time.Second+soon {
		t.Errorf("it took %v to take over", took)
	}
	if n := strings.Count(second.Log(), "stream error conflict"); n != 1 {
		t.Errorf("that the component is taken was said %d times", n)
	}
}
