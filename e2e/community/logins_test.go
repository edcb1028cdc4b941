package community

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/tokens"
)

var names = []string{"http", "http_async", "custom_http", "oauth", "external"}

// TestCommunityLogins holds each module to the same rules.
func TestCommunityLogins(t *testing.T) {
	facts := map[string]func(*testing.T, *world, door){
		"good": goodTokens, "wrong": wrongTokens, "foreign": foreignTokens, "tickets": tickets,
		"long": longTokens, "bearer": bearerTokens, "service accounts": serviceAccounts,
	}
	each(t, func(t *testing.T, w *world) {
		for _, name := range names {
			d := doors[name]
			t.Run(name, func(t *testing.T) {
				w.warm(t, d)
				for name, fact := range facts {
					t.Run(name, func(t *testing.T) { fact(t, w, d) })
				}
			})
		}
		keepsSecrets(t, w.usher)
	}, names...)
}

// warm has the first login behind it: the old external auth reads its echo for the answer, and loses it.
func (w *world) warm(t *testing.T, d door) {
	t.Helper()
	if d.module != "external_insecure" {
		return
	}
	start := time.Now()
	s, err := w.dial(t, d, client.Plain("alice", d.token(t, "alice")))
	if err == nil {
		s.Close()
	}
	t.Logf("the first login after the start took %s: %v", time.Since(start), err)
	time.Sleep(200 * time.Millisecond) // what is asked before the bridge has made the terminal raw is lost as well
}

func goodTokens(t *testing.T, w *world, d door) {
	good := d.token(t, "alice")
	w.enter(t, d, "alice", client.Plain("alice", good))
	w.enter(t, d, "alice", client.Plain("ALICE", good)) // Prosody prepares the name before it asks
	w.enter(t, d, "alice", client.PlainAuthz("alice@"+d.host, "alice", good))
	escaped := d.token(t, "user@gmail.com")
	w.enter(t, d, `user\40gmail.com`, client.Plain(`user\40gmail.com`, escaped))
}

func wrongTokens(t *testing.T, w *world, d door) {
	for name, wrong := range tokens.Wrong(t, d.host, "alice") {
		t.Run(name, func(t *testing.T) { w.stayFor(t, d, client.Plain("alice", wrong.Text), wrong.Reason) })
	}
	w.stay(t, d, client.Plain("alice", ""))
	w.enter(t, d, "alice", client.Plain("alice", d.token(t, "alice"))) // none of them left anything behind
}

// A good token is good for its own account only.
func foreignTokens(t *testing.T, w *world, d door) {
	bob := d.token(t, "bob")
	for _, name := range []string{"alice", "admin", "bobb", `bob\40else`} {
		w.stayFor(t, d, client.Plain(name, bob), auth.ReasonAccountMismatch)
	}
	w.stayFor(t, d, client.Plain("admin", d.token(t, "ａｄｍｉｎ")), auth.ReasonAccountNotAllowed)
	w.enter(t, d, "bob", client.Plain("bob", bob))
}

// A token that names a service account is not that account, at no door, nor by a ticket.
func serviceAccounts(t *testing.T, w *world, d door) {
	for _, claim := range []string{"focus", "FOCUS"} {
		w.stayFor(t, d, client.Plain("focus", d.token(t, claim)), auth.ReasonAccountNotAllowed)
	}
	if status, body := w.usher.AskTicket(t, d.host, d.token(t, "focus")); status != http.StatusUnauthorized ||
		strings.Contains(string(body), "ut-") {
		t.Errorf("a ticket: %d %s", status, body)
	}
	w.enter(t, d, "alice", client.Plain("alice", d.token(t, "alice")))
}

func tickets(t *testing.T, w *world, d door) {
	good := d.token(t, "alice")
	ticket := w.usher.Ticket(t, d.host, good)
	w.enter(t, d, "alice", client.Plain("alice", ticket))
	w.stayFor(t, d, client.Plain("alice", ticket), auth.ReasonUnknownTicket)
	w.stay(t, d, client.Plain("bob", w.usher.Ticket(t, d.host, good)))
	w.enter(t, d, "alice", client.Plain("alice", w.usher.Ticket(t, d.host, good)))
}

