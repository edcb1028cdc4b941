package relay

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// shownOut is what a client gets whose account was taken out of a room by usher.
func shownOut(room, nick, jid string) string {
	return `<presence xmlns="jabber:client" type="unavailable" from="` + room + `/` + nick + `" to="` + jid +
		`"><x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="none" role="none"><reason>` +
		auth.ReasonRevoked.ClientText() + `</reason></item><status code="307"/><status code="110"/></x></presence>`
}

// lastWord is the error that a stream ends with.
func lastWord() string {
	const namespace = `xmlns="urn:ietf:params:xml:ns:xmpp-streams"`
	return `<stream:error xmlns:stream="http://etherx.jabber.org/streams"><not-authorized ` + namespace + `/><text ` +
		namespace + ` xml:lang="en">` + auth.ReasonRevoked.ClientText() + `</text></stream:error>`
}

// TestFarewell: a client whose login is revoked gets, byte for byte, one kick for each room with the reason, the error of
// the stream and nothing else, on each of its devices; nothing is left to be resumed.
func TestFarewell(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		watcher := w.Follow(t, link(t, "watcher", "*", tokens.Moderator(), "one"))
		one, two := world.Room("one"), world.Room("two")
		watcher.Meets(one)
		watcher.Meets(two)
		for _, name := range []string{"account", "user", "token"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each waits for what its page has time to show
				l := link(t, name, "*", tokens.Moderator(), "one")
				first := calls(t, w, l)
				first.enters(t, one)
				first.enters(t, two)
				other := calls(t, w, link(t, name, "*", map[string]any{"jti": "other"}, "one"))
				other.enters(t, one)
				first.pings(t, "still")
				args := map[string][]string{"account": {first.bare()}, "user": {"--user", name},
					"token": {"--token", thumbprint(t, w, first.bare())}}[name]
				w.Usher.Run(t, append([]string{"sessions", "revoke"}, args...)...)
				toldFarewell(t, first, one, two)
				if name == "token" {
					other.pings(t, "spared")
				} else {
					toldFarewell(t, other, one)
				}
				if err := watcher.Absent(world.Within(t), one, first.nick()); err != nil {
					t.Errorf("others still see it: %v", err)
				}
				l.Resume = first.id
				if p, err := w.Try(t, l); err == nil {
					t.Errorf("the stream was taken up by %s", p.JID())
				}
				if name == "token" {
					fresh := link(t, name, "*", map[string]any{"jti": "fresh"}, "one")
					fresh.Resume = first.id
					notTakenUp(t, w, fresh)
				}
			})
		}
	})
}

// thumbprint is of the token that an account has logged in with.
func thumbprint(t testing.TB, w *world.World, account string) string {
	t.Helper()
	var list []struct{ Account, Token string }
	if err := json.Unmarshal([]byte(w.Usher.Run(t, "sessions", "list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Account == account {
			return s.Token
		}
	}
	t.Fatalf("%s has no session", account)
	return ""
}

// notTakenUp wants a stream to be over for a login that is good.
func notTakenUp(t testing.TB, w *world.World, l world.Link) {
	t.Helper()
	c := w.Wire(t, l)
	if err := c.Send(client.ResumeRequest(l.Resume, 0)); err != nil {
		t.Fatal(err)
	}
	if answer, err := c.Await(world.Within(t), "urn:xmpp:sm"); err != nil || !strings.HasPrefix(answer, "<failed") {
		t.Errorf("resuming was answered with %s, %v", answer, err)
	}
}

// toldFarewell wants what comes from now on to be a farewell from these rooms.
func toldFarewell(t testing.TB, c *caller, rooms ...string) {
	t.Helper()
	rest, err := c.Ended(world.Within(t))
	if err != nil {
		t.Fatalf("the connection goes on: %v", err)
	}
	rest = slices.DeleteFunc(slices.Clone(rest), func(m string) bool { // what was on its way, and that others go
		return strings.HasPrefix(m, "<r ") || strings.HasPrefix(m, "<message") ||
			strings.HasPrefix(m, "<presence") && !strings.Contains(m, "'110'") && !strings.Contains(m, `"110"`)
	})
	want := []string{}
	for _, room := range rooms {
		want = append(want, shownOut(room, c.nick(), c.jid))
	}
	if len(rest) == len(want)+2 {
		slices.Sort(rest[:len(want)]) // of the rooms in any order
	}
	want = append(want, lastWord(), `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />`)
	if !slices.Equal(rest, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rest, "\n"), strings.Join(want, "\n"))
	}
	if kicks := of(c.Came(), "code='301'"); len(kicks) > 0 {
		t.Errorf("it is told of a ban: %s", kicks)
	}
}
