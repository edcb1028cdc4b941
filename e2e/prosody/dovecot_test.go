package prosody_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// What mod_auth_dovecot makes of an authentication server's answers. usher depends on every line of this file.

func startAsking(t *testing.T, v prosody.Version, s *scripted, lines string) *prosody.Server {
	return prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{{
		Name:  host,
		Lines: fmt.Sprintf("authentication = \"dovecot\"\ndovecot_auth_socket = %q\n%s", s.path, lines),
	}}})
}

func login(t *testing.T, server *prosody.Server, l client.Login) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	session, err := client.Dial(ctx, l.At(server.C2S(), host))
	if err != nil {
		return "", err
	}
	defer session.Close()
	return session.JID(), nil
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestDovecotRequests(t *testing.T) {
	t.Parallel()
	none := client.Anonymous("")
	none.Initial = nil
	rows := []struct {
		login client.Login
		want  string
	}{
		{client.Plain("alice", "pw"), "AUTH PLAIN service=of-this-host resp=" + b64("\x00alice\x00pw")},
		{client.PlainAuthz("boss", "alice", "pw"),
			"AUTH PLAIN service=of-this-host resp=" + b64("boss\x00alice\x00pw")},
		{client.Bearer("tok"), "AUTH OAUTHBEARER service=of-this-host resp=" + b64("n,,\x01auth=Bearer tok\x01\x01")},
		{client.Anonymous("trace"), "AUTH ANONYMOUS service=of-this-host resp=" + b64("trace")},
		{none, "AUTH ANONYMOUS service=of-this-host resp=="},
	}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "PLAIN", "ANONYMOUS", "OAUTHBEARER")
		server := startAsking(t, v, s, `service_name = "of-this-host"`)
		for _, row := range rows {
			s.script(always("OK\t%s\tuser=chosen"))
			jid, err := login(t, server, row.login)
			if err != nil || !strings.HasPrefix(jid, "chosen@"+host+"/") {
				t.Errorf("%s: bound %q, %v", row.login.Mechanism, jid, err)
			}
			if got := s.seen(); !slices.Equal(got, []string{row.want}) {
				t.Errorf("asked %q, want %q", got, row.want)
			}
		}
	})
}

func TestDovecotWithoutServiceName(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "PLAIN")
		s.script(always("OK\t%s\tuser=alice"))
		if _, err := login(t, startAsking(t, v, s, ""), client.Plain("alice", "")); err != nil {
			t.Error(err)
		}
		want := []string{"AUTH PLAIN service=xmpp resp=" + b64("\x00alice\x00")}
		if got := s.seen(); !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
	})
}

func TestDovecotRefusals(t *testing.T) {
	t.Parallel()
	rows := []struct{ answer, condition, text string }{
		{"FAIL\t%s\tuser=alice\treason=token expired 5 minutes ago", "not-authorized", "token expired 5 minutes ago"},
		{"FAIL\t%s\treason=<b> & \"Ω\"", "not-authorized", "<b> & \"Ω\""},
		{"FAIL\t%s\ttemp\tcode=temp_fail\treason=wait", "temporary-auth-failure", "wait"},
		{"FAIL\t%s\tcode=temp_fail\treason=wait", "not-authorized", "wait"},
		{"FAIL\t%s\tauthz\treason=not you", "invalid-authzid", "not you"},
		{"FAIL\t%s", "not-authorized", ""},
		{"OK\t1000000\tuser=alice", "internal-server-error", "Unexpected request id"},
		{"", "internal-server-error", "closed"},
	}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "PLAIN")
		server := startAsking(t, v, s, "")
		for _, row := range rows {
			s.script(always(row.answer))
			_, err := login(t, server, client.Plain("alice", "pw"))
			refused, ok := errors.AsType[*client.Refused](err)
			if !ok || refused.Condition != row.condition || refused.Text != row.text {
				t.Errorf("%q: %v", row.answer, err)
			}
		}
	})
}

// A challenge of no bytes is "=" in the line.
func TestDovecotEmptyChallenge(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "PLAIN")
		server := startAsking(t, v, s, "")
		s.script(challenge("=", "OK\t%s\tuser=alice"))
		if _, err := login(t, server, client.Plain("alice", "pw").WithoutInitial()); err != nil {
			t.Error(err)
		}
		want := []string{"AUTH PLAIN service=xmpp resp==", "CONT " + b64("\x00alice\x00pw")}
		if got := s.seen(); !slices.Equal(got, want) {
			t.Errorf("asked %q, want %q", got, want)
		}
	})
}

// With nothing for the challenge mod_auth_dovecot decodes a nil and crashes: its client waits for
// ever. The others go on.
func TestDovecotChallengeOfNothingCrashes(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "PLAIN")
		server := startAsking(t, v, s, "")
		s.script(challenge("", "OK\t%s\tuser=alice"))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		go cancelAfter(ctx, cancel, server, "bad argument #1 to 'unb64' (string expected, got nil)")
		_, err := client.Dial(ctx, client.Plain("alice", "pw").WithoutInitial().At(server.C2S(), host))
		if _, ok := errors.AsType[*client.Refused](err); ok || !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("the client: %v", err)
		}
		s.script(always("OK\t%s\tuser=alice"))
		if _, err := login(t, server, client.Plain("alice", "pw")); err != nil {
			t.Errorf("the next login: %v", err)
		}
	})
}

// cancelAfter gives a client up a little after a text has come into the log.
func cancelAfter(ctx context.Context, cancel func(), server *prosody.Server, text string) {
	for !strings.Contains(server.Log(), text) {
		if ctx.Err() != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond) // in which an answer would arrive
	cancel()
}

// The JSON of a refused bearer token travels in a challenge, and the client's 0x01 comes back.
func TestDovecotBearerError(t *testing.T) {
	t.Parallel()
	const explanation = `{"status":"invalid_token"}`
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		s := startScripted(t, "OAUTHBEARER")
		server := startAsking(t, v, s, "")
		s.script(challenge(b64(explanation), "FAIL\t%s\treason=expired"))
		_, err := login(t, server, client.Bearer("old"))
		refused, ok := errors.AsType[*client.Refused](err)
		if !ok || string(refused.Challenge) != explanation || refused.Text != "expired" {
			t.Errorf("got %v", err)
		}
		if got := s.seen(); len(got) != 2 || got[1] != "CONT "+b64("\x01") {
			t.Errorf("asked %q", got)
		}
	})
}
