package haproxy_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/haproxy"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/parts"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A site is two shards behind one HAProxy. Their ushers believe the same tokens.
type site struct {
	*haproxy.Server
	t      *testing.T
	worlds [2]*world.World
	fronts [2]*nginx.Server
}

func build(t *testing.T) *site {
	t.Helper()
	_, err := haproxy.Find()
	parts.Need(t, err)
	nginxtest.Require(t)
	s := &site{t: t}
	var shards [2]string
	for i := range s.worlds {
		s.worlds[i] = world.New(t, world.AnyVersion(t),
			world.Options{Relay: &world.Relay{}, Host: "    tokens: {subject: tenant}\n"})
		s.fronts[i] = nginxtest.Shaped(t, "debian", s.worlds[i].Usher.Gateway)
		shards[i] = s.fronts[i].Plain()
	}
	s.Server, err = haproxy.Start(t.Context(), haproxy.Config{Dir: t.TempDir(), Deploy: "../../deploy", Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(s.Log())
		}
	})
	return s
}

// dial logs in with a token, at a path and with a room in the address, as a page has it there.
func (s *site) dial(token, tenant, room string, bosh bool) (*client.Session, error) {
	query := "?" + url.Values{"room": {room}, "token": {token}}.Encode()
	header := http.Header{"Host": {world.Meet}, "Origin": {"https://" + world.Meet}}
	via := client.WebSocket("ws://"+s.Address()+tenant+"/xmpp-websocket"+query, header)
	if bosh {
		via = client.BOSH("http://"+s.Address()+tenant+"/http-bind"+query, header)
	}
	session, err := client.Dial(world.Within(s.t), client.Login{Mechanism: "ANONYMOUS", Via: via}.At("", world.Meet))
	if err == nil {
		s.t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

// enter logs in and joins.
func (s *site) enter(account, tenant, name, spelt string, bosh bool) *world.Person {
	s.t.Helper()
	claims := tokens.Claims(account, "*", tokens.Moderator())
	claims["sub"] = world.Meet
	room := world.Room(name)
	if tenant != "" {
		claims["sub"], room = tenant[1:], world.Room("["+tenant[1:]+"]"+name)
	}
	session, err := s.dial(tokens.Sign(s.t, world.Meet, claims), tenant, spelt, bosh)
	if err != nil {
		s.t.Fatalf("%s: %v", account, err)
	}
	p := s.worlds[0].Person(s.t, session)
	p.Meets(room)
	return p
}

// tells reports whether the log of a shard's usher has a text.
func (s *site) tells(shard int, text string) bool {
	return strings.Contains(s.worlds[shard].Usher.Log(), text)
}

// shardOf waits until one of the logs tells of a room, which is a moment after the join.
func (s *site) shardOf(name string) int {
	s.t.Helper()
	for ctx := world.Within(s.t); ctx.Err() == nil; time.Sleep(10 * time.Millisecond) {
		for shard := range s.worlds {
			if s.tells(shard, name+"@") {
				return shard
			}
		}
	}
	s.t.Fatalf("no log tells of the room %s", name)
	return 0
}

// TestRooms: the people of a room meet, however the page spells it and by either transport; each shard has some of the
// rooms, and a tenant's room of the same name is another. No line of the log has a token.
func TestRooms(t *testing.T) {
	s := build(t)
	rooms := [2]int{}
	for i := range 8 {
		name := fmt.Sprintf("board-%d", i)
		a := s.enter("alice", "", name, name, false)
		b := s.enter("bob", "", name, strings.ToUpper(name), true)
		if err := errors.Join(a.Sees(world.Within(t), world.Room(name), b.Nick()),
			b.Sees(world.Within(t), world.Room(name), a.Nick())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		rooms[s.shardOf(name)]++
	}
	for i := range 8 {
		if name := fmt.Sprintf("board-%d@", i); s.tells(0, name) && s.tells(1, name) {
			t.Errorf("both shards have the room %s", name)
		}
	}
	if rooms[0] == 0 || rooms[1] == 0 {
		t.Errorf("the shards have %v of 8 rooms", rooms)
	}
	a := s.enter("carol", "/acme", "board-0", "board-0", false)
	b := s.enter("dave", "/acme", "board-0", "board-0", true)
	if err := a.Sees(world.Within(t), world.Room("[acme]board-0"), b.Nick()); err != nil {
		t.Error(err)
	}
	if log := s.Log(); !strings.Contains(log, "POST /http-bind 200") || strings.Contains(log, "token") ||
		strings.Contains(log, "eyJ") || strings.Contains(log, "?") {
		t.Error("the log is without a connection, or with a query")
	}
}

// TestShardAway: while a shard is away its rooms wait, and those of the other do not; nor does the page.
func TestShardAway(t *testing.T) {
	s := build(t)
	if err := s.fronts[0].Stop(); err != nil {
		t.Fatal(err)
	}
	for range 4 { // at once: HAProxy has not found it yet
		if got := s.status("/board-1"); got != http.StatusOK {
			t.Errorf("the page is answered with %d", got)
		}
	}
	waiting := 0
	for i := range 8 {
		name := fmt.Sprintf("board-%d", i)
		if s.status("/http-bind?room="+name) == http.StatusServiceUnavailable {
			waiting++
			continue
		}
		s.enter("alice", "", name, name, false)
	}
	if waiting == 0 || waiting == 8 {
		t.Errorf("%d of 8 rooms wait", waiting)
	}
}

// status asks for a path as a browser does.
func (s *site) status(path string) int {
	s.t.Helper()
	request, err := http.NewRequestWithContext(world.Within(s.t), http.MethodGet, "http://"+s.Address()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	request.Host = world.Meet
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode
}
