package rooms

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestRoomsRevokedPrincipal: 17 tokens of one account log in, of which usher keeps 16 sessions. When the account is
// revoked all 17 are dead, also after a kill; a token that is issued later is good, and once it is lifted the others
// are.
func TestRoomsRevokedPrincipal(t *testing.T) {
	world.Each(t, world.Options{Host: shortLeeway}, func(t *testing.T, w *world.World) {
		issued := func(name string) string {
			return world.Token(t, "Mallory", "*", map[string]any{"moderator": true, "jti": name,
				"iat": time.Now().Unix()})
		}
		var tokens []string
		for i := range 17 {
			tokens = append(tokens, issued(fmt.Sprint(i)))
			p := w.EnterWith(t, "mallory", tokens[i])
			if i == 16 {
				p.JoinsAs(world.Room("seized"), "moderator/owner")
			}
		}
		for _, want := range []string{"Mallory", "mallory@" + world.Meet} {
			if out := w.Usher.Run(t, "sessions", "list"); !strings.Contains(out, want) {
				t.Errorf("sessions list says\n%s", out)
			}
		}
		if out := w.Usher.Run(t, "sessions", "revoke", "mallory@"+world.Meet); !strings.Contains(out,
			"16 sessions end") || !strings.Contains(out, "leaves "+world.Room("seized")) {
			t.Errorf("sessions revoke says\n%s", out)
		}
		w.Usher.Kill()
		mark := w.Usher.Mark()
		w.Usher.Start()
		w.AwaitComponent(mark)
		w.Warm()
		for _, secret := range tokens {
			dead(t, w, "mallory", secret)
		}
		if out := w.Usher.Run(t, "sessions", "list", "--revoked"); !strings.Contains(out, "Mallory") {
			t.Errorf("sessions list --revoked says\n%s", out)
		}
		time.Sleep(2 * time.Second) // over the leeway
		w.EnterWith(t, "mallory", issued("later")).JoinsAs(world.Room("later"), "moderator/owner")
		dead(t, w, "mallory", tokens[0])
		if out := w.Usher.Run(t, "sessions", "allow", "--user", "MALLORY"); !strings.Contains(out, "Mallory") {
			t.Errorf("sessions allow says\n%s", out)
		}
		w.EnterWith(t, "mallory", tokens[0]).JoinsAs(world.Room("allowed"), "moderator/owner")
	})
}

// TestRoomsRevokedLink: a link that many share is revoked for all of them or for none, from the account of any.
func TestRoomsRevokedLink(t *testing.T) {
	w := world.New(t, world.AnyVersion(t), world.Options{})
	link := tokens.Claims("", "*", map[string]any{"moderator": true})
	delete(link["context"].(map[string]any), "user")
	secret := tokens.Sign(t, world.Meet, link)
	a, b := w.EnterWith(t, "x", secret), w.EnterWith(t, "x", secret)
	a.JoinsAs(world.Room("link"), "moderator/owner")
	b.JoinsAs(world.Room("link"), "moderator/owner")
	if out, err := w.Usher.Try(t, "sessions", "revoke", a.Bare()); err == nil ||
		!strings.Contains(out, "2 sessions of 2 accounts") || !strings.Contains(out, "--all") {
		t.Errorf("without --all: %v\n%s", err, out)
	}
	a.Stays(world.Room("link"), "moderator/owner")
	if out := w.Usher.Run(t, "sessions", "revoke", a.Bare(), "--all"); !strings.Contains(out, "2 sessions end") {
		t.Errorf("sessions revoke says\n%s", out)
	}
	a.Becomes(world.Room("link"), "")
	b.Becomes(world.Room("link"), "")
	dead(t, w, "x", secret)
}

// TestRoomsLeeway: in the leeway a token logs in and joins, and a revoked one does neither.
func TestRoomsLeeway(t *testing.T) {
	w := world.New(t, world.AnyVersion(t), world.Options{Host: "    tokens: {leeway: 1m}\n"})
	late := func(account string) string {
		return world.Token(t, account, "*", map[string]any{"exp": time.Now().Add(-5 * time.Second).Unix()})
	}
	ken, bob := late("ken"), late("bob")
	w.EnterWith(t, "ken", ken).JoinsAs(world.Room("late"), "participant/member")
	p := w.EnterWith(t, "bob", bob)
	w.Usher.Run(t, "sessions", "revoke", "bob@"+world.Meet)
	time.Sleep(6 * time.Second) // a sweep
	dead(t, w, "bob", bob)
	p.IsRefused(world.Room("late"), "not-authorized")
	w.EnterWith(t, "ken", ken).JoinsAs(world.Room("late"), "participant/member")
}
