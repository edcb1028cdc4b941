package relayauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/relayauth"
)

const guests = "guest.meet.example.com"

const host = "meet.example.com"

func goodToken(t testing.TB) string { return authtest.Token(t, authtest.Claims(host, nil)) }

// A world is a verifier of a host with a relay, and what it remembers.
type world struct {
	*relayauth.Logins
	verifier *auth.Verifier
	now      time.Time
	streams  *authtest.Streams
	state    *revokable
}

// revokable sessions revoke every token with a print.
type revokable struct {
	*authtest.Sessions
	revoked  map[string]bool
	recorded []auth.Identity
}

func (r *revokable) Revoked(id auth.Identity) bool { return r.revoked[id.TokenPrint] }

func (r *revokable) Record(ctx context.Context, id auth.Identity) (func(), error) {
	if r.Revoked(id) {
		return nil, auth.ErrRevoked
	}
	r.recorded = append(r.recorded, id)
	return r.Sessions.Record(ctx, id)
}

func newWorld(t *testing.T, change func(*auth.HostConfig)) *world {
	t.Helper()
	w := &world{now: time.Now(), streams: authtest.NewStreams()}
	now := func() time.Time { return w.now }
	w.state = &revokable{Sessions: authtest.NewSessions(now), revoked: map[string]bool{}}
	c := authtest.RelayConfig(host)
	h := c.Hosts[host]
	if change != nil {
		change(&h)
		c.Hosts[host] = h
	}
	var err error
	if w.verifier, err = auth.New(c, auth.Options{Now: now, Sessions: w.state}); err != nil {
		t.Fatal(err)
	}
	w.Logins = relayauth.New(w.verifier, relayauth.Options{Now: now, Streams: w.streams, Rights: w.streams})
	return w
}

func request(token, previous string) relayauth.Request {
	return relayauth.Request{Credentials: auth.Credentials{Door: "gateway", Host: host, Token: token, Resumption: previous}}
}

// begin begins a login, or returns the reason why not.
func (w *world) begin(t *testing.T, r relayauth.Request) (*relayauth.Login, auth.Reason) {
	t.Helper()
	l, err := w.Begin(t.Context(), r)
	if err != nil {
		if l != nil {
			t.Error("a login beside a refusal")
		}
		return nil, auth.RefusalOf(err).Reason
	}
	return l, ""
}

