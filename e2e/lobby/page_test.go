package lobby

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/e2e/world"
)

// decision is what the form of one wait sends.
func decision(room, id, what string) url.Values {
	return url.Values{"room": {room}, "id": {id}, "decision": {what}}
}

// waitOf is the ID of the wait of somebody in a room.
func waitOf(t *testing.T, w *world.World, room string, who *world.Person) string {
	t.Helper()
	for _, k := range knocks(t, w) {
		if k.Room == room && k.JID == who.Bare() {
			return k.ID
		}
	}
	t.Fatalf("%s does not wait in %s", who.Bare(), room)
	return ""
}

// entered is a visitor who has come in by the link of the message about a guest.
func entered(t *testing.T, w *world.World, moderator, guest *world.Person) (v *world.Visitor, link string) {
	t.Helper()
	said, err := moderator.Hears(world.Within(t), world.UsherJID, guest.Bare())
	if err != nil {
		t.Fatalf("%s is not told of %s: %v\n%s", moderator.Bare(), guest.Bare(), err, w.Usher.Log())
	}
	link = world.LinkIn(t, said)
	v = w.Visitor(t)
	if p := v.Enters(link); p.Status != http.StatusSeeOther || p.To != "/lobby" {
		t.Fatalf("entering: %+v", p)
	}
	return v, link
}

// sees wants a page to show those of the people, and not the others.
func sees(t *testing.T, p world.Page, shown []*world.Person, hidden ...*world.Person) {
	t.Helper()
	if p.Status != http.StatusOK {
		t.Fatalf("the page is %d: %s", p.Status, p.Text)
	}
	for _, who := range shown {
		if !strings.Contains(p.Text, who.Bare()) {
			t.Errorf("%s is not on the page", who.Bare())
		}
	}
	for _, who := range hidden {
		if strings.Contains(p.Text, who.Bare()) {
			t.Errorf("%s is on the page", who.Bare())
		}
	}
}

// TestRoomsLobbyPage: the link of a message brings the moderator whom it was sent to, once, to a page of the rooms that
// are the moderator's own now, whatever rooms the token is for; there, and in no other room, the moderator decides about
// who waits now.
func TestRoomsLobbyPage(t *testing.T) {
	o := lobbyOf("members-only")
	o.Console = true
	world.Each(t, o, func(t *testing.T, w *world.World) {
		r, other := world.Room("page"), world.Room("page-2")
		alice, zoe := w.Moderator(t, "alice", "*"), w.Moderator(t, "zoe", "*")
		alice.JoinsAs(r, "moderator/owner")
		zoe.JoinsAs(other, "moderator/owner")
		elsewhere := w.Moderator(t, "alice", "*") // another client of the account
		_ = elsewhere.Asks(world.Within(t), "carbons", "<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>")
		here, there := w.Guest(t), w.Guest(t)
		here.IsRefused(r, "registration-required")
		there.IsRefused(other, "registration-required")
		page, link := entered(t, w, alice, here)
		if p := w.Visitor(t).Enters(link); p.Status != http.StatusForbidden {
			t.Errorf("the link again: %d", p.Status)
		}
		if err := elsewhere.Ping(world.Within(t), world.Meet); err != nil || elsewhere.Messages(world.UsherJID) > 0 {
			t.Errorf("another client has %d messages: %v", elsewhere.Messages(world.UsherJID), err)
		}
		sees(t, page.Gets("/lobby"), []*world.Person{here}, there, zoe)
		for _, path := range []string{"/sessions", "/refusals", "/audit", "/whitelist", "/waiting", "/explain"} {
			if p := page.Gets(path); p.Status != http.StatusForbidden {
				t.Errorf("%s is %d for a moderator", path, p.Status)
			}
		}
		if p := page.Gets("/"); p.Status != http.StatusSeeOther || p.To != "/lobby" {
			t.Errorf("/: %+v", p)
		}
		theirs, ours := waitOf(t, w, other, there), waitOf(t, w, r, here)
		for what, row := range map[string]struct {
			form url.Values
			came string
		}{
			"another's room":     {decision(other, theirs, "admit"), "not-owner"},
			"another's wait":     {decision(r, theirs, "admit"), "over"},
			"a guessed ID":       {decision(r, "0123456789abcdef", "admit"), "over"},
			"a room that is not": {decision(world.Room("nowhere"), ours, "admit"), "over"},
		} {
			if p := page.Posts("/lobby/decide", row.form); p.Status != http.StatusSeeOther || p.To != "/lobby?notice="+row.came {
				t.Errorf("%s: %+v", what, p)
			}
		}
		there.IsRefused(other, "registration-required")
		if p := page.Posts("/lobby/decide", decision(r, ours, "admit")); p.To != "/lobby?notice=admitted" {
			t.Fatalf("admitting: %+v\n%s", p, w.Usher.Log())
		}
		if first := here.Joins(r); first != "participant/member" {
			t.Errorf("the guest came in as %s", first)
		}
		if p := page.Posts("/lobby/decide", decision(r, ours, "deny")); p.To != "/lobby?notice=over" {
			t.Errorf("the same wait again: %+v", p)
		}
		if said := w.Usher.Run(t, "audit", "--json"); !strings.Contains(said, `"via":"console"`) ||
			strings.Contains(w.Usher.Log()+said, strings.SplitN(link, "#", 2)[1]) {
			t.Errorf("the audit has %s", said)
		}
	})
}

