package relayauth_test

import (
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/relayauth"
)

// TestRelayResumption: a stream is its principal's.
func TestRelayResumption(t *testing.T) {
	w := newWorld(t, nil)
	alice, again := authtest.Token(t, claimsOf(person("alice"))), authtest.Token(t, claimsOf(map[string]any{"jti": "2"}))
	bob := authtest.Token(t, claimsOf(person("bob")))
	w.login(t, request(alice, ""), "0b5c", "id-1")
	for name, c := range map[string]struct{ token, previous, want string }{
		"the same token": {alice, "id-1", "0b5c"}, "a refreshed one": {again, "id-1", "0b5c"}, "another's": {bob, "id-1", ""},
		"an unknown stream": {alice, "id-2", ""}, "none": {alice, "", ""},
	} {
		l, reason := w.begin(t, request(c.token, c.previous))
		if reason != "" || l.Resumes != c.want || l.OnlyResumes {
			t.Errorf("%s: %q, %+v", name, reason, l)
		}
		if account, ok := w.MayResume(l, host, "id-1"); ok != (c.token != bob) || ok && account != "0b5c" {
			t.Errorf("%s: may resume %q, %v", name, account, ok)
		}
		if _, ok := w.MayResume(l, guests, "id-1"); ok {
			t.Errorf("%s: may resume on another host", name)
		}
	}
	w.login(t, request(again, "id-1"), "0b5c", "id-1") // the refreshed token counts from then on
	if s, _ := w.streams.StreamOf(host, "id-1"); s.TokenPrint == "" || s.Principal != auth.PersonPrincipal(host, authtest.Issuer, "alice") {
		t.Errorf("the stream is %+v", s)
	}
	w.StreamEnded(host, "id-1", true)
	if l, _ := w.begin(t, request(alice, "id-1")); l.Resumes != "" {
		t.Error("a stream that is over is resumed")
	}
}

// TestResumptionWithoutToken: only a stream of a guest host that never had a token.
func TestResumptionWithoutToken(t *testing.T) {
	w := newWorld(t, func(h *auth.HostConfig) { h.Relay.GuestsStart = true })
	w.login(t, request("", ""), "0b5c", "id-1")
	if l, _ := w.begin(t, request("", "id-1")); l.Resumes != "" {
		t.Error("a stream of the relay host is resumed without a token")
	}
	if l, _ := w.begin(t, request(goodToken(t), "id-1")); l.Resumes != "" {
		t.Error("a stream without a token of the relay host is resumed by anybody's")
	}
	guest := request("", "")
	guest.Guest = guests
	w.login(t, guest, "9f00", "id-2")
	guest.Resumption = "id-2"
	if l, _ := w.begin(t, guest); l.Resumes != "9f00" {
		t.Error("a guest's stream is not resumed")
	}
	guest.Token = goodToken(t) // the guest signs in during the call
	w.login(t, guest, "9f00", "id-2")
	if l, _ := w.begin(t, guest); l.Resumes != "9f00" {
		t.Error("its stream is not resumed with the token")
	}
	guest.Token = ""
	if l, _ := w.begin(t, guest); l.Resumes != "" {
		t.Error("a stream that had a token is resumed without one")
	}
}

