package relay

import (
	"net/http"
	"strings"
	"testing"

	"usher/e2e/client"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A front is how browsers reach a site: the name in their address bar, and the path before the connection's.
type front struct {
	shape, name, tenant, path string
}

// login opens a connection as a page at that name does.
func (f front) login(t testing.TB, s *nginx.Server, origin, query string, bosh bool) (*client.Session, error) {
	t.Helper()
	header := http.Header{"Host": {f.name}, "Origin": {"https://" + origin}}
	via := client.WebSocket("ws://"+s.Plain()+f.path+"/xmpp-websocket"+query, header)
	if bosh {
		via = client.BOSH("http://"+s.Plain()+f.path+"/http-bind"+query, header)
	}
	session, err := client.Dial(world.Within(t), client.Login{Mechanism: "ANONYMOUS", Via: via}.At("", world.Meet))
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// room is the one that a page there means by "board".
func (f front) room() string {
	if f.tenant == "" {
		return world.Room("board")
	}
	return world.Room("[" + f.tenant + "]board")
}

// TestSites: through the nginx sites that Jitsi's packages, its docker images and tenants have, a link leads to its
// room and to no other tenant's, by either transport; docker's needs the public name in gateway.origins.
func TestSites(t *testing.T) {
	t.Parallel()
	nginxtest.Require(t)
	const public = "video.example.org"
	o := world.Options{Relay: &world.Relay{}, Host: "    tokens: {subject: tenant}\n",
		Gateway: `origins: ["https://` + public + `", "https://` + world.Meet + `", "https://acme.` + world.Meet + `"]`}
	w := world.New(t, world.AnyVersion(t), o)
	running := map[string]*nginx.Server{}
	for _, f := range []front{
		{"debian", world.Meet, "", ""}, {"debian", world.Meet, "acme", "/acme"},
		{"docker", public, "", ""}, {"subdomain", "acme." + world.Meet, "acme", ""},
	} {
		if running[f.shape] == nil {
			running[f.shape] = nginxtest.Shaped(t, f.shape, w.Usher.Gateway)
		}
		s, sub := running[f.shape], f.tenant
		if sub == "" {
			sub = world.Meet
		}
		t.Run(f.shape+f.path, func(t *testing.T) { f.enters(t, w, s, sub) })
	}
	if _, err := (front{"docker", public, "", ""}).login(t, running["docker"], "evil.example.org",
		"?room=board&token="+world.Token(t, "alice", "board", nil), false); err == nil ||
		!strings.Contains(err.Error(), "403") {
		t.Errorf("a page of another name: %v", err)
	}
	visitor := "?vnode=v1&room=board&token=" + world.Token(t, "alice", "board", nil)
	if _, err := (front{"debian", world.Meet, "", ""}).login(t, running["debian"], world.Meet, visitor,
		false); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("the node of visitors: %v", err)
	}
}

func (f front) enters(t *testing.T, w *world.World, s *nginx.Server, sub string) {
	both(t, func(t *testing.T, bosh bool) {
		enter := func(account, sub string, more map[string]any) *world.Person {
			c := tokens.Claims(account, "board", more)
			c["sub"] = sub
			token := tokens.Sign(t, world.Meet, c)
			session, err := f.login(t, s, f.name, "?room=board&token="+token, bosh)
			if err != nil {
				t.Fatalf("%v\n%s", err, w.Usher.Log())
			}
			p := w.Person(t, session)
			p.Token = token
			return p
		}
		if got := enter("alice", sub, tokens.Moderator()).Meets(f.room()); got != "moderator/owner" {
			t.Errorf("the moderator is %s", got)
		}
		if got := enter("bob", sub, nil).Meets(f.room()); got != "participant/member" {
			t.Errorf("the participant is %s", got)
		}
		turnedAway(t, enter("eve", "other", tokens.Moderator()), f.room(), "cancel/not-allowed")
	})
}
