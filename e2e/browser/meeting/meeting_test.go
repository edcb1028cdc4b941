package meeting

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestMeeting is what goes well.
func TestMeeting(t *testing.T) {
	prosodytest.InTurn(t, func(t *testing.T, v prosody.Version) {
		start(t, v).run(t, map[string]func(t *testing.T, w *site){
			"joins": joins, "resumes": resumes, "lobby": lobby, "told of a knock": toldOfAKnock, "early guest": earlyGuest, "demoted": demoted,
		})
	})
}

// joins: a moderator, a participant and a guest are what their links say.
func joins(t *testing.T, w *site) {
	both(t, "board", func(t *testing.T, room string, bosh bool) {
		alice := w.open(t, link{room: room, token: world.Token(t, "alice", room, tokens.Moderator()), bosh: bosh})
		alice.Await(t, `meet.moderator`, within)
		s := alice.Joined(t)
		if s.Joins != 1 || s.Connects != 1 ||
			!strings.HasSuffix(strings.Split(s.JID, "/")[0], "@"+world.Meet) || strings.HasPrefix(s.JID, "alice@") {
			t.Errorf("the moderator is %+v", s)
		}
		bob := w.open(t, link{room: room, token: world.Token(t, "bob", "*", nil), bosh: bosh})
		if s := bob.Joined(t); s.Moderator || s.Domain != world.Meet {
			t.Errorf("the participant is %+v", s)
		}
		guest := w.open(t, link{room: room, bosh: bosh})
		if s := guest.Joined(t); s.Moderator || s.Domain != world.Guests {
			t.Errorf("the guest is %+v", s)
		}
		alice.Await(t, `Object.keys(meet.occupants).length === 3`, within)
		guest.Do(t, `meet.send("Hello")`)
		alice.Await(t, `meet.messages.some((m) => m.text === "Hello")`, within)
		bob.Close()
		alice.Await(t, `meet.left.length === 1`, within)
	})
}

// resumes: the connection is cut, by nginx, by the browser and by the end of usher, and nobody leaves.
func resumes(t *testing.T, w *site) {
	alice := w.open(t, link{room: "resumed", token: world.Token(t, "alice", "resumed", tokens.Moderator())})
	bob := w.open(t, link{room: "resumed", token: world.Token(t, "bob", "*", nil)})
	alice.Await(t, `meet.moderator`, within)
	before, watcher := alice.Joined(t), bob.Joined(t)
	for i, disturb := range []func(){
		func() {
			if err := w.nginx.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		},
		func() { alice.Do(t, `meet.drop()`) },
		func() { w.RestartUsher() },
	} {
		disturb()
		alice.Await(t, `meet.connects === `+string(rune('2'+i))+` && meet.status === "joined"`, within)
		s := alice.State(t)
		if s.Resumed == nil || !*s.Resumed || s.Joins != 1 || s.JID != before.JID || !s.Moderator ||
			len(s.Changes) != len(before.Changes) {
			t.Errorf("disturbance %d: got %+v", i, s)
		}
		alice.Do(t, `meet.send("still here")`)
		bob.Await(t, `meet.messages.length === `+string(rune('1'+i)), within)
	}
	if s := bob.State(t); len(s.Left) > 0 || s.JID != watcher.JID || s.Joins != 1 {
		t.Errorf("the other saw %+v", s)
	}
}

// lobby: a moderator turns the lobby on; guests knock, and are let in or turned away. Another moderator passes.
func lobby(t *testing.T, w *site) {
	alice := w.open(t, link{room: "lobby", token: world.Token(t, "alice", "lobby", tokens.Moderator())})
	alice.Await(t, `meet.moderator`, within)
	alice.Do(t, `meet.closeDoor()`)
	for name, c := range map[string]struct{ answer, status string }{
		"Bob": {"letIn", "joined"}, "Eve": {"turnAway", "refused"},
	} {
		p := w.open(t, link{room: "lobby"})
		p.Await(t, `meet.error && meet.error.condition === "conference.connectionError.membersOnly"`, within)
		p.Do(t, `meet.knock("`+name+`")`)
		find := `Object.keys(meet.waiting).find((id) => meet.waiting[id] === "` + name + `")`
		alice.Await(t, find, within)
		alice.Do(t, `meet.`+c.answer+`(`+find+`)`)
		p.Await(t, `meet.status === "`+c.status+`"`, within)
		s := p.State(t)
		if c.status == "joined" && s.Moderator {
			t.Errorf("%s came in as a moderator", name)
		}
		if c.status == "refused" && (s.Error == nil || s.Error.Condition != "conference.connectionError.accessDenied") {
			t.Errorf("%s is told %+v", name, s.Error)
		}
	}
	carol := w.open(t, link{room: "lobby", token: world.Token(t, "carol", "lobby", tokens.Moderator())})
	carol.Await(t, `meet.status === "joined" && meet.moderator`, within)
}

