package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestRoomsRevokedPrincipal: 17 tokens of one account log in, of which usher keeps 16 sessions. When the account is revoked
// all 17 are dead, also after a kill; a token that is issued later is good, and once it is lifted the others are.
func TestRoomsRevokedPrincipal(t *testing.T) {
	eachRooms(t, roomsOptions{host: shortLeeway}, func(t *testing.T, w *roomsWorld) {
		issued := func(name string) string {
			return token(t, meet, claims("Mallory", "*", map[string]any{"moderator": true, "jti": name, "iat": time.Now().Unix()}))
		}
		var tokens []string
		for i := range 17 {
			tokens = append(tokens, issued(fmt.Sprint(i)))
			p := w.enterWith(t, "mallory", tokens[i])
			if i == 16 {
				p.joinAs(room("seized"), "moderator/owner")
			}
		}
		for _, want := range []string{"Mallory", "mallory@" + meet} {
			if out := w.run(t, "sessions", "list"); !strings.Contains(out, want) {
				t.Errorf("sessions list says\n%s", out)
			}
		}
		if out := w.run(t, "sessions", "revoke", "mallory@"+meet); !strings.Contains(out, "16 sessions end") || !strings.Contains(out, "leaves "+room("seized")) {
			t.Errorf("sessions revoke says\n%s", out)
		}
		w.usher.kill()
		mark := w.usher.mark(t)
		w.usher.start()
		w.awaitComponent(mark)
		w.warm()
		for _, secret := range tokens {
			w.dead(t, "mallory", secret)
		}
		if out := w.run(t, "sessions", "list", "--revoked"); !strings.Contains(out, "Mallory") {
			t.Errorf("sessions list --revoked says\n%s", out)
		}
		time.Sleep(2 * time.Second) // over the leeway
		w.enterWith(t, "mallory", issued("later")).joinAs(room("later"), "moderator/owner")
		w.dead(t, "mallory", tokens[0])
		if out := w.run(t, "sessions", "allow", "--user", "MALLORY"); !strings.Contains(out, "Mallory") {
			t.Errorf("sessions allow says\n%s", out)
		}
		w.enterWith(t, "mallory", tokens[0]).joinAs(room("allowed"), "moderator/owner")
	})
}

// TestRoomsRevokedLink: a link that many share is revoked for all of them or for none, from the account of any.
func TestRoomsRevokedLink(t *testing.T) {
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{})
	link := claims("", "*", map[string]any{"moderator": true})
	delete(link["context"].(map[string]any), "user")
	secret := token(t, meet, link)
	a, b := w.enterWith(t, "x", secret), w.enterWith(t, "x", secret)
	a.joinAs(room("link"), "moderator/owner")
	b.joinAs(room("link"), "moderator/owner")
	if out, err := w.runs(t, "sessions", "revoke", a.bare()); err == nil || !strings.Contains(out, "2 sessions of 2 accounts") || !strings.Contains(out, "--all") {
		t.Errorf("without --all: %v\n%s", err, out)
	}
	a.stays(room("link"), "moderator/owner")
	if out := w.run(t, "sessions", "revoke", a.bare(), "--all"); !strings.Contains(out, "2 sessions end") {
		t.Errorf("sessions revoke says\n%s", out)
	}
	a.becomes(room("link"), "")
	b.becomes(room("link"), "")
	w.dead(t, "x", secret)
}

// TestRoomsLeeway: in the leeway a token logs in and joins, and a revoked one does neither.
func TestRoomsLeeway(t *testing.T) {
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{host: "    tokens: {leeway: 1m}\n"})
	late := func(account string) string {
		return token(t, meet, claims(account, "*", map[string]any{"exp": time.Now().Add(-5 * time.Second).Unix()}))
	}
	ken, bob := late("ken"), late("bob")
	w.enterWith(t, "ken", ken).joinAs(room("late"), "participant/member")
	p := w.enterWith(t, "bob", bob)
	w.run(t, "sessions", "revoke", "bob@"+meet)
	time.Sleep(6 * time.Second) // a sweep
	w.dead(t, "bob", bob)
	p.refused(room("late"), "not-authorized")
	w.enterWith(t, "ken", ken).joinAs(room("late"), "participant/member")
}
