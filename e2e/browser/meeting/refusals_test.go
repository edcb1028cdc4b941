package meeting

import (
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/tokens"
	"usher/e2e/world"
	"usher/moderation"
)

// TestRefusals is what people are told who are not let in, or not any more, as Jitsi's client names it. Prosody says
// nothing of it.
func TestRefusals(t *testing.T) {
	start(t, world.AnyVersion(t)).run(t, map[string]func(t *testing.T, w *site){
		"login": refusedLogin, "room": wrongRoom, "expired": expiredBeforeTheJoin, "revoked": revoked,
	})
}

// turnedAway wants the join to be refused, with a kind and a text: the client of 2021 tells neither.
func turnedAway(t *testing.T, p *driver.Page, text string) {
	t.Helper()
	s := p.Refused(t)
	want := page.Problem{Where: "room", Condition: "conference.connectionError.notAllowed", Text: text}
	if s.Mended {
		want.Text = ""
	}
	if *s.Error != want {
		t.Errorf("got %+v, want %+v", *s.Error, want)
	}
}

func refusedLogin(t *testing.T, w *site) {
	both(t, "login", func(t *testing.T, room string, bosh bool) {
		late := w.open(t, link{room: room, token: world.Token(t, "late", room, map[string]any{"exp": 1}), bosh: bosh})
		want := page.Problem{Where: "login", Condition: "connection.passwordRequired", Text: auth.ReasonExpired.ClientText()}
		if s := late.Refused(t); *s.Error != want || s.Joins != 0 {
			t.Errorf("got %+v, want %+v", *s.Error, want)
		}
	})
}

func wrongRoom(t *testing.T, w *site) {
	both(t, "wrong", func(t *testing.T, room string, bosh bool) {
		p := w.open(t, link{room: room, token: world.Token(t, "alice", "other", nil), bosh: bosh})
		turnedAway(t, p, "general "+moderation.ReasonRoomMismatch.ClientText())
	})
}

func expiredBeforeTheJoin(t *testing.T, w *site) {
	t.Parallel()
	begun := time.Now()
	w.open(t, link{room: "expired", token: world.Token(t, "bob", "expired", nil), hold: true}).
		Await(t, `meet.status === "held"`, within)
	over := time.Now().Add(max(8*time.Second, 3*time.Since(begun))) // long enough to log in with it on this machine
	more := map[string]any{"exp": over.Unix()}
	p := w.open(t, link{room: "expired", token: world.Token(t, "alice", "expired", more), hold: true})
	p.Await(t, `meet.status === "held"`, within)
	time.Sleep(time.Until(over))
	p.Do(t, `meet.join()`)
	turnedAway(t, p, "authentication-required "+moderation.ReasonSessionEnded.ClientText())
}

func revoked(t *testing.T, w *site) {
	both(t, "revoked", func(t *testing.T, room string, bosh bool) {
		l := link{room: room, token: world.Token(t, "alice-"+room, room, tokens.Moderator()), bosh: bosh}
		p := w.open(t, l)
		jid, _, _ := strings.Cut(p.Joined(t).JID, "/")
		bob := w.open(t, link{room: room, token: world.Token(t, "bob", room, nil)})
		bob.Joined(t)
		w.Usher.Run(t, "sessions", "revoke", jid)
		p.Await(t, `meet.status !== "joined"`, within)
		bob.Await(t, `meet.left.length === 1`, within)
		s := p.State(t)
		kicked := page.Problem{Where: "room", Condition: "307", Text: auth.ReasonRevoked.ClientText()}
		over := page.Problem{Where: "connection", Condition: "connection.otherError", Text: "remote-stream-error"}
		if *s.Error != kicked && (!bosh || *s.Error != over) { // by BOSH the end of the session may come first
			t.Errorf("it is %s: %+v", s.Status, *s.Error)
		}
		again := w.open(t, l).Refused(t)
		if again.Error.Where != "login" || again.Error.Text != auth.ReasonRevoked.ClientText() {
			t.Errorf("coming back it is told %+v", *again.Error)
		}
	})
}
