package relay

import (
	"net/http"
	"strings"
	"testing"

	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
	"usher/internal/prosodyconf"
)

// outerKeys are the lines of Prosody before usher: it verifies the tokens of the links itself.
func outerKeys() string {
	return "app_secret = " + prosodyconf.Quote(authtest.Secret) + "\nasap_accepted_issuers = { " +
		prosodyconf.Quote(authtest.Issuer) + " }\n"
}

// TestHalfDone: with Prosody's key lines not, or not all, as usher wants them nobody gets in through usher, by a good
// token either, and usher status names the step that is missing.
func TestHalfDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		relay        world.Relay
		said, status string
	}{
		"app_secret unchanged": {world.Relay{Keys: outerKeys()}, "Invalid", "signature_algorithm"},
		"app_secret unchanged, HS256": {world.Relay{HS256: true, Keys: outerKeys()}, "Invalid signature",
			"Prosody has another app_secret"},
		"asap_key_server left": {world.Relay{Prosody: "asap_key_server = \"http://127.0.0.1:1/keys\"\n"},
			"'kid' claim is missing", "Prosody asks a key server"},
		"cache_keys_url left": {world.Relay{Prosody: "cache_keys_url = \"http://127.0.0.1:1/keys\"\n"},
			"'kid' claim is missing", "Prosody asks a key server"},
	} {
		t.Run(name, func(t *testing.T) {
			w := world.New(t, world.AnyVersion(t), world.Options{Relay: &c.relay})
			l := link(t, "alice", "one", tokens.Moderator(), "one")
			both(t, func(t *testing.T, bosh bool) {
				l.BOSH = bosh
				_, err := w.Try(t, l)
				straightRefused(t, err, c.said)
				_, err = w.Try(t, world.Link{Room: "one", BOSH: bosh})
				refused(t, err, "")
				if p, err := w.Straight(t, l); c.relay.Keys != "" && err != nil {
					t.Errorf("the links still work at Prosody itself: %v", err)
				} else if c.relay.Keys == "" && err == nil {
					t.Errorf("%s is in", p.JID())
				}
			})
			w.Usher.StatusSays(t, "relay: NO: ", c.status)
		})
	}
}

// TestEmptyTokenLeft: with allow_empty_token left on in Prosody the gateway refuses who has no token, and usher
// status says that Prosody itself does not.
func TestEmptyTokenLeft(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Relay: &world.Relay{Prosody: "allow_empty_token = true\n"}})
	both(t, func(t *testing.T, bosh bool) {
		_, err := w.Try(t, world.Link{Room: "one", BOSH: bosh})
		refused(t, err, "")
		if _, err = w.Straight(t, world.Link{Room: "one", BOSH: bosh}); err != nil {
			t.Errorf("past usher, as Prosody's configuration says: %v", err)
		}
	})
	w.Usher.StatusSays(t, "relay: NO: Prosody lets in who has no token")
}

// TestGuestsNotListed: with verification of tokens and neither an allowlist nor allow_empty_token Prosody keeps out
// every guest whom usher lets in.
func TestGuestsNotListed(t *testing.T) {
	each(t, world.Options{Relay: &world.Relay{Without: "allowlist"}}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		meets(t, w.Follow(t, link(t, "alice", "one", tokens.Moderator(), "one")), room, "moderator/owner")
		both(t, func(t *testing.T, bosh bool) {
			guest := w.Follow(t, world.Link{Host: world.Guests, Room: "one", BOSH: bosh})
			guest.IsRefused(room, "not-allowed")
		})
	})
}

// TestPastUsher: where nginx still leads to Prosody nobody with a link gets in.
func TestPastUsher(t *testing.T) {
	t.Parallel()
	nginxtest.Require(t)
	w := world.New(t, world.AnyVersion(t), world.Options{Relay: &world.Relay{}})
	s := nginxtest.Shaped(t, "debian", w.Prosody.HTTP())
	both(t, func(t *testing.T, bosh bool) {
		f := front{"debian", world.Meet, "", ""}
		_, err := f.login(t, s, world.Meet, "?room=one&token="+world.Token(t, "alice", "*", tokens.Moderator()), bosh)
		straightRefused(t, err, "Invalid")
		_, err = f.login(t, s, world.Meet, "?room=one", bosh)
		straightRefused(t, err, "token required")
	})
}

// TestSmuggledTokens: no spelling of the address, or of the host, brings a token to Prosody that usher has not judged.
func TestSmuggledTokens(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		good, bad := world.Token(t, "alice", "one", nil), world.Token(t, "eve", "*", map[string]any{"exp": 1})
		both(t, func(t *testing.T, bosh bool) {
			for _, c := range []struct {
				host, query string
				in          bool
			}{
				{world.Meet, "?room=one&token=" + good, true},
				{world.Meet, "?room=one&%74oken=" + good, true},
				{world.Meet, "?room=one&jwt=" + good, false},
				{world.Meet, "?room=one;token=" + good, false},
				{world.Meet, "?room=one&%74oken=" + bad + "&token=" + good, false},
				{world.Meet, "?room=one&token=" + bad + "&%74oken=" + good, false},
				{world.Meet, "?room=one&token=" + bad + "&token=" + good, false},
				{world.Meet, "?room=one&token=" + good + "&token=" + bad, false},
				{world.Meet, "?room=one&token=" + bad + "&jwt=" + good, false},
				{world.Meet, "?room=one&token=" + bad + ";token=" + good, false},
				{strings.ToUpper(world.Meet), "?room=one&token=" + bad, false},
				{strings.ToUpper(world.Meet), "?room=one", false},
			} {
				smuggles(t, w, c.host, c.query, good, bosh, c.in)
			}
		})
	})
}

// smuggles wants a login with this query to be one by the good token, alice's, or none.
func smuggles(t *testing.T, w *world.World, host, query, good string, bosh, in bool) {
	t.Helper()
	header := http.Header{"Host": {world.Meet}, "Origin": {"https://" + world.Meet}}
	via := client.WebSocket("ws://"+w.Usher.Gateway+"/xmpp-websocket"+query, header)
	if bosh {
		via = client.BOSH("http://"+w.Usher.Gateway+"/http-bind"+query, header)
	}
	show := strings.ReplaceAll(query, good, "GOOD")
	s, err := client.Dial(world.Within(t), client.Login{Mechanism: "ANONYMOUS", Via: via}.At("", host))
	if (err == nil) != in {
		t.Errorf("%s%s: in: %t, %v", host, show, err == nil, err)
	}
	if err != nil {
		return
	}
	defer func() { _ = s.Close() }()
	p := w.Person(t, s)
	p.Token = good
	if err := p.Confers(world.Room("one")); err != nil {
		t.Fatal(err)
	}
	all := w.Jicofo.Questions()
	user, _ := claims(t, all[len(all)-1].Token)["context"].(map[string]any)["user"].(map[string]any)
	if user["id"] != "alice" {
		t.Errorf("%s: went in as %v", show, user)
	}
}
