package world

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
)

// A Person is somebody who is logged in. Methods that are called as what happens, such as Joins, want it to happen, and
// fail the test otherwise.
type Person struct {
	*client.Session
	Token string // that came with the link, if one was followed

	t    testing.TB
	w    *World
	late atomic.Bool // a join took longer than usher holds one back
}

// Room is the address of a room.
func Room(name string) string { return name + "@" + Conference }

// Token is one for an account of Meet, of these claims, as tokens.Claims has them.
func Token(t testing.TB, account string, room any, more map[string]any) string {
	t.Helper()
	return tokens.Sign(t, Meet, tokens.Claims(account, room, more))
}

// Enter logs in with a Token.
func (w *World) Enter(t testing.TB, account string, room any, more map[string]any) *Person {
	t.Helper()
	return w.EnterWith(t, account, Token(t, account, room, more))
}

// Moderator logs in with a token that makes a moderator.
func (w *World) Moderator(t testing.TB, account string, room any) *Person {
	t.Helper()
	return w.Enter(t, account, room, tokens.Moderator())
}

// Participant logs in with a token that makes nobody a moderator.
func (w *World) Participant(t testing.TB, account string, room any) *Person {
	t.Helper()
	return w.Enter(t, account, room, nil)
}

// EnterWith logs in with a token.
func (w *World) EnterWith(t testing.TB, account, token string) *Person {
	t.Helper()
	return w.Login(t, Meet, client.Plain(account, token))
}

// Guest logs in without a token.
func (w *World) Guest(t testing.TB) *Person {
	t.Helper()
	return w.Login(t, Guests, client.Login{Mechanism: "ANONYMOUS"})
}

// Focus logs in as jicofo does.
func (w *World) Focus(t testing.TB) *Person {
	t.Helper()
	return w.Login(t, Services, client.Plain("focus", "secret"))
}

// Login logs in at a host of Prosody. The session ends with the test.
func (w *World) Login(t testing.TB, host string, l client.Login) *Person {
	t.Helper()
	s, err := client.Dial(Within(t), l.At(w.Prosody.C2S(), host))
	if err != nil {
		t.Fatalf("login at %s: %v", host, err)
	}
	p := w.Person(t, s)
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Available(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Person is the one of a session that was begun in another way.
func (w *World) Person(t testing.TB, s *client.Session) *Person {
	return &Person{Session: s, t: t, w: w}
}

// Bare is the bare JID.
func (p *Person) Bare() string {
	bare, _, _ := strings.Cut(p.JID(), "/")
	return bare
}

// Nick is the localpart, by which the person is known in rooms.
func (p *Person) Nick() string {
	local, _, _ := strings.Cut(p.JID(), "@")
	return local
}

// Joins returns what the first presence said, as role/affiliation.
func (p *Person) Joins(room string) string {
	p.t.Helper()
	first, err := p.Comes(room)
	if err != nil {
		p.t.Fatalf("%s joining %s: %v\n%s", p.Bare(), room, err, p.w.Usher.Log())
	}
	return first.String()
}

// Comes is Joins of a join that may fail, and for any goroutine.
func (p *Person) Comes(room string) (client.Occupant, error) {
	began := time.Now()
	first, err := p.Join(Within(p.t), room, p.Nick())
	if p.w.Front && time.Since(began) > Held {
		p.late.Store(true)
		return p.overdue(room, first, err)
	}
	return first, err
}

// Held is how long usher, where it is in front, holds a join back for its component. On a busy machine Prosody may take
// longer to answer that one, and the affiliation comes a moment after the join: or between Prosody's look at the role
// and the join, and then the role comes after that.
const Held = 200 * time.Millisecond

// Late reports whether a join took so long that the affiliation may have come behind it.
func (p *Person) Late() bool { return p.late.Load() }

// overdue returns what somebody is in a room shortly after a join that took longer than it may be held back.
func (p *Person) overdue(room string, first client.Occupant, err error) (client.Occupant, error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		refused, _ := errors.AsType[*client.StanzaError](err)
		switch {
		case refused != nil && refused.Condition == "registration-required", errors.Is(err, client.ErrLeft):
			first, err = p.Join(Within(p.t), room, p.Nick())
		case err != nil || strings.HasSuffix(p.Bare(), "@"+Guests):
			return first, err
		case first.Affiliation != "none" && (first.Affiliation != "owner" || first.Role == "moderator"):
			return first, err
		default:
			if now, gone := p.Self(room); gone == nil {
				first = now
			}
		}
	}
	return first, err
}

// JoinsAs is Joins, and then Becomes.
func (p *Person) JoinsAs(room, want string) {
	p.t.Helper()
	p.Joins(room)
	p.Becomes(room, want)
}

// Becomes waits until the person is role/affiliation in a room, or "" for out of it.
func (p *Person) Becomes(room, want string) {
	p.t.Helper()
	if err := p.Become(Within(p.t), room, want); err != nil {
		p.t.Fatalf("%s in %s: %v\n%s", p.Bare(), room, err, p.w.Usher.Log())
	}
}

// Stays is Becomes, and wants it to be so still a while later.
func (p *Person) Stays(room, want string) {
	p.t.Helper()
	p.Becomes(room, want)
	time.Sleep(300 * time.Millisecond)
	if got, _ := p.Self(room); got.String() != want {
		p.t.Errorf("%s in %s became %s, want %s", p.Bare(), room, got, want)
	}
}

// IsRefused wants the join to be refused with this condition. Where a lobby is just being switched on, usher itself
// refuses until the room does, with another.
func (p *Person) IsRefused(room, condition string) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		first, err := p.Join(Within(p.t), room, p.Nick())
		stanza, ok := errors.AsType[*client.StanzaError](err)
		if !ok {
			p.t.Fatalf("%s joining %s: %v, %v; want %s", p.Bare(), room, first, err, condition)
		}
		byUsher := stanza.Condition == "not-authorized" || stanza.Condition == "not-allowed"
		if condition == "registration-required" && byUsher && time.Now().Before(end) {
			continue
		}
		if stanza.Condition != condition {
			p.t.Errorf("%s joining %s: refused for %v, want %s", p.Bare(), room, stanza, condition)
		}
		return
	}
}

// IsRefusedAnyhow wants the join to be refused, for whatever reason.
func (p *Person) IsRefusedAnyhow(room string) {
	p.t.Helper()
	if first, err := p.Join(Within(p.t), room, p.Nick()); err == nil {
		p.t.Errorf("%s came into %s as %s", p.Bare(), room, first)
	}
}

// IsInvited wants both kinds of invitation to a room.
func (p *Person) IsInvited(room string) {
	p.t.Helper()
	if err := p.Invited(Within(p.t), room); err != nil {
		p.t.Fatalf("%s was not invited to %s: %v\n%s", p.Bare(), room, err, p.w.Usher.Log())
	}
}

// Leaves leaves a room.
func (p *Person) Leaves(room string) {
	p.t.Helper()
	if err := p.Leave(Within(p.t), room); err != nil {
		p.t.Fatalf("%s leaving %s: %v", p.Bare(), room, err)
	}
}

// Sets changes an affiliation by hand.
func (p *Person) Sets(room string, who *Person, affiliation string) {
	p.t.Helper()
	item := client.Item{JID: who.Bare(), Affiliation: affiliation}
	if _, err := p.Admin(Within(p.t), room, "set", item); err != nil {
		p.t.Fatalf("%s making %s %s: %v", p.Bare(), who.Bare(), affiliation, err)
	}
}
