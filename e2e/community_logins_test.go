package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/prosody"
)

var communityNames = []string{"http", "http_async", "custom_http", "oauth", "external"}

// TestCommunityLogins holds each module to the same rules.
func TestCommunityLogins(t *testing.T) {
	facts := map[string]func(*testing.T, *communityWorld, communityDoor){
		"good": communityGood, "wrong": communityWrong, "foreign": communityForeign, "tickets": communityTickets,
		"long": communityLong, "bearer": communityBearer, "service accounts": communityServices,
	}
	eachCommunity(t, func(t *testing.T, w *communityWorld) {
		for _, name := range communityNames {
			d := communityDoors[name]
			t.Run(name, func(t *testing.T) {
				w.warm(t, d)
				for name, fact := range facts {
					t.Run(name, func(t *testing.T) { fact(t, w, d) })
				}
			})
		}
		w.usher.keepsSecrets(t)
	}, communityNames...)
}

// warm has the first login behind it: the old external auth reads its echo for the answer, and loses it.
func (w *communityWorld) warm(t *testing.T, d communityDoor) {
	t.Helper()
	if d.module != "external_insecure" {
		return
	}
	start := time.Now()
	s, err := w.dial(t, d, client.Plain("alice", communityToken(t, d, "alice")))
	if err == nil {
		s.Close()
	}
	t.Logf("the first login after the start took %s: %v", time.Since(start), err)
	time.Sleep(200 * time.Millisecond) // what is asked before the bridge has made the terminal raw is lost as well
}

func communityGood(t *testing.T, w *communityWorld, d communityDoor) {
	good := communityToken(t, d, "alice")
	w.enter(t, d, "alice", client.Plain("alice", good))
	w.enter(t, d, "alice", client.Plain("ALICE", good)) // Prosody prepares the name before it asks
	w.enter(t, d, "alice", client.PlainAuthz("alice@"+d.host, "alice", good))
	escaped := communityToken(t, d, "user@gmail.com")
	w.enter(t, d, `user\40gmail.com`, client.Plain(`user\40gmail.com`, escaped))
}

func communityWrong(t *testing.T, w *communityWorld, d communityDoor) {
	for name, wrong := range wrongTokens(t, d, "alice") {
		t.Run(name, func(t *testing.T) { w.stayFor(t, d, client.Plain("alice", wrong.text), wrong.reason) })
	}
	w.stay(t, d, client.Plain("alice", ""))
	w.enter(t, d, "alice", client.Plain("alice", communityToken(t, d, "alice"))) // none of them left anything behind
}

// A good token is good for its own account only.
func communityForeign(t *testing.T, w *communityWorld, d communityDoor) {
	bob := communityToken(t, d, "bob")
	for _, name := range []string{"alice", "admin", "bobb", `bob\40else`} {
		w.stayFor(t, d, client.Plain(name, bob), auth.ReasonAccountMismatch)
	}
	w.stayFor(t, d, client.Plain("admin", communityToken(t, d, "ａｄｍｉｎ")), auth.ReasonAccountNotAllowed)
	w.enter(t, d, "bob", client.Plain("bob", bob))
}

// A token that names a service account is not that account, at no door, nor by a ticket.
func communityServices(t *testing.T, w *communityWorld, d communityDoor) {
	for _, claim := range []string{"focus", "FOCUS"} {
		w.stayFor(t, d, client.Plain("focus", communityToken(t, d, claim)), auth.ReasonAccountNotAllowed)
	}
	if status, body := w.usher.askTicket(t, d, communityToken(t, d, "focus")); status != http.StatusUnauthorized || strings.Contains(string(body), "ut-") {
		t.Errorf("a ticket: %d %s", status, body)
	}
	w.enter(t, d, "alice", client.Plain("alice", communityToken(t, d, "alice")))
}

