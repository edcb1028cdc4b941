package relay

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// tells sends a question about a room by HTTP, as the page does, and returns the answer.
func tells(t *testing.T, address, path, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = world.Meet
	r.Header.Set("Origin", "https://"+world.Meet)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestRoomInfo: questions about rooms reach Jitsi's HTTP modules with an inner token in the place of the link's,
// which the modules verify; a token for another room is told nothing, and straight at Prosody the link's own is of no
// use.
func TestRoomInfo(t *testing.T) {
	o := world.Options{Relay: &world.Relay{Prosody: "enable_roomsize_token_verification = true\n" +
		"enable_password_token_verification = true\n", Host: `"muc_size", "muc_password_check", `}}
	each(t, o, func(t *testing.T, w *world.World) {
		alice := w.Follow(t, link(t, "alice", "one", tokens.Moderator(), "one"))
		alice.Meets(world.Room("one"))
		good, other := alice.Token, world.Token(t, "eve", "elsewhere", nil)
		late := world.Token(t, "eve", "one", map[string]any{"exp": 1})
		for path, want := range map[string]string{
			"/room-size?room=one&domain=" + world.Meet + "&subdomain=": `{"participants":1}`,
			"/room?room=one&domain=" + world.Meet + "&subdomain=":      `"display_name":"` + alice.Nick() + `"`,
			"/room-info?room=one&prefix=":                              `"conference":"one@` + world.Conference + `"`,
		} {
			for _, c := range []struct {
				name, token string
				status      int
			}{{"good", good, 200}, {"none", "", 403}, {"of another room", other, 403}, {"late", late, 403}} {
				status, body := tells(t, w.Usher.Gateway, path, c.token)
				if status != c.status && (c.status == 200 || status != 401) ||
					strings.Contains(strings.ReplaceAll(body, " ", ""), want) != (c.status == 200) {
					t.Errorf("%s, %s: %d %s", path, c.name, status, body)
				}
			}
			straight := path
			if !strings.HasPrefix(path, "/room-info") {
				straight += "&token=" + good
			}
			if status, body := tells(t, w.Prosody.HTTP(), straight, good); status != 403 {
				t.Errorf("%s straight at Prosody: %d %s", path, status, body)
			}
		}
	})
}