// login begins a login, has Prosody bind an account, and enables resumption.
func (w *world) login(t *testing.T, r relayauth.Request, account, resumption string) *relayauth.Login {
	t.Helper()
	l, reason := w.begin(t, r)
	if reason != "" {
		t.Fatalf("refused: %s", reason)
	}
	domain := host
	if r.Guest != "" {
		domain = r.Guest
	}
	if err := w.Record(t.Context(), l, domain, account); err != nil {
		t.Fatal(err)
	}
	if resumption != "" {
		if err := w.RememberStream(t.Context(), l, domain, account, resumption); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (w *world) inner(t *testing.T, l *relayauth.Login) map[string]any {
	t.Helper()
	token, err := w.InnerToken(t.Context(), l)
	if err != nil || token == "" {
		t.Fatalf("no inner token: %q, %v", token, err)
	}
	return authtest.InnerClaims(t, token)
}

func user(claims map[string]any) map[string]any {
	context, _ := claims["context"].(map[string]any)
	user, _ := context["user"].(map[string]any)
	return user
}

func claimsOf(more map[string]any) map[string]any { return authtest.Claims(host, more) }

func person(id any) map[string]any {
	return map[string]any{"context": map[string]any{"user": map[string]any{"id": id, "name": "Alice"}}}
}

// TestRelayLogin: a token becomes an inner token with the same claims in normal form, and a session of the account that
// Prosody bound.
func TestRelayLogin(t *testing.T) {
	w := newWorld(t, nil)
	token := authtest.Token(t, claimsOf(map[string]any{"room": "Standup", "moderator": "true", "role": "owner"}))
	l, _ := w.begin(t, request(token, ""))
	got := w.inner(t, l)
	if got["iss"] != authtest.AppID || got["aud"] != authtest.AppID || got["sub"] != host || got["room"] != "standup" ||
		got["moderator"] != true || got["role"] != nil || user(got)["affiliation"] != "owner" || user(got)["id"] != "alice" {
		t.Errorf("the inner token says %v", got)
	}
	if exp := int64(got["exp"].(float64)); exp != w.now.Add(time.Minute).Unix() {
		t.Errorf("exp is %d", exp)
	}
	if len(w.state.recorded) != 0 || l.ID.Account != "" {
		t.Error("a session before Prosody bound an account")
	}
	if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
		t.Fatal(err)
	}
	id := w.state.recorded[0]
	if id.Account != "0b5c" || id.AccountClaim != "alice" || !id.Random || id.DisplayID != "alice" || id.DisplayName != "Alice Example" {
		t.Errorf("recorded as %+v", id)
	}
	w.now = w.now.Add(30 * time.Second)
	if exp := int64(w.inner(t, l)["exp"].(float64)); exp != w.now.Add(time.Minute).Unix() {
		t.Errorf("a later token is not a fresh one: %d", exp)
	}
}

// TestRelayAccounts: whatever a token calls its user, it gets in: Prosody draws the account.
func TestRelayAccounts(t *testing.T) {
	w := newWorld(t, func(h *auth.HostConfig) { h.ServiceAccounts = []string{"focus@" + host} })
	for name, c := range map[string]struct {
		id        any
		principal string
	}{
		"text": {"alice", "alice"}, "a number": {7, "7"}, "empty": {"", ""}, "null": {nil, ""}, "not ASCII": {"иван", "иван"},
		"a service account": {"focus", "focus"}, "a list": {[]string{"a"}, ""}, "an object": {map[string]any{"a": 1}, ""},
		"too long": {strings.Repeat("x", 1024), ""}, "a slash and an at sign": {"a/b@c", "a/b@c"},
	} {
		l, reason := w.begin(t, request(authtest.Token(t, claimsOf(person(c.id))), ""))
		if reason != "" {
			t.Errorf("%s: refused, %s", name, reason)
			continue
		}
		want := auth.TokenPrincipal(l.ID.TokenPrint)
		if c.principal != "" {
			want = auth.PersonPrincipal(host, authtest.Issuer, c.principal)
		}
		if l.ID.Principal() != want || l.ID.Account != "" {
			t.Errorf("%s: %+v, want %+v", name, l.ID.Principal(), want)
		}
		w.inner(t, l)
	}
}

// TestWrongWay: a relay host has no door and no ticket, and another host no relay.
func TestWrongWay(t *testing.T) {
	w := newWorld(t, nil)
	token := goodToken(t)
	_, err := w.verifier.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: token})
	if auth.RefusalOf(err).Reason != auth.ReasonRelayHost {
		t.Errorf("a door: %v", err)
	}
	if _, err = w.verifier.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Token: token}); auth.RefusalOf(err).Reason != auth.ReasonRelayHost {
		t.Errorf("a ticket: %v", err)
	}
	if r := w.verifier.Explain(auth.Credentials{Host: host, Token: token}); !r.Allowed {
		t.Errorf("the explanation: %+v", r)
	}
	verifier, err := auth.New(authtest.Config(host), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := relayauth.New(verifier, relayauth.Options{}).Begin(t.Context(), request(token, "")); auth.RefusalOf(err).Reason != auth.ReasonRelayHost {
		t.Errorf("a relay to a host without one: %v", err)
	}
}

// TestRelayWithoutToken: nobody gets in at the relay host, unless it lets them start rooms; a guest host wants no token.
func TestRelayWithoutToken(t *testing.T) {
	closed, open := newWorld(t, nil), newWorld(t, func(h *auth.HostConfig) { h.Relay.GuestsStart = true })
	if _, reason := closed.begin(t, request("", "")); reason != auth.ReasonTokenRequired {
		t.Errorf("without a token: %q", reason)
	}
	l := open.login(t, request("", ""), "0b5c", "")
	if got := open.inner(t, l); got["sub"] != "*" || got["room"] != "*" || got["context"] != nil || got["moderator"] != nil {
		t.Errorf("guests_start: %v", got)
	}
	plain := newWorld(t, func(h *auth.HostConfig) { h.Relay.GuestsStart, h.Relay.AllowEmptyToken = true, true })
	if token, err := plain.InnerToken(t.Context(), plain.login(t, request("", ""), "0b5d", "")); token != "" || err != nil {
		t.Errorf("allow_empty_token: %q, %v", token, err)
	}
	if id := plain.state.recorded[0]; !id.Anonymous || id.JID() != "0b5d@"+host {
		t.Errorf("allow_empty_token: recorded as %+v", id)
	}
	if plain.inner(t, plain.login(t, request(goodToken(t), ""), "0b5e", ""))["sub"] != host {
		t.Error("allow_empty_token: a login with a token has no inner token")
	}
	if _, reason := plain.begin(t, request("no.token.atall", "")); reason == "" {
		t.Error("allow_empty_token: a token that is none is let in")
	}
	if _, reason := newWorld(t, func(h *auth.HostConfig) { h.Relay.AllowEmptyToken = true }).begin(t, request("", "")); reason != auth.ReasonTokenRequired {
		t.Errorf("allow_empty_token without guests_start: %q", reason)
	}
	if id := open.state.recorded[0]; !id.Anonymous || id.TokenPrint != "" {
		t.Errorf("recorded as %+v", id)
	}
	guest := request("", "")
	guest.Guest = guests
	for name, w := range map[string]*world{"closed": closed, "open": open} {
		before := len(w.state.recorded)
		l := w.login(t, guest, "9f00", "")
		if token, err := w.InnerToken(t.Context(), l); token != "" || err != nil || len(w.state.recorded) != before || !l.ID.Anonymous {
			t.Errorf("%s: a guest gets %q, %v, and %+v", name, token, err, l.ID)
		}
	}
	guest.Problem = auth.Refuse(auth.ReasonMalformedRequest, "two tokens; have the client send one")
	if _, reason := closed.begin(t, guest); reason != auth.ReasonMalformedRequest {
		t.Errorf("a request that could not be read: %q", reason)
	}
}