// Prosody's own SASL refuses passwords of 1,024 bytes or more, and the old external auth queries over 1,000.
func longTokens(t *testing.T, w *world, d door) {
	long := tokens.Sign(t, d.host, map[string]any{"padding": strings.Repeat("x", 810)})
	if len(long) < 1380 || len(long) > 1420 {
		t.Fatalf("a token of %d bytes", len(long))
	}
	if refused, _ := w.stay(t, d, client.Plain("alice", long)); refused.Condition != "malformed-request" {
		t.Errorf("as a password: %v", refused)
	}
	w.enter(t, d, "alice", client.Plain("alice", w.usher.Ticket(t, d.host, long)))
	w.longest(t, d)
}

// longest is the longest password that each module passes on.
func (w *world) longest(t *testing.T, d door) {
	t.Helper()
	limit := 1023
	if d.module == "external_insecure" {
		limit = 1000 - len("auth:alice:"+d.host+":")
	}
	w.stayFor(t, d, client.Plain("alice", strings.Repeat("x", limit)), auth.ReasonMalformed)
	mark := w.usher.Mark()
	w.stay(t, d, client.Plain("alice", strings.Repeat("x", limit+1)))
	if log := w.usher.Log()[mark:]; log != "" {
		t.Errorf("%d bytes reached usher: %s", limit+1, log)
	}
}

// OAUTHBEARER wants Prosody 13 and mod_auth_oauth_external. The token names the account, and may be long.
func bearerTokens(t *testing.T, w *world, d door) {
	good := d.token(t, "alice")
	s, err := w.dial(t, d, client.Plain("alice", good))
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if got, want := slices.Contains(s.Mechanisms(), "OAUTHBEARER"), w.offersBearer(d); got != want {
		t.Fatalf("offered: %q", s.Mechanisms())
	} else if !got {
		return
	}
	w.enter(t, d, "alice", client.Bearer(good))
	w.enter(t, d, "bob", client.Bearer(d.token(t, "bob")))
	w.enter(t, d, `user\40gmail.com`, client.Bearer(d.token(t, "user@gmail.com")))
	w.enter(t, d, "alice", client.Bearer(tokens.Sign(t, d.host, map[string]any{"padding": strings.Repeat("x", 5000)})))
	for name, wrong := range tokens.Wrong(t, d.host, "alice") {
		t.Run(name, func(t *testing.T) { w.stayBearer(t, d, wrong.Text, wrong.Reason) })
	}
	w.stayFor(t, d, client.Bearer(d.token(t, "ａｄｍｉｎ")), auth.ReasonAccountNotAllowed)
	ticket := w.usher.Ticket(t, d.host, good)
	w.enter(t, d, "alice", client.Bearer(ticket))
	w.stayFor(t, d, client.Bearer(ticket), auth.ReasonUnknownTicket)
}

func (w *world) offersBearer(d door) bool {
	return d.module == "oauth_external" && w.prosody.Install().Version != prosody.V012
}

// stayBearer is stayFor, but Prosody itself refuses what cannot be a bearer token.
func (w *world) stayBearer(t *testing.T, d door, text string, reason auth.Reason) {
	t.Helper()
	if strings.ContainsAny(text, `{":`) {
		refused, _ := w.stay(t, d, client.Bearer(text))
		t.Logf("refused with %v", refused)
		return
	}
	w.stayFor(t, d, client.Bearer(text), reason)
}

// keepsSecrets looks for what must never be in the log.
func keepsSecrets(t *testing.T, u *daemon.Daemon) {
	t.Helper()
	for _, secret := range []string{"eyJ", "ut-", "key=" + daemon.HTTPSecret, daemon.HTTPSecret, "pass="} {
		if strings.Contains(u.Log(), secret) {
			t.Errorf("%q is in usher's log", secret)
		}
	}
	if u.Log() == "" {
		t.Error("no log")
	}
}
