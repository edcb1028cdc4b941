package relay

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/e2e/nginx/nginxtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestHS256: inner tokens by a secret let people in, and the outer ones are of no use at Prosody.
func TestHS256(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Relay: &world.Relay{HS256: true}})
	l := link(t, "alice", "one", tokens.Moderator(), "one")
	if got := w.Follow(t, l).Meets(world.Room("one")); got != "moderator/owner" {
		t.Errorf("the moderator is %s", got)
	}
	_, err := w.Straight(t, l)
	straightRefused(t, err, "Invalid")
}

// TestUsherAlone: without the modules token_verification and token_affiliation, and without a component, the gateway
// alone keeps people out of rooms that are not theirs, as nobody else does, and nobody is a moderator.
func TestUsherAlone(t *testing.T) {
	o := world.Options{Relay: &world.Relay{NoComponent: true, Without: "token_verification"}}
	each(t, o, func(t *testing.T, w *world.World) {
		w.Begin(world.Room("two"))
		both(t, func(t *testing.T, bosh bool) {
			l := link(t, "alice", "one", tokens.Moderator(), "one")
			l.BOSH = bosh
			p := w.Follow(t, l)
			meets(t, p, world.Room("one"), "participant/none")
			turnedAway(t, p, world.Room("two"), "cancel/not-allowed")
			all := w.Jicofo.Questions()
			past, err := w.Straight(t, world.Link{Token: all[len(all)-1].Token, Room: "one", BOSH: bosh})
			if err != nil {
				t.Fatal(err)
			}
			if got := past.Joins(world.Room("two")); got != "participant/none" { // Prosody itself asks nobody
				t.Errorf("past usher the same token is %s", got)
			}
		})
	})
}

// TestUsherDown: nginx says so, nobody gets in, and a stream from before is taken up afterwards.
func TestUsherDown(t *testing.T) {
	t.Parallel()
	w := world.New(t, world.AnyVersion(t), world.Options{Relay: &world.Relay{}})
	s := nginxtest.Shaped(t, "debian", w.Usher.Gateway)
	l := link(t, "alice", "one", tokens.Moderator(), "one")
	alice := w.Follow(t, l)
	id, err := alice.Resumable()
	if err != nil {
		t.Fatal(err)
	}
	room := world.Room("one")
	alice.Meets(room)
	w.Usher.Kill()
	f := front{"debian", world.Meet, "", ""}
	if _, err := f.login(t, s, world.Meet, "?room=one&token="+l.Token, false); err == nil ||
		!strings.Contains(err.Error(), "502") {
		t.Errorf("while usher is down: %v", err)
	}
	w.Usher.Start()
	l.Resume = id
	again := w.Follow(t, l)
	if err := again.Echo(world.Within(t), "groupchat", room, room+"/"+alice.Nick()); err != nil {
		t.Errorf("it is not in its room any more: %v", err)
	}
}

// TestConferenceRequest: a guest who is early is told so by HTTP as well, and jicofo is shown inner tokens only.
func TestConferenceRequest(t *testing.T) {
	t.Parallel()
	var shown []string
	jicofo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = append(shown, r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"ready":true}`))
	}))
	t.Cleanup(jicofo.Close)
	o := world.Options{Relay: &world.Relay{Lines: "jicofo: \"" + jicofo.URL + "\""}}
	w := world.New(t, world.AnyVersion(t), o)
	ask := func(room, token string) int {
		body, _ := json.Marshal(map[string]any{"room": world.Room(room)})
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			"http://"+w.Usher.Gateway+"/conference-request/v1", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = world.Meet
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Origin", "https://"+world.Meet)
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	alice := world.Token(t, "alice", "one", nil)
	if got := ask("one", ""); got != http.StatusForbidden {
		t.Errorf("an early guest gets %d", got)
	}
	if got := ask("two", alice); got != http.StatusBadRequest {
		t.Errorf("a token for another room gets %d", got)
	}
	if got := ask("one", alice); got != http.StatusOK {
		t.Fatalf("a token for the room gets %d", got)
	}
	w.Follow(t, world.Link{Token: alice, Room: "one"}).Meets(world.Room("one"))
	if got := ask("one", ""); got != http.StatusOK {
		t.Errorf("a guest of a started room gets %d", got)
	}
	if len(shown) != 2 || shown[1] != "" || strings.Contains(shown[0], alice) ||
		claims(t, strings.TrimPrefix(shown[0], "Bearer "))["iss"] != world.AppID {
		t.Errorf("jicofo was shown %q", shown)
	}
}