func communityTickets(t *testing.T, w *communityWorld, d communityDoor) {
	good := communityToken(t, d, "alice")
	ticket := w.usher.ticket(t, d, good)
	w.enter(t, d, "alice", client.Plain("alice", ticket))
	w.stayFor(t, d, client.Plain("alice", ticket), auth.ReasonUnknownTicket)
	w.stay(t, d, client.Plain("bob", w.usher.ticket(t, d, good)))
	w.enter(t, d, "alice", client.Plain("alice", w.usher.ticket(t, d, good)))
}

// Prosody's own SASL refuses passwords of 1,024 bytes or more, and the old external auth queries over 1,000.
func communityLong(t *testing.T, w *communityWorld, d communityDoor) {
	long := token(t, d.host, map[string]any{"padding": strings.Repeat("x", 810)})
	if len(long) < 1380 || len(long) > 1420 {
		t.Fatalf("a token of %d bytes", len(long))
	}
	if refused, _ := w.stay(t, d, client.Plain("alice", long)); refused.Condition != "malformed-request" {
		t.Errorf("as a password: %v", refused)
	}
	w.enter(t, d, "alice", client.Plain("alice", w.usher.ticket(t, d, long)))
	w.longest(t, d)
}

// longest is the longest password that each module passes on.
func (w *communityWorld) longest(t *testing.T, d communityDoor) {
	t.Helper()
	limit := 1023
	if d.module == "external_insecure" {
		limit = 1000 - len("auth:alice:"+d.host+":")
	}
	w.stayFor(t, d, client.Plain("alice", strings.Repeat("x", limit)), auth.ReasonMalformed)
	mark := w.usher.mark(t)
	w.stay(t, d, client.Plain("alice", strings.Repeat("x", limit+1)))
	if log := w.usher.log()[mark:]; log != "" {
		t.Errorf("%d bytes reached usher: %s", limit+1, log)
	}
}

// OAUTHBEARER wants Prosody 13 and mod_auth_oauth_external. The token names the account, and may be long.
func communityBearer(t *testing.T, w *communityWorld, d communityDoor) {
	good := communityToken(t, d, "alice")
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
	w.enter(t, d, "bob", client.Bearer(communityToken(t, d, "bob")))
	w.enter(t, d, `user\40gmail.com`, client.Bearer(communityToken(t, d, "user@gmail.com")))
	w.enter(t, d, "alice", client.Bearer(token(t, d.host, map[string]any{"padding": strings.Repeat("x", 5000)})))
	for name, wrong := range wrongTokens(t, d, "alice") {
		t.Run(name, func(t *testing.T) { w.stayBearer(t, d, wrong.text, wrong.reason) })
	}
	w.stayFor(t, d, client.Bearer(communityToken(t, d, "ａｄｍｉｎ")), auth.ReasonAccountNotAllowed)
	ticket := w.usher.ticket(t, d, good)
	w.enter(t, d, "alice", client.Bearer(ticket))
	w.stayFor(t, d, client.Bearer(ticket), auth.ReasonUnknownTicket)
}

func (w *communityWorld) offersBearer(d communityDoor) bool {
	return d.module == "oauth_external" && w.prosody.Install().Version != prosody.V012
}

// stayBearer is stayFor, but Prosody itself refuses what cannot be a bearer token.
func (w *communityWorld) stayBearer(t *testing.T, d communityDoor, text string, reason auth.Reason) {
	t.Helper()
	if strings.ContainsAny(text, `{":`) {
		refused, _ := w.stay(t, d, client.Bearer(text))
		t.Logf("refused with %v", refused)
		return
	}
	w.stayFor(t, d, client.Bearer(text), reason)
}

// keepsSecrets looks for what must never be in the log.
func (u *usherProcess) keepsSecrets(t *testing.T) {
	t.Helper()
	for _, secret := range []string{"eyJ", "ut-", "key=" + communitySecret, communitySecret, "pass="} {
		if strings.Contains(u.log(), secret) {
			t.Errorf("%q is in usher's log", secret)
		}
	}
	if u.log() == "" {
		t.Error("no log")
	}
}
