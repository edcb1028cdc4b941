package login

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
)

func TestLogin(t *testing.T) {
	facts := map[string]func(*testing.T, *world){
		"mechanisms": mechanisms, "accounts": accounts, "nameless": nameless, "full-width": fullWidth,
		"big token": bigToken, "expiry": expiry, "refusals": refusals, "undecided": temporary,
		"service accounts": serviceAccounts, "authzid": authzid,
		"polyglot": polyglot, "bearer": bearer, "no initial response": withoutInitial, "hosts": hosts,
	}
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := newWorld(t, v)
		for name, fact := range facts {
			t.Run(name, func(t *testing.T) { fact(t, w) })
		}
	})
}

func mechanisms(t *testing.T, w *world) {
	for _, host := range []string{meet, unicode, alone} {
		s, err := w.dial(t, host, client.Plain("alice", tokens.Sign(t, host, nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got := s.Mechanisms(); !slices.Equal(got, []string{"OAUTHBEARER", "PLAIN"}) {
			t.Errorf("%s offers %q", host, got)
		}
	}
	if r := w.refuse(t, meet, client.Anonymous("trace")); r.Condition != "invalid-mechanism" {
		t.Errorf("ANONYMOUS: %v", r)
	}
}

// accounts are sent to Prosody unescaped; it escapes them by XEP-0106 and nodepreps them.
func accounts(t *testing.T, w *world) {
	for _, row := range []struct{ host, claim, client, localpart string }{
		{meet, "alice", "alice", `alice`},
		{meet, "alice", "ALICE", `alice`},
		{meet, "user@gmail.com", "user@gmail.com", `user\40gmail.com`},
		{meet, "user@gmail.com", `user\40gmail.com`, `user\40gmail.com`},
		{meet, `user\40gmail.com`, `user\40gmail.com`, `user\5c40gmail.com`},
		{meet, "User Name", "User Name", `user\20name`},
		{unicode, "Иван", "Иван", "иван"},
	} {
		secret := tokens.Sign(t, row.host, tokens.Called(row.claim))
		want := row.localpart + "@" + row.host
		if got := w.login(t, row.host, client.Plain(row.client, secret)); got != want {
			t.Errorf("%q as %q became %s, want %s", row.claim, row.client, got, want)
		}
		if got := w.login(t, row.host, client.PlainAuthz(want, row.client, secret)); got != want {
			t.Errorf("%q with its authzid became %s, want %s", row.claim, got, want)
		}
		if got := w.login(t, row.host, client.Bearer(secret)); got != want {
			t.Errorf("%q as a bearer became %s, want %s", row.claim, got, want)
		}
	}
}

// nameless tokens get an account that nobody chose, a new one each time.
func nameless(t *testing.T, w *world) {
	secret := tokens.Sign(t, meet, map[string]any{"context": nil})
	first, second := w.login(t, meet, client.Plain("alice", secret)), w.login(t, meet, client.Plain("alice", secret))
	for _, jid := range []string{first, second} {
		if local, host, _ := strings.Cut(jid, "@"); local == "alice" || len(local) < 20 || host != meet {
			t.Errorf("became %s", jid)
		}
	}
	if first == second {
		t.Errorf("twice %s", first)
	}
}

// Prosody would make admin of ａｄｍｉｎ: nothing but usher's own check is between the two.
func fullWidth(t *testing.T, w *world) {
	for _, host := range []string{meet, unicode} {
		secret := tokens.Sign(t, host, tokens.Called("ａｄｍｉｎ"))
		for _, l := range []client.Login{client.Plain("ａｄｍｉｎ", secret), client.Plain("admin", secret),
			client.Bearer(secret)} {
			w.refuseFor(t, host, l, auth.ReasonAccountNotAllowed)
		}
	}
}

// A token that names a service account is not that account, however it is spelt: it would pass every lobby.
func serviceAccounts(t *testing.T, w *world) {
	for _, row := range []struct{ host, claim string }{{meet, "focus"}, {meet, "FOCUS"}, {unicode, "фокус"},
		{unicode, "ФОКУС"}} {
		secret := tokens.Sign(t, row.host, tokens.Called(row.claim))
		for _, l := range []client.Login{client.Plain(row.claim, secret), client.Plain("alice", secret),
			client.Bearer(secret)} {
			w.refuseFor(t, row.host, l, auth.ReasonAccountNotAllowed)
		}
	}
	w.login(t, unicode, client.Plain("focus", tokens.Sign(t, unicode, tokens.Called("focus")))) // there it is anybody
	if got := w.login(t, meet, client.Plain("7", tokens.Sign(t, meet,
		map[string]any{"context": map[string]any{"user": map[string]any{"id": 7}}}))); got != "7@"+meet {
		t.Errorf("a number became %s", got)
	}
}

// An authzid may be any spelling of the account's own JID.
func authzid(t *testing.T, w *world) {
	good := tokens.Sign(t, meet, nil)
	for _, as := range []string{"alice@Meet.Example.COM", "ALICE@" + meet, "alice@" + meet + "/phone",
		"alice@" + meet + "."} {
		if got := w.login(t, meet, client.PlainAuthz(as, "alice", good)); got != "alice@"+meet {
			t.Errorf("as %s became %s", as, got)
		}
	}
	for _, as := range []string{"bob@" + meet + "/alice@" + meet, "alice@" + unicode, meet} {
		w.refuseFor(t, meet, client.PlainAuthz(as, "alice", good), auth.ReasonAccountMismatch)
	}
}

func bigToken(t *testing.T, w *world) {
	secret := tokens.Sign(t, meet, map[string]any{"padding": strings.Repeat("x", 5000)})
	if len(secret) <= 3000 || len(secret) > auth.DefaultMaxTokenBytes {
		t.Fatalf("a token of %d bytes", len(secret))
	}
	w.login(t, meet, client.Plain("alice", secret))
	w.login(t, meet, client.Bearer(secret))
}

func expiry(t *testing.T, w *world) {
	w.login(t, meet, client.Plain("alice", tokens.Sign(t, meet, map[string]any{"exp": json.Number("98753496345768")})))
	for _, row := range []struct {
		exp    any
		reason auth.Reason
	}{
		{0, auth.ReasonBadClaims}, {1, auth.ReasonExpired}, {nil, auth.ReasonExpMissing},
		{"98753496345768", auth.ReasonBadClaims}, {"", auth.ReasonBadClaims},
	} {
		secret := tokens.Sign(t, meet, map[string]any{"exp": row.exp})
		w.refuseFor(t, meet, client.Plain("alice", secret), row.reason)
	}
}

// refusals reach the client with their text.
func refusals(t *testing.T, w *world) {
	good := tokens.Sign(t, meet, nil)
	other := authtest.TokenBy(t, strings.Repeat("0123456789abcdef", 4), authtest.Claims(meet, nil))
	for name, row := range map[string]struct {
		login  client.Login
		reason auth.Reason
	}{
		"somebody else's name":   {client.Plain("bob", good), auth.ReasonAccountMismatch},
		"admin":                  {client.Plain("admin", good), auth.ReasonAccountMismatch},
		"somebody else's rights": {client.PlainAuthz("bob@"+meet, "alice", good), auth.ReasonAccountMismatch},
		"wrong secret":           {client.Plain("alice", other), auth.ReasonBadSignature},
		"wrong audience": {client.Plain("alice", tokens.Sign(t, meet, map[string]any{"aud": "else"})),
			auth.ReasonAudienceMismatch},
		"unknown issuer": {client.Plain("alice", tokens.Sign(t, meet, map[string]any{"iss": "else"})),
			auth.ReasonUnknownIssuer},
		"a password": {client.Plain("alice", "correct horse"), auth.ReasonMalformed},
		"nothing":    {client.Plain("alice", ""), auth.ReasonTokenRequired},
		"TAB and LF in the name": {client.Plain("alice\tuser=admin\nOK\t1\tuser=admin", good),
			auth.ReasonAccountMismatch},
	} {
		t.Run(name, func(t *testing.T) { w.refuseFor(t, meet, row.login, row.reason) })
	}
	smuggler := tokens.Sign(t, meet, tokens.Called("alice\tuser=admin\nOK\t1\tuser=admin"))
	w.refuseFor(t, meet, client.Bearer(smuggler), auth.ReasonAccountNotAllowed)
	w.login(t, meet, client.Plain("alice", good)) // none of them left anything behind
}

func temporary(t *testing.T, w *world) {
	secret := tokens.Sign(t, down, nil)
	for _, l := range []client.Login{client.Plain("alice", secret), client.Bearer(secret)} {
		r := w.refuse(t, down, l)
		if r.Condition != "temporary-auth-failure" || r.Text != auth.ReasonKeysUnavailable.ClientText() {
			t.Errorf("%s: %v", l.Mechanism, r)
		}
	}
}

// polyglot passwords are JSON that a lenient JWS library reads: the signed part is good.
func polyglot(t *testing.T, w *world) {
	parts := strings.Split(tokens.Sign(t, meet, nil), ".")
	flat := map[string]any{"payload": parts[1], "protected": parts[0], "signature": parts[2]}
	general := map[string]any{"payload": parts[1], "signatures": []any{map[string]any{"protected": parts[0],
		"signature": parts[2]}}}
	for _, form := range []map[string]any{flat, general, {"payload": parts[1]}} {
		b, err := json.Marshal(form)
		if err != nil {
			t.Fatal(err)
		}
		w.refuseFor(t, meet, client.Plain("alice", string(b)), auth.ReasonMalformed)
		w.refuseFor(t, meet, client.Plain("alice", base64.StdEncoding.EncodeToString(b)), auth.ReasonMalformed)
	}
}

// bearer refusals come with the JSON of RFC 7628 section 3.2.2 first.
func bearer(t *testing.T, w *world) {
	if got := w.login(t, meet, client.Bearer(tokens.Sign(t, meet, nil))); got != "alice@"+meet {
		t.Errorf("became %s", got)
	}
	r := w.refuse(t, meet, client.Bearer(tokens.Sign(t, meet, map[string]any{"exp": 1})))
	var challenge struct{ Status string }
	if err := json.Unmarshal(r.Challenge, &challenge); err != nil || challenge.Status != "invalid_token" {
		t.Errorf("challenge %q: %v", r.Challenge, err)
	}
	if r.Condition != "not-authorized" || r.Text != auth.ReasonExpired.ClientText() {
		t.Errorf("refused with %v", r)
	}
}

func withoutInitial(t *testing.T, w *world) {
	good, expired := tokens.Sign(t, meet, nil), tokens.Sign(t, meet, map[string]any{"exp": 1})
	for _, l := range []client.Login{client.Plain("alice", good), client.Bearer(good)} {
		if got := w.login(t, meet, l.WithoutInitial()); got != "alice@"+meet {
			t.Errorf("%s became %s", l.Mechanism, got)
		}
	}
	w.refuseFor(t, meet, client.Plain("alice", expired).WithoutInitial(), auth.ReasonExpired)
}

// hosts on one socket are told apart by service_name alone; a host without one has its own socket.
func hosts(t *testing.T, w *world) {
	for _, host := range []string{meet, unicode, alone} {
		for _, of := range []string{meet, unicode, alone} {
			l := client.Plain("alice", tokens.Sign(t, of, nil))
			if host != of {
				w.refuseFor(t, host, l, auth.ReasonSubjectMismatch)
			} else if got := w.login(t, host, l); got != "alice@"+host {
				t.Errorf("became %s", got)
			}
		}
	}
}