// toldOfAKnock: a moderator reads in Jitsi's client who waits, by the name that person has given, and the link there leads to the page of the moderator's rooms.
func toldOfAKnock(t *testing.T, w *site) {
	both(t, "hall", func(t *testing.T, room string, bosh bool) {
		alice := w.open(t, link{room: room, token: world.Token(t, "alice", room, tokens.Moderator()), bosh: bosh})
		alice.Await(t, `meet.moderator`, within)
		guest := w.open(t, link{room: room, bosh: bosh})
		guest.Await(t, `meet.error && meet.error.condition === "conference.connectionError.membersOnly"`, within)
		alice.Await(t, `meet.notices.some((n) => n.from === "Lobby" && n.text.includes("/enter#"))`, within)
		s := alice.State(t)
		g := guest.State(t)
		waiting, _, _ := strings.Cut(g.JID, "/")
		if len(s.Notices) != 1 || !strings.HasPrefix(s.Notices[0].Text, `"I am `+g.Nick+`" (`+waiting+`) waits`) {
			t.Fatalf("alice reads %+v", s.Notices)
		}
		page := w.Visitor(t)
		page.Enters(world.LinkIn(t, s.Notices[0].Text))
		if p := page.Gets("/lobby"); p.Status != http.StatusOK || !strings.Contains(p.Text, waiting) {
			t.Errorf("the page is %d: %s", p.Status, p.Text)
		}
	})
}

// earlyGuest: a guest is told that the meeting has not begun, and comes in by itself once the host is there.
func earlyGuest(t *testing.T, w *site) {
	both(t, "early", func(t *testing.T, room string, bosh bool) {
		guest := w.open(t, link{room: room, bosh: bosh})
		guest.Await(t, `meet.error && meet.error.condition === "conference.authenticationRequired"`, within)
		time.Sleep(1500 * time.Millisecond) // it asks again, and again not in vain only once somebody is there
		if s := guest.State(t); s.Status != "joining" || len(s.Occupants) > 0 {
			t.Errorf("before the host is there: %+v", s)
		}
		w.open(t, link{room: room, token: world.Token(t, "alice", room, tokens.Moderator()), bosh: bosh}).Joined(t)
		if s := guest.Joined(t); s.Moderator || s.Domain != world.Guests {
			t.Errorf("the guest is %+v", s)
		}
	})
}

// demoted: a moderator whose token ends is a participant then, and has not left. Prosody 0.12 would keep the rights of
// a stream that is resumed: there the session ends, and the person reads why.
func demoted(t *testing.T, w *site) {
	t.Parallel()
	begun := time.Now()
	bob := w.open(t, link{room: "demoted", token: world.Token(t, "bob", "*", nil)})
	bob.Joined(t)
	lives := max(8*time.Second, 3*time.Since(begun)) // long enough to come in with it on this machine
	more := tokens.Moderator()
	more["exp"] = time.Now().Add(lives).Unix()
	alice := w.open(t, link{room: "demoted", token: world.Token(t, "alice", "demoted", more)})
	alice.Await(t, `meet.moderator`, within)
	if strings.HasPrefix(w.Prosody.Install().Release, "0.12") {
		alice.Await(t, `meet.status === "removed"`, lives+within)
		if s := alice.State(t); s.Error.Text != "Your rights have changed. Please reload the page." {
			t.Errorf("it is told %+v", *s.Error)
		}
		return
	}
	if !alice.State(t).Mended { // later clients do not resume by a token that is over, but ask their page for a new one
		alice.Await(t, `meet.error && meet.error.condition === "connection.token_expired"`, lives+within)
		return
	}
	alice.Await(t, `!meet.moderator`, lives+within) // usher looks twice a minute, and the client takes 2 to 5 s to resume
	alice.Await(t, `meet.connects === 2 && meet.status === "joined"`, within)
	s := alice.State(t)
	if s.Resumed == nil || !*s.Resumed || s.Joins != 1 || s.Error != nil {
		t.Errorf("got %+v, %+v", s, s.Error)
	}
	if s := bob.State(t); len(s.Left) > 0 {
		t.Errorf("the other saw %v leave", s.Left)
	}
}