// TestExpiredResumption: a token that is over and nothing else resumes its principal's stream, and does nothing else.
func TestExpiredResumption(t *testing.T) {
	w := newWorld(t, nil)
	moderator := map[string]any{"moderator": true, "exp": w.now.Add(time.Hour).Unix()}
	alice := authtest.Token(t, claimsOf(moderator))
	early := authtest.Token(t, claimsOf(map[string]any{"exp": w.now.Add(time.Minute).Unix(), "moderator": true,
		"context": map[string]any{"user": map[string]any{"id": "alice"}, "features": map[string]any{"recording": true}}}))
	bob := authtest.Token(t, claimsOf(map[string]any{"context": map[string]any{"user": map[string]any{"id": "bob"}},
		"exp": w.now.Add(time.Minute).Unix()}))
	other := authtest.TokenBy(t, strings.Repeat("x", 64), claimsOf(moderator))
	w.login(t, request(alice, ""), "0b5c", "id-1")
	w.now = w.now.Add(2 * time.Hour)
	for name, c := range map[string]struct {
		token, previous string
		reason          auth.Reason
	}{
		"without a stream": {alice, "", auth.ReasonExpired}, "an unknown stream": {alice, "id-2", auth.ReasonExpired},
		"another's stream": {bob, "id-1", auth.ReasonExpired}, "and not signed": {other, "id-1", auth.ReasonBadSignature},
		"its own": {alice, "id-1", ""}, "its own, by another token": {early, "id-1", ""},
	} {
		l, reason := w.begin(t, request(c.token, c.previous))
		if reason != c.reason {
			t.Errorf("%s: %q, want %q", name, reason, c.reason)
		}
		if reason != "" || l == nil {
			continue
		}
		stream, _ := w.streams.StreamOf(host, "id-1")
		if !l.OnlyResumes || l.Resumes != "0b5c" || l.ID.TokenPrint != stream.TokenPrint {
			t.Errorf("%s: %+v", name, l)
		}
		got := w.inner(t, l)
		features, there := got["context"].(map[string]any)["features"].(map[string]any)
		if got["moderator"] != true || len(features) > 0 || there != (c.token == early) {
			t.Errorf("%s: the inner token says %v", name, got)
		}
		if err := w.Record(t.Context(), l, host, "ffff"); auth.RefusalOf(err) == nil {
			t.Errorf("%s: it logs in to a new account", name)
		}
		if err := w.Record(t.Context(), l, host, "0b5c"); err != nil || len(w.state.recorded) != 1 {
			t.Errorf("%s: it does not resume: %v, %d sessions", name, err, len(w.state.recorded))
		}
	}
}

// TestOnExpiry: what a stream may do whose token is over, and whose session has ended with it.
func TestOnExpiry(t *testing.T) {
	alice := func(w *world) string {
		return authtest.Token(t, claimsOf(map[string]any{"moderator": true, "exp": w.now.Add(time.Hour).Unix(),
			"context": map[string]any{"user": map[string]any{"id": "alice"}, "features": map[string]any{"recording": true}}}))
	}
	for name, c := range map[string]struct {
		change                     func(*auth.HostConfig)
		revoked, resumes, outdated bool
	}{
		"keep":    {change: func(*auth.HostConfig) {}, resumes: true},
		"demote":  {change: func(h *auth.HostConfig) { h.Relay.KeepRights = false }, resumes: true, outdated: true},
		"remove":  {change: func(h *auth.HostConfig) { h.Relay.KeepRights, h.Relay.ResumeOver = false, false }, outdated: true},
		"revoked": {change: func(*auth.HostConfig) {}, revoked: true, outdated: true},
	} {
		w := newWorld(t, c.change)
		token := alice(w)
		l, _ := w.begin(t, request(token, ""))
		w.inner(t, l)
		if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
			t.Fatal(err)
		}
		if err := w.RememberStream(t.Context(), l, host, "0b5c", "id-1"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(2 * time.Hour)
		w.streams.Take("0b5c") // its session has ended
		w.state.revoked[l.ID.TokenPrint] = c.revoked
		if got := w.Outdated(l); got != c.outdated {
			t.Errorf("%s: outdated %v", name, got)
		}
		again, reason := w.begin(t, request(token, "id-1"))
		if (reason == "") != c.resumes {
			t.Errorf("%s: %q", name, reason)
		}
		if !c.resumes {
			continue
		}
		got := w.inner(t, again)
		features, _ := got["context"].(map[string]any)["features"].(map[string]any)
		if moderator := got["moderator"] == true; moderator == c.outdated || again.NewRights != c.outdated || (len(features) > 0) == c.outdated {
			t.Errorf("%s: the inner token says %v, new rights %v", name, got, again.NewRights)
		}
	}
}