// TestInnerTokensDiffer: people whose tokens say the same have inner tokens of their own, in the same second as well.
func TestInnerTokensDiffer(t *testing.T) {
	w := newWorld(t, nil)
	made := map[string]bool{}
	for _, jti := range []string{"a", "b"} {
		l := w.login(t, request(authtest.Token(t, claimsOf(map[string]any{"jti": jti})), ""), "acc"+jti, "")
		if got := w.inner(t, l)["jti"]; got != l.ID.TokenPrint {
			t.Errorf("jti is %v", got)
		}
		token, err := w.InnerToken(t.Context(), l)
		if err != nil || made[token] {
			t.Errorf("%v, or the inner token of another", err)
		}
		made[token] = true
	}
}

// TestGuestWithToken: a token at a guest host is verified by the main host's rules and passed on; one that is not good is
// left out.
func TestGuestWithToken(t *testing.T) {
	w := newWorld(t, nil)
	guest := request(goodToken(t), "")
	guest.Guest = guests
	l := w.login(t, guest, "9f00", "")
	if w.inner(t, l)["sub"] != host || w.state.recorded[0].JID() != "9f00@"+guests {
		t.Errorf("a guest with a token: %+v", w.state.recorded)
	}
	guest.Token = "no.token.atall"
	bad, reason := w.begin(t, guest)
	if reason != "" || !bad.ID.Anonymous {
		t.Fatalf("a guest with a bad token: %q, %+v", reason, bad)
	}
	if token, err := w.InnerToken(t.Context(), bad); token != "" || err != nil {
		t.Errorf("it gets %q, %v", token, err)
	}
}

// TestRightsTakenBack: an account whose rights were taken back gets neither moderator nor features by the same token; a
// new token counts from its login on.
func TestRightsTakenBack(t *testing.T) {
	w := newWorld(t, nil)
	claims := func(jti string) string {
		return authtest.Token(t, claimsOf(map[string]any{"jti": jti, "moderator": true,
			"context": map[string]any{"user": map[string]any{"id": "alice"}, "features": map[string]any{"recording": true}}}))
	}
	first := claims("1") // in another second it would be another token
	l := w.login(t, request(first, ""), "0b5c", "id-1")
	features := func(l *relayauth.Login) any { return w.inner(t, l)["context"].(map[string]any)["features"] }
	if features(l) == nil || w.inner(t, l)["moderator"] != true {
		t.Error("the token's rights are missing")
	}
	w.streams.Take("0b5c")
	same, _ := w.begin(t, request(first, "id-1"))
	for name, l := range map[string]*relayauth.Login{"on the stream": l, "resumed by the same token": same} {
		if all, is := features(l).(map[string]any); !is || len(all) > 0 || w.inner(t, l)["moderator"] != false {
			t.Errorf("%s: %v", name, w.inner(t, l))
		}
	}
	if fresh, _ := w.begin(t, request(claims("2"), "id-1")); features(fresh) == nil || w.inner(t, fresh)["moderator"] != true {
		t.Error("a new token has no rights")
	}
}

// TestRevokedMeanwhile: a token is judged once more before Prosody gets it, and when the account is recorded.
func TestRevokedMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	l, _ := w.begin(t, request(goodToken(t), ""))
	w.state.revoked[l.ID.TokenPrint] = true
	if _, err := w.InnerToken(t.Context(), l); auth.RefusalOf(err) == nil || auth.RefusalOf(err).Reason != auth.ReasonRevoked {
		t.Errorf("revoked: %v", err)
	}
	if err := w.Record(t.Context(), l, host, "0b5c"); auth.RefusalOf(err).Reason != auth.ReasonRevoked || l.ID.Account != "" {
		t.Errorf("recorded: %v", err)
	}
	if _, reason := w.begin(t, request(goodToken(t), "")); reason != auth.ReasonRevoked {
		t.Errorf("at once: %q", reason)
	}
	w = newWorld(t, nil)
	l, _ = w.begin(t, request(goodToken(t), ""))
	w.now = w.now.Add(2 * time.Hour)
	_, err := w.InnerToken(t.Context(), l)
	if refusal, ok := errors.AsType[*auth.Refusal](err); !ok || refusal.Reason != auth.ReasonExpired {
		t.Errorf("expired: %v", err)
	}
	if err := w.Record(t.Context(), l, host, "0b5c"); err == nil {
		t.Error("recorded after its end")
	}
}
