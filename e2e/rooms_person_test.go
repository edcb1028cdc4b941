package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
)

// A person is somebody who is logged in.
type person struct {
	*client.Session
	t testing.TB
	w *roomsWorld
}

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// claims are those of a token for an account and rooms; more of them may follow, with dots for paths.
func claims(account string, room any, more map[string]any) map[string]any {
	user := map[string]any{"id": account}
	c := map[string]any{"room": room}
	context := map[string]any{"user": user}
	for name, v := range more {
		switch {
		case strings.HasPrefix(name, "user."):
			user[strings.TrimPrefix(name, "user.")] = v
		case strings.HasPrefix(name, "room."):
			context["room"] = map[string]any{strings.TrimPrefix(name, "room."): v}
		default:
			c[name] = v
		}
	}
	c["context"] = context
	return c
}

// moderator adds the claim.
var moderator = map[string]any{"moderator": true}

// enter logs in with a token.
func (w *roomsWorld) enter(t testing.TB, account string, room any, more map[string]any) *person {
	t.Helper()
	return w.enterWith(t, account, token(t, meet, claims(account, room, more)))
}

func (w *roomsWorld) enterWith(t testing.TB, account, token string) *person {
	t.Helper()
	return w.login(t, meet, client.Plain(account, token))
}

func (w *roomsWorld) guest(t testing.TB) *person {
	t.Helper()
	return w.login(t, guests, client.Login{Mechanism: "ANONYMOUS"})
}

func (w *roomsWorld) focus(t testing.TB) *person {
	t.Helper()
	return w.login(t, services, client.Plain("focus", "secret"))
}

func (w *roomsWorld) login(t testing.TB, host string, l client.Login) *person {
	t.Helper()
	s, err := client.Dial(within(t), l.At(w.prosody.C2S(), host))
	if err != nil {
		t.Fatalf("login at %s: %v", host, err)
	}
	p := &person{Session: s, t: t, w: w}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Available(); err != nil {
		t.Fatal(err)
	}
	return p
}

func room(name string) string { return name + "@" + conference }

func (p *person) bare() string {
	bare, _, _ := strings.Cut(p.JID(), "/")
	return bare
}

func (p *person) nick() string {
	local, _, _ := strings.Cut(p.JID(), "@")
	return local
}

// join wants to be let in, and returns what the first presence said.
func (p *person) join(room string) string {
	p.t.Helper()
	first, err := p.Join(within(p.t), room, p.nick())
	if err != nil {
		p.t.Fatalf("%s joining %s: %v\n%s", p.bare(), room, err, p.w.usher.log())
	}
	return first.String()
}

// joinAs wants to be let in and to become this soon.
func (p *person) joinAs(room, want string) {
	p.t.Helper()
	p.join(room)
	p.becomes(room, want)
}

// joinAtOnce is joinAs for who has logged in some milliseconds ago. A room that lets members in only may want a second try
// of him (docs/lobby.md): his role is computed before he can be made a member.
func (p *person) joinAtOnce(room, want, mode string) {
	p.t.Helper()
	if _, err := p.Join(within(p.t), room, p.nick()); err != nil && mode == "members-only" {
		p.t.Logf("%s wants a second try: %v", p.bare(), err)
		time.Sleep(200 * time.Millisecond)
		p.join(room)
	} else if err != nil {
		p.t.Fatalf("%s joining %s: %v", p.bare(), room, err)
	}
	p.becomes(room, want)
}

func (p *person) becomes(room, want string) {
	p.t.Helper()
	if err := p.Become(within(p.t), room, want); err != nil {
		p.t.Fatalf("%s in %s: %v\n%s", p.bare(), room, err, p.w.usher.log())
	}
}

// stays wants to be this, and to be it still a while later.
func (p *person) stays(room, want string) {
	p.t.Helper()
	p.becomes(room, want)
	time.Sleep(300 * time.Millisecond)
	if got, _ := p.Self(room); got.String() != want {
		p.t.Errorf("%s in %s became %s, want %s", p.bare(), room, got, want)
	}
}

// refused wants not to be let in, with this condition.
func (p *person) refused(room, condition string) {
	p.t.Helper()
	first, err := p.Join(within(p.t), room, p.nick())
	stanza, ok := errors.AsType[*client.StanzaError](err)
	if !ok {
		p.t.Fatalf("%s joining %s: %v, %v; want %s", p.bare(), room, first, err, condition)
	}
	if stanza.Condition != condition {
		p.t.Errorf("%s joining %s: refused for %v, want %s", p.bare(), room, stanza, condition)
	}
}

func (p *person) leave(room string) {
	p.t.Helper()
	if err := p.Leave(within(p.t), room); err != nil {
		p.t.Fatalf("%s leaving %s: %v", p.bare(), room, err)
	}
}

// set changes somebody's affiliation by hand.
func (p *person) set(room string, who *person, affiliation string) {
	p.t.Helper()
	if _, err := p.Admin(within(p.t), room, "set", client.Item{JID: who.bare(), Affiliation: affiliation}); err != nil {
		p.t.Fatalf("%s making %s %s: %v", p.bare(), who.bare(), affiliation, err)
	}
}

// run runs a command of usher and returns what it prints.
func (w *roomsWorld) run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := w.runs(t, args...)
	if err != nil {
		t.Fatalf("usher %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// runs is run of a command that may fail.
func (w *roomsWorld) runs(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(w.usher.binary, args...)
	cmd.Env = append(os.Environ(), "USHER_CONFIG="+w.usher.path("usher.yaml"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}
