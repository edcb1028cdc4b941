// Package relay holds what people meet at a Jitsi with usher before it as a relay, on real Prosodys: by our stand-ins of
// Jitsi's modules or, by e2e/jitsi.sh, on the modules themselves.
package relay

import (
	"errors"
	"os"
	"strings"
	"testing"

	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// each runs a test on each series of Prosody, behind a relay, beside other tests.
func each(t *testing.T, o world.Options, test func(t *testing.T, w *world.World)) {
	t.Parallel()
	if o.Relay == nil {
		o.Relay = &world.Relay{}
	}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) { test(t, world.New(t, v, o)) })
}

// link is one with a token of these claims.
func link(t testing.TB, account string, claimed any, more map[string]any, room string) world.Link {
	t.Helper()
	return world.Link{Token: world.Token(t, account, claimed, more), Room: room}
}

// both runs a test by either transport.
func both(t *testing.T, test func(t *testing.T, bosh bool)) {
	t.Run("websocket", func(t *testing.T) { test(t, false) })
	t.Run("bosh", func(t *testing.T) { test(t, true) })
}

// refused wants a login to be refused as Jitsi's client reads it, with a text.
func refused(t testing.TB, err error, text string) {
	t.Helper()
	r, ok := errors.AsType[*client.Refused](err)
	if !ok || r.Condition != "not-allowed" || !strings.Contains(r.Text, text) || strings.ContainsAny(r.Text, "'&<") {
		t.Errorf("got %v, want not-allowed: %s", err, text)
	}
}

// turnedAway wants a join to be refused with this condition, and a text for a person.
func turnedAway(t testing.TB, p *world.Person, room, want string) {
	t.Helper()
	first, err := p.Join(world.Within(t), room, p.Nick())
	e, ok := errors.AsType[*client.StanzaError](err)
	if !ok || e.Error() != want || strings.Contains(e.Text, "'") {
		t.Errorf("%s: got %v, %v; want %s", room, first, err, want)
	}
}

// TestLinks: what a link makes of a person is what its first presence says, and no room but its own is open.
func TestLinks(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			one := "one"
			if bosh {
				one = "two"
			}
			for _, c := range []struct {
				account string
				claim   any
				more    map[string]any
				want    string
			}{
				{"alice", one, tokens.Moderator(), "moderator/owner"},
				{"bob", one, nil, "participant/member"},
				{"carol", "*", tokens.Moderator(), "moderator/owner"},
				{"dora", []any{"x", one}, nil, "participant/member"},
			} {
				l := link(t, c.account, c.claim, c.more, one)
				l.BOSH = bosh
				p := w.Follow(t, l)
				if got := p.Meets(world.Room(one)); got != c.want {
					t.Errorf("%s: first presence %s, want %s", c.account, got, c.want)
				}
				if strings.HasPrefix(p.Bare(), c.account) {
					t.Errorf("%s is bound by its name: %s", c.account, p.JID())
				}
				if !strings.Contains(p.Shown(world.Room(one), p.Nick()), "<id>"+c.account+"</id>") {
					t.Errorf("%s shows no identity: %s", c.account, p.Shown(world.Room(one), p.Nick()))
				}
			}
			guest := w.Follow(t, world.Link{Host: world.Guests, Room: one, BOSH: bosh})
			if got := guest.Meets(world.Room(one)); got != "participant/none" {
				t.Errorf("guest: first presence %s", got)
			}
			_, err := w.Try(t, world.Link{Room: one, BOSH: bosh})
			refused(t, err, "")
			late := link(t, "eve", one, map[string]any{"exp": 1}, one)
			late.BOSH = bosh
			_, err = w.Try(t, late)
			refused(t, err, "expired")
			elsewhere := link(t, "fred", "other", nil, one)
			elsewhere.BOSH = bosh
			turnedAway(t, w.Follow(t, elsewhere), world.Room(one), "cancel/not-allowed")
		})
		w.OneLogin(t, "user_id=dora", `"login allowed"`, `"join allowed"`)
		w.OneLogin(t, "user_id=fred", `"login allowed"`, `"join refused"`)
		asked(t, w)
	})
}

// asked wants jicofo to have been shown inner tokens only, also where the client showed none.
func asked(t *testing.T, w *world.World) {
	t.Helper()
	silent := w.Follow(t, link(t, "greta", "*", nil, "one"))
	silent.Token = ""
	silent.Meets(world.Room("one"))
	for _, q := range w.Jicofo.Questions() {
		if strings.Contains(q.From, "@"+world.Guests) {
			if q.Token != "" {
				t.Errorf("a guest asked with the token %s", q.Token)
			}
			continue
		}
		c := claims(t, q.Token)
		if c["iss"] != world.AppID || c["aud"] != world.AppID {
			t.Errorf("jicofo was shown %v", c)
		}
	}
}

// TestOddTokens: what stock Jitsi takes as a user gets in and is shown, and loses no join.
func TestOddTokens(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		w.Begin(world.Room("one"))
		for name, user := range map[string]any{
			"7": map[string]any{"id": 7}, "": map[string]any{"id": nil}, "ид": map[string]any{"id": "ид"},
			"deep":  map[string]any{"id": "deep", "more": map[string]any{"a": 1}, "<x>": "y", "n": nil},
			"ctl":   map[string]any{"id": "ctl", "name": "a\x01b"},
			"focus": map[string]any{"id": "focus"},
		} {
			c := tokens.Claims("x", "one", nil)
			c["context"] = map[string]any{"user": user, "group": nil, "room": nil}
			p := w.Follow(t, world.Link{Token: tokens.Sign(t, world.Meet, c), Room: "one"})
			if got := p.Meets(world.Room("one")); got != "participant/member" {
				t.Errorf("%q: first presence %s", name, got)
			}
			if shown := p.Shown(world.Room("one"), p.Nick()); name != "" && !strings.Contains(shown, "<id>"+name+"</id>") {
				t.Errorf("%q is shown as %s", name, shown)
			}
		}
		if log := w.Prosody.Log(); strings.Contains(log, "Traceback") {
			t.Error("a module of Prosody raised an error")
		}
	})
}
