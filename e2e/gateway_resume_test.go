package e2e

import (
	"testing"

	"usher/e2e/client"
)

// unnamed are claims that name no account.
func unnamed(room any, more map[string]any) map[string]any {
	c := claims("", room, more)
	c["context"] = map[string]any{"user": map[string]any{"name": "Somebody"}}
	return c
}

// A line is a client that can come back.
type line struct {
	*person
	token, room, id, name string
}

// resumable follows a link and makes its stream one that can be resumed.
func (w *roomsWorld) resumable(t testing.TB, token, name string) *line {
	t.Helper()
	p := w.follow(t, meet, byWebSocket(w, query(token, name)))
	id, err := p.Resumable()
	if err != nil {
		t.Fatal(err)
	}
	return &line{p, token, name, id, p.nick()}
}

// comeBack resumes as Jitsi's client does, with the identifier in the address as well.
func (l *line) comeBack(t testing.TB) (*client.Session, error) {
	t.Helper()
	return l.w.dial(t, meet, client.Login{Resume: l.id, Via: byWebSocket(l.w, query(l.token, l.room, "previd", l.id))})
}

// TestGatewayResumes has clients come back as who they were: after their connection was cut, usher was killed, and usher
// was stopped and started; also those whose tokens name no account.
func TestGatewayResumes(t *testing.T) {
	eachGateway(t, gatewayOptions(), func(t *testing.T, w *roomsWorld) {
		shared := token(t, meet, unnamed("one", nil))
		lines := []*line{
			w.resumable(t, token(t, meet, claims("alice", "one", moderator)), "one"),
			w.resumable(t, shared, "one"), w.resumable(t, shared, "one"),
		}
		if lines[1].bare() == lines[2].bare() {
			t.Fatal("two logins with a token that names nobody got the same account")
		}
		watcher := w.enter(t, "watcher", "one", nil) // directly: it sees all of it
		for _, l := range lines {
			l.join(room("one"))
		}
		watcher.join(room("one"))
		for _, disturb := range []struct {
			name string
			how  func()
		}{
			{"cut", func() {
				for _, l := range lines {
					l.Cut()
				}
			}},
			{"killed", func() { w.usher.kill(); w.usher.start() }},
			{"stopped", func() { w.usher.stop(); w.usher.start() }},
			{"killed again", func() { w.usher.kill(); w.usher.start() }},
		} {
			disturb.how()
			for i, l := range lines {
				s, err := l.comeBack(t)
				if err != nil {
					t.Fatalf("%s: client %d did not resume: %v\n%s", disturb.name, i, err, w.usher.log())
				}
				if err := s.Say(room("one"), disturb.name+" and back"); err != nil {
					t.Fatal(err)
				}
				if err := watcher.Told(within(t), room("one")+"/"+l.name, disturb.name+" and back"); err != nil {
					t.Errorf("%s: client %d is not heard in the room: %v", disturb.name, i, err)
				}
				l.person = &person{s, t, w}
			}
		}
	})
}

// TestGatewayResumesNobodyElse has somebody with another token try to become the account of a stream whose identifier he
// knows.
func TestGatewayResumesNobodyElse(t *testing.T) {
	w := newGatewayWorld(t, anyVersion(t), gatewayOptions())
	l := w.resumable(t, token(t, meet, unnamed("one", nil)), "one")
	l.Cut()
	thief := *l
	thief.token = token(t, meet, unnamed("one", map[string]any{"jti": "another"}))
	if _, err := thief.comeBack(t); err == nil {
		t.Error("another token resumed the stream")
	}
	if _, err := l.comeBack(t); err != nil {
		t.Errorf("and its owner did not: %v\n%s", err, w.usher.log())
	}
}
