package standin_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// user is a context that says this of its user.
func user(more map[string]any) map[string]any {
	return map[string]any{"context": map[string]any{"user": more}}
}

// condition is that of an error, or "".
func condition(err error) string {
	stanza, _ := errors.AsType[*client.StanzaError](err)
	if stanza == nil {
		return ""
	}
	return stanza.Condition
}

// TestRateLimit: more joins than the rate are held back, and come in a second later.
func TestRateLimit(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine(), `modules_enabled = { "muc_rate_limit" }`)
		j.focus("one")
		var all sync.WaitGroup
		for range 7 {
			s := j.login(meet, token(t, nil))
			all.Go(func() {
				if _, err := s.Join(within(t), "one@"+conference, s.JID()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

const affiliating = `modules_enabled = { "token_affiliation" }`

const permitting = `modules_enabled = { "token_affiliation", "jitsi_permissions" }`

// TestFeatures: what a token says of features counts; a moderator without such a token is given all, and keeps them.
func TestFeatures(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine()+"modules_enabled = { \"filter_iq_jibri\" }\n", permitting)
		focus := j.focus("one")
		for _, c := range []struct {
			moderator bool
			features  map[string]any
			want      string
		}{
			{true, nil, ""},
			{false, nil, "forbidden"},
			{true, map[string]any{"recording": false}, "forbidden"},
			{true, map[string]any{}, "forbidden"},
			{false, map[string]any{"recording": true}, ""},
			{false, map[string]any{"recording": "true"}, ""},
			{false, map[string]any{"recording": 1}, "forbidden"},
		} {
			context := map[string]any{"user": map[string]any{"moderator": c.moderator}}
			if c.features != nil {
				context["features"] = c.features
			}
			s := j.login(meet, token(t, map[string]any{"context": context}))
			if _, err := s.Join(within(t), "one@"+conference, "me"); err != nil {
				t.Fatal(err)
			}
			told := strings.Contains(s.Shown("one@"+conference, "me"), "<permissions")
			if told != (c.moderator && c.features == nil) {
				t.Errorf("%v: told of permissions: %v", c, told)
			}
			if got := condition(s.Record(within(t), "one@"+conference+"/focus")); got != c.want {
				t.Errorf("%v: got %q, want %s", c, got, c.want)
			}
			if c.moderator && c.features == nil {
				j.demoted(t, focus, s)
			}
			_ = s.Close()
		}
	})
}

// demoted records still: the session keeps what it was given as a moderator.
func (j *jitsi) demoted(t *testing.T, focus, s *client.Session) {
	t.Helper()
	bare, _, _ := strings.Cut(s.JID(), "/")
	item := client.Item{JID: bare, Affiliation: "member"}
	if _, err := focus.Admin(within(t), "one@"+conference, "set", item); err != nil {
		t.Fatal(err)
	}
	if err := s.Become(within(t), "one@"+conference, "participant/member"); err != nil {
		t.Fatal(err)
	}
	if got := condition(s.Record(within(t), "one@"+conference+"/focus")); got != "" {
		t.Errorf("what was given is gone with the role: %s", got)
	}
}

// TestIdentity: presence says what the token says of its user, and nothing that the client says. A user that is no
// object, and control characters, are not tried: they raise an error at the join, and again when Prosody is to stop, which
// it then does not do.
func TestIdentity(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine()+"modules_enabled = { \"presence_identity\" }\n", affiliating)
		focus := j.focus("one")
		for _, c := range []struct {
			claims map[string]any
			want   string
		}{
			{user(map[string]any{"id": "alice"}), "<id>alice</id>"},
			{user(map[string]any{"id": 7}), "<id>7.0</id>"},
			{user(map[string]any{"id": map[string]any{}}), "<id>table: 0x"},
			{map[string]any{"context": map[string]any{"user": map[string]any{}, "group": "g"}}, "<group>g</group>"},
		} {
			s := j.login(meet, token(t, c.claims))
			nick, _, _ := strings.Cut(s.JID(), "@")
			err := s.Says("<presence to='one@" + conference + "/" + nick + "'>" +
				"<x xmlns='http://jabber.org/protocol/muc'/>" +
				"<identity><user><id>forged</id></user></identity></presence>")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Ping(within(t), meet); err != nil {
				t.Fatal(err)
			}
			if err := focus.Ping(within(t), services); err != nil {
				t.Fatal(err)
			}
			shown := focus.Shown("one@"+conference, nick)
			if !strings.Contains(shown, c.want) || strings.Contains(shown, "forged") {
				t.Errorf("%v: shown %q", c.claims, shown)
			}
			_ = s.Close()
		}
	})
}

// TestLobby: with the lobby on, members pass, strangers are shown the lobby room, and its owners see them there.
func TestLobby(t *testing.T) {
	lines := "main_muc = \"" + conference + "\"\nlobby_muc = \"" + lobby + "\"\n" +
		"modules_enabled = { \"muc_lobby_rooms\" }\n"
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		j := start(t, v, secretLine()+lines, affiliating)
		j.focus("one")
		host := j.login(meet, token(t, user(map[string]any{"moderator": true})))
		if _, err := host.Join(within(t), "one@"+conference, "host"); err != nil {
			t.Fatal(err)
		}
		if err := host.MembersOnly(within(t), "one@"+conference, true); err != nil {
			t.Fatal(err)
		}
		if first, err := host.Join(within(t), "one@"+lobby, "host"); err != nil || first.Affiliation != "owner" {
			t.Fatal(first, err)
		}
		guest := j.login(guests, "")
		if _, err := guest.Join(within(t), "one@"+conference, "guest"); condition(err) != "registration-required" {
			t.Fatal(err)
		}
		if _, err := guest.Join(within(t), "one@"+lobby, "guest"); err != nil {
			t.Fatal(err)
		}
		if err := host.Ping(within(t), meet); err != nil || host.Shown("one@"+lobby, "guest") == "" {
			t.Error("the host does not see who waits", err)
		}
		if guest.Shown("one@"+lobby, "host") != "" {
			t.Error("who waits sees the host")
		}
		bare, _, _ := strings.Cut(guest.JID(), "/")
		item := client.Item{JID: bare, Affiliation: "member"}
		if _, err := host.Admin(within(t), "one@"+conference, "set", item); err != nil {
			t.Fatal(err)
		}
		if _, err := guest.Join(within(t), "one@"+conference, "guest"); err != nil {
			t.Error(err)
		}
		if err := host.MembersOnly(within(t), "one@"+conference, false); err != nil {
			t.Fatal(err)
		}
		if _, err := j.login(guests, "").Join(within(t), "one@"+conference, "other"); err != nil {
			t.Error(err)
		}
	})
}
