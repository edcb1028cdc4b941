package gateway

import (
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// unnamed are claims that name no account.
func unnamed(room any, more map[string]any) map[string]any {
	c := tokens.Claims("", room, more)
	c["context"] = map[string]any{"user": map[string]any{"name": "Somebody"}}
	return c
}

// A line is a client that can come back.
type line struct {
	*world.Person
	w                     *site
	token, room, id, name string
}

// resumable follows a link and makes its stream one that can be resumed.
func (w *site) resumable(t testing.TB, token, name string) *line {
	t.Helper()
	p := w.follow(t, world.Meet, byWebSocket(w, query(token, name)))
	id, err := p.Resumable()
	if err != nil {
		t.Fatal(err)
	}
	return &line{p, w, token, name, id, p.Nick()}
}

// comeBack resumes as Jitsi's client does, with the identifier in the address as well.
func (l *line) comeBack(t testing.TB) (*client.Session, error) {
	t.Helper()
	return l.w.dial(t, world.Meet, client.Login{Resume: l.id,
		Via: byWebSocket(l.w, query(l.token, l.room, "previd", l.id))})
}

// TestGatewayResumes has clients come back as who they were: after their connection was cut, usher was killed, and
// usher was stopped and started; also those whose tokens name no account.
func TestGatewayResumes(t *testing.T) {
	each(t, options(), func(t *testing.T, w *site) {
		shared := tokens.Sign(t, world.Meet, unnamed("one", nil))
		lines := []*line{
			w.resumable(t, world.Token(t, "alice", "one", tokens.Moderator()), "one"),
			w.resumable(t, shared, "one"), w.resumable(t, shared, "one"),
		}
		if lines[1].Bare() == lines[2].Bare() {
			t.Fatal("two logins with a token that names nobody got the same account")
		}
		watcher := w.Enter(t, "watcher", "one", nil) // directly: it sees all of it
		for _, l := range lines {
			l.Joins(world.Room("one"))
		}
		watcher.Joins(world.Room("one"))
		for _, disturb := range []struct {
			name string
			how  func()
		}{
			{"cut", func() {
				for _, l := range lines {
					l.Cut()
				}
			}},
			{"killed", func() { w.Usher.Kill(); w.Usher.Start() }},
			{"stopped", func() { w.Usher.Stop(); w.Usher.Start() }},
			{"killed again", func() { w.Usher.Kill(); w.Usher.Start() }},
		} {
			disturb.how()
			for i, l := range lines {
				s, err := l.comeBack(t)
				if err != nil {
					t.Fatalf("%s: client %d did not resume: %v\n%s", disturb.name, i, err, w.Usher.Log())
				}
				if err := s.Say(world.Room("one"), disturb.name+" and back"); err != nil {
					t.Fatal(err)
				}
				from := world.Room("one") + "/" + l.name
				if err := watcher.Told(world.Within(t), from, disturb.name+" and back"); err != nil {
					t.Errorf("%s: client %d is not heard in the room: %v", disturb.name, i, err)
				}
				l.Person = w.Person(t, s)
			}
		}
	})
}

// TestGatewayResumesNobodyElse has somebody with another token try to become the account of a stream whose identifier
// he knows.
func TestGatewayResumesNobodyElse(t *testing.T) {
	w := newSite(t, world.AnyVersion(t), options())
	l := w.resumable(t, tokens.Sign(t, world.Meet, unnamed("one", nil)), "one")
	l.Cut()
	thief := *l
	thief.token = tokens.Sign(t, world.Meet, unnamed("one", map[string]any{"jti": "another"}))
	if _, err := thief.comeBack(t); err == nil {
		t.Error("another token resumed the stream")
	}
	if _, err := l.comeBack(t); err != nil {
		t.Errorf("and its owner did not: %v\n%s", err, w.Usher.Log())
	}
}
