package driver_test

import (
	"slices"
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/focus"
	"usher/e2e/browser/page"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// jitsi is the site for Jitsi's own client.
const jitsi = site + "jitsi/"

// startJitsi is start with what lib-jitsi-meet needs besides: an answer of jicofo, and rooms that are open from the
// beginning, as jicofo makes them.
func startJitsi(t *testing.T, v prosody.Version, lines string) (world, *focus.Focus) {
	t.Helper()
	driver.RequireJitsi(t)
	host := prosody.Host{Name: "focus.meet.example.com", Component: "component", Lines: `component_secret = "focus"`}
	open := prosody.Host{Name: "conference.meet.example.com", Component: "muc", Lines: "muc_room_locking = false"}
	w := start(t, v, lines, host, open)
	f, err := focus.Start(t.Context(), focus.Config{Addr: w.prosody.Component(), Host: host.Name, Secret: "focus"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return w, f
}

// Jitsi's own client joins with and without a token, by either transport, and meets the page with Strophe.
func TestJitsi(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w, f := startJitsi(t, v, knowsAlice(t))
		first := w.browser.Open(t, jitsi+"Board?jwt="+token)
		got := first.Joined(t)
		if !strings.HasPrefix(got.JID, "alice@meet.example.com/") || len(got.Nick) != 8 || got.Transport != "websocket" ||
			got.First != (page.Rank{Role: "moderator"}) || !got.Moderator || got.Connects != 1 || got.Joins != 1 {
			t.Errorf("got %+v", got)
		}
		guest := w.browser.Open(t, jitsi+"board?transport=bosh")
		got = guest.Joined(t)
		if !strings.HasSuffix(got.JID, "@guest.meet.example.com/"+resource(got.JID)) ||
			got.First != (page.Rank{Role: "none"}) || got.Moderator {
			t.Errorf("the guest is %+v", got)
		}
		other := w.browser.Open(t, site+"board")
		other.Joined(t)
		first.Await(t, `Object.keys(meet.occupants).length === 3`, within)
		first.Do(t, `meet.send("Hello from Jitsi")`)
		for _, p := range []*driver.Page{guest, other} {
			p.Await(t, `meet.messages.some((m) => m.text === "Hello from Jitsi")`, within)
		}
		other.Do(t, `meet.send("Hello from Strophe")`)
		first.Await(t, `meet.messages.some((m) => m.text === "Hello from Strophe")`, within)
		first.Screenshot(t, "jitsi-"+string(v))
		guest.Do(t, `meet.leave()`)
		first.Await(t, `Object.keys(meet.occupants).length === 2`, within)
		const room = "board@conference.meet.example.com"
		if rooms := f.Rooms(); !slices.Equal(rooms, []string{room, room}) {
			t.Errorf("jicofo was asked for %v", rooms)
		}
	})
}

// What it makes of a refusal that is no not-allowed with a text is its own.
func TestJitsiRefused(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w, _ := startJitsi(t, v, answersLogins(t, "FAIL\t%s\tuser=alice\treason=The token has expired.\n"))
		refused(t, w.browser.Open(t, jitsi+"board?jwt="+token),
			page.Problem{Where: "login", Condition: "connection.passwordRequired"})
	})
}

// It does not join before jicofo has answered, but asks again and again.
func TestJitsiWithoutFocus(t *testing.T) {
	t.Parallel()
	w, f := startJitsi(t, "", knowsAlice(t))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	p := w.browser.Open(t, jitsi+"board?jwt="+token)
	p.Await(t, `meet.joins === 1`, within)
	if got := p.State(t); got.Status != "joining" || got.First.Role != "" {
		t.Errorf("got %+v", got)
	}
	config := focus.Config{Addr: w.prosody.Component(), Host: "focus.meet.example.com", Secret: "focus"}
	f, err := focus.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	p.Joined(t)
}

// BOSH has no stream management: a session that is gone at the server is lost to it.
func TestJitsiLost(t *testing.T) {
	t.Parallel()
	w, _ := startJitsi(t, "", knowsAlice(t))
	p := w.browser.Open(t, jitsi+"%D0%B4oska?transport=bosh&jwt="+token)
	if got := p.Joined(t); got.RoomJID != "%d0%b4oska@conference.meet.example.com" {
		t.Errorf("it is in %s", got.RoomJID)
	}
	w.wire.end("") // a request that failed is asked again
	p.Do(t, `meet.send("Still here")`)
	p.Await(t, `meet.messages.length === 1`, within)
	if err := w.prosody.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Await(t, `meet.status === "lost"`, within)
	want := page.Problem{Where: "connection", Condition: "connection.otherError", Text: "item-not-found"}
	if got := p.State(t).Error; *got != want {
		t.Errorf("got %+v", got)
	}
}