// TestRoomsLobbyPageEnds: the page shows nothing any more, and its stream ends, when the moderator is demoted, leaves the
// room, or when the session is revoked.
func TestRoomsLobbyPageEnds(t *testing.T) {
	o := lobbyOf("gate")
	o.Console = true
	world.Each(t, o, func(t *testing.T, w *world.World) {
		r := world.Room("ends")
		alice, focus := w.Moderator(t, "alice", "*"), w.Focus(t)
		alice.JoinsAs(r, "moderator/owner")
		zoe := w.Moderator(t, "zoe", "*")
		zoe.JoinsAs(r, "moderator/owner") // the room stays when alice leaves it
		guest := w.Guest(t)
		guest.IsRefused(r, "not-authorized")
		page, _ := entered(t, w, alice, guest)
		back := func() {
			t.Helper()
			focus.Sets(r, alice, "owner")
			if _, err := alice.Self(r); err != nil {
				alice.Joins(r)
			}
			alice.Becomes(r, "moderator/owner")
		}
		for _, end := range []struct {
			what string
			do   func()
		}{
			{"demoted", func() { focus.Sets(r, alice, "member") }},
			{"left", func() { alice.Leaves(r) }},
			{"revoked", func() { w.Usher.Run(t, "sessions", "revoke", alice.Bare()) }},
		} {
			back()
			sees(t, page.Gets("/lobby"), []*world.Person{guest})
			lines := page.Events("/events/lobby")
			time.Sleep(300 * time.Millisecond) // by then it has looked for the first time
			end.do()
			began := time.Now()
			for range lines { // until it ends
				if time.Since(began) > 20*time.Second {
					t.Fatalf("%s: the stream goes on", end.what)
				}
			}
			took := time.Since(began)
			t.Logf("%s: the stream ends after %v", end.what, took.Round(time.Millisecond))
			if took > 5*time.Second { // 1 s, on a machine that is not busy
				t.Errorf("%s: the stream ends after %v", end.what, took)
			}
			if p := page.Gets("/lobby"); p.Status == http.StatusOK || strings.Contains(p.Text, guest.Bare()) {
				t.Errorf("%s: the page is %d: %s", end.what, p.Status, p.Text)
			}
			if p := page.Posts("/lobby/decide", decision(r, waitOf(t, w, r, guest), "admit")); p.To == "/lobby?notice=admitted" {
				t.Errorf("%s: the moderator decides still", end.what)
			}
		}
		if p := page.Gets("/lobby"); p.Status != http.StatusSeeOther || p.To != "/enter?ended" {
			t.Errorf("after the session: %+v", p)
		}
		guest.IsRefused(r, "not-authorized")
		said, err := zoe.Hears(world.Within(t), world.UsherJID, guest.Bare())
		if err != nil {
			t.Fatal(err)
		}
		w.Usher.Run(t, "sessions", "revoke", zoe.Bare())
		if p := w.Visitor(t).Enters(world.LinkIn(t, said)); p.Status != http.StatusForbidden {
			t.Errorf("by the link of a session that was revoked: %+v", p)
		}
	})
}