// TestKeyGoneIsNotKept: what a token gave whose key has gone is taken back, with on_expiry: keep as well.
func TestKeyGoneIsNotKept(t *testing.T) {
	w := newWorld(t, nil)
	token := authtest.Token(t, claimsOf(map[string]any{"moderator": true, "exp": w.now.Add(time.Hour).Unix()}))
	l := w.login(t, request(token, ""), "0b5c", "id-1")
	w.now = w.now.Add(2 * time.Hour)
	w.streams.Take("0b5c")
	if w.Outdated(l) {
		t.Error("outdated while the key is there")
	}
	c := authtest.RelayConfig(host)
	issuer := c.Hosts[host].Issuers[authtest.Issuer]
	other := authtest.ConfigWith(host, strings.Repeat("another secret ", 5)).Hosts[host].Issuers[authtest.Issuer]
	issuer.Keys = other.Keys
	c.Hosts[host].Issuers[authtest.Issuer] = issuer
	prepared, err := w.verifier.Prepare(c)
	if err != nil {
		t.Fatal(err)
	}
	if prepared.Commit(); !w.Outdated(l) {
		t.Error("not outdated, and the key is gone")
	}
}

// TestThatStreamAlone: a login resumes streams of its own host; one whose token is over that stream alone for which it
// was let in; and what Prosody binds is believed for the login's own host.
func TestThatStreamAlone(t *testing.T) {
	w := newWorld(t, nil)
	alice := goodToken(t)
	w.login(t, request(alice, ""), "0b5c", "id-1")
	w.login(t, request(alice, ""), "0b5d", "id-2")
	guest := request(alice, "")
	guest.Guest = guests
	w.login(t, guest, "9f00", "id-3")
	may := func(l *relayauth.Login, host, resumption string, want bool) {
		t.Helper()
		if account, ok := w.MayResume(l, host, resumption); ok != want || (account != "") != want {
			t.Errorf("%s at %s: %q, %v", resumption, host, account, ok)
		}
	}
	l, _ := w.begin(t, request(alice, "id-1"))
	may(l, host, "id-1", true)
	may(l, host, "id-2", true)
	may(l, host, "", false)
	may(l, guests, "id-3", false)
	for _, at := range [][2]string{{guests, "0b5c"}, {host, ""}} {
		if err := w.Record(t.Context(), l, at[0], at[1]); auth.RefusalOf(err) == nil || l.ID.Account != "" {
			t.Errorf("%q at %s is recorded: %v", at[1], at[0], err)
		}
	}
	if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
		t.Fatal(err)
	}
	for _, at := range [][2]string{{guests, "0b5c"}, {host, "0b5d"}, {host, ""}} {
		if err := w.RememberStream(t.Context(), l, at[0], at[1], "id-4"); auth.RefusalOf(err) == nil {
			t.Errorf("a stream of %q at %s is remembered", at[1], at[0])
		}
	}
	w.now = w.now.Add(2 * time.Hour)
	over, reason := w.begin(t, request(alice, "id-1"))
	if reason != "" || !over.OnlyResumes {
		t.Fatalf("the token is over: %q", reason)
	}
	may(over, host, "id-1", true)
	may(over, host, "id-2", false)
}

// TestResumedByAnotherSince: what a login gains was judged by the stream of its beginning; if another token has resumed
// that since, or it is over, it may not.
func TestResumedByAnotherSince(t *testing.T) {
	for name, ends := range map[string]bool{"resumed": false, "over": true} {
		w := newWorld(t, nil)
		alice, again := authtest.Token(t, claimsOf(person("alice"))), authtest.Token(t, claimsOf(map[string]any{"jti": "2"}))
		w.login(t, request(alice, ""), "0b5c", "id-1")
		l, _ := w.begin(t, request(alice, "id-1"))
		if _, ok := w.MayResume(l, host, "id-1"); !ok {
			t.Fatalf("%s: it may not before", name)
		}
		w.login(t, request(again, "id-1"), "0b5c", "id-1")
		if ends {
			w.StreamEnded(host, "id-1", true)
		}
		if account, ok := w.MayResume(l, host, "id-1"); ok {
			t.Errorf("%s: it may resume %q", name, account)
		}
	}
}
