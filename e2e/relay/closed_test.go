package relay

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// claims are what a token says, whoever signed it.
func claims(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no token", token)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStraight: past usher nobody gets in at the host of the tokens, however the token is brought.
func TestStraight(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			_, err := w.Straight(t, world.Link{Room: "one", BOSH: bosh})
			straightRefused(t, err, "token required")
			l := link(t, "alice", "*", tokens.Moderator(), "one")
			l.BOSH = bosh
			_, err = w.Straight(t, l)
			straightRefused(t, err, "Invalid")
			guest, err := w.Straight(t, world.Link{Host: world.Guests, Room: "one", BOSH: bosh})
			if err != nil {
				t.Fatalf("a guest, as in stock: %v", err)
			}
			_ = guest.Close()
		})
		header := http.Header{"Host": {world.Meet}, "Authorization": {"Bearer " + world.Token(t, "alice", "*", nil)}}
		via := client.WebSocket("ws://"+w.Prosody.HTTP()+"/xmpp-websocket?room=one", header)
		_, err := client.Dial(world.Within(t), client.Login{Mechanism: "ANONYMOUS", Via: via}.At("", world.Meet))
		straightRefused(t, err, "")
	})
}

func straightRefused(t testing.TB, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) || !strings.Contains(err.Error(), "not-allowed") {
		t.Errorf("got %v, want a refusal: %s", err, text)
	}
}

// TestInnerToken: an inner token is for Prosody only; usher takes it at no door.
func TestInnerToken(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Relay: &world.Relay{}})
	p := w.Follow(t, link(t, "alice", "*", nil, "one"))
	p.Meets(world.Room("one"))
	inner := w.Jicofo.Questions()[0].Token
	if _, err := w.Straight(t, world.Link{Token: inner, Room: "one"}); err != nil {
		t.Errorf("Prosody refuses it: %v", err)
	}
	_, err := w.Try(t, world.Link{Token: inner, Room: "one"})
	refused(t, err, "")
}
