package auth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
)

const host = "meet.example.com"

// now is the clock of these tests.
var now = time.Now()

func newVerifier(t testing.TB, c auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.New(c, auth.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// hostConfig returns the usual rules after a change to the host and its issuer.
func hostConfig(change func(*auth.HostConfig, *auth.IssuerConfig)) auth.Config {
	c := authtest.Config(host)
	h := c.Hosts[host]
	issuer := h.Issuers[authtest.Issuer]
	change(&h, &issuer)
	h.Issuers = map[string]auth.IssuerConfig{authtest.Issuer: issuer}
	c.Hosts[host] = h
	return c
}

// raw signs a payload as it stands.
func raw(t testing.TB, payload string) string {
	t.Helper()
	return rawHeader(t, `{"alg":"HS256","typ":"JWT"}`, payload)
}

func rawHeader(t testing.TB, header, payload string) string {
	t.Helper()
	key, err := keys.SecretSigningKey([]byte(authtest.Secret), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Compact(key, []byte(header), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func payload(t testing.TB, more map[string]any) string {
	t.Helper()
	text, err := json.Marshal(authtest.Claims(host, more))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func reasonOf(err error) auth.Reason {
	if refusal := (*auth.Refusal)(nil); errors.As(err, &refusal) {
		return refusal.Reason
	}
	return ""
}

// decide asks twice, so that a cached verdict must be the same as a new one,
// and asks Explain, whose verdict must be the same too.
func decide(t *testing.T, v *auth.Verifier, c auth.Credentials) (auth.Identity, auth.Reason) {
	t.Helper()
	id, err := v.Authenticate(context.Background(), c)
	again, errAgain := v.Authenticate(context.Background(), c)
	if reasonOf(err) != reasonOf(errAgain) || !id.Random && id.Account != again.Account {
		t.Errorf("first %v, %v; then %v, %v", id, err, again, errAgain)
	}
	if r := v.Explain(c); r.Allowed != (err == nil) || r.Reason != reasonOf(err) {
		t.Errorf("Authenticate says %q, Explain says %q (%+v)", reasonOf(err), r.Reason, r.Checks)
	}
	return id, reasonOf(err)
}

func TestClaims(t *testing.T) {
	claims := func(more map[string]any) func(*testing.T) string {
		return func(t *testing.T) string { return authtest.Token(t, authtest.Claims(host, more)) }
	}
	literal := func(name, value string) func(*testing.T) string {
		return func(t *testing.T) string {
			rest := payload(t, map[string]any{name: nil})
			return raw(t, `{"`+name+`":`+value+`,`+rest[1:])
		}
	}
	user := func(id any) map[string]any {
		return map[string]any{"context": map[string]any{"user": map[string]any{"id": id}}}
	}
	tests := []struct {
		name  string
		token func(*testing.T) string
		want  auth.Reason
	}{
		{"good", claims(nil), ""},
		{"how-to's exp", literal("exp", "98753496345768"), ""},
		{"exp no time", literal("exp", "1e300"), auth.ReasonBadClaims},
		{"exp in milliseconds", literal("exp", "1764000000000"), ""},
		{"exp out of range", literal("exp", "1e999"), auth.ReasonBadClaims},
		{"exp fraction", literal("exp", "98753496345768.5"), ""},
		{"exp 0", literal("exp", "0"), auth.ReasonBadClaims},
		{"exp 0.9", literal("exp", "0.9"), auth.ReasonExpired},
		{"exp negative", literal("exp", "-1"), auth.ReasonBadClaims},
		{"exp string", literal("exp", `"98753496345768"`), auth.ReasonBadClaims},
		{"exp date", literal("exp", `"1970-01-01T00:00:00Z"`), auth.ReasonBadClaims},
		{"exp minus 0", literal("exp", "-0"), auth.ReasonBadClaims},
		{"exp next to 0", literal("exp", "1e-400"), auth.ReasonBadClaims},
		{"exp true", literal("exp", "true"), auth.ReasonBadClaims},
		{"exp null", literal("exp", "null"), auth.ReasonExpMissing},
		{"exp absent", claims(map[string]any{"exp": nil}), auth.ReasonExpMissing},
		{"expired", claims(map[string]any{"exp": now.Add(-time.Minute).Unix()}), auth.ReasonExpired},
		{"within leeway", claims(map[string]any{"exp": now.Add(-5 * time.Second).Unix()}), ""},
		{"nbf later", claims(map[string]any{"nbf": now.Add(time.Minute).Unix()}), auth.ReasonNotYetValid},
		{"nbf that would wrap", literal("nbf", "9223372036854775807"), auth.ReasonBadClaims},
		{"nbf in milliseconds", literal("nbf", "1764000000000"), auth.ReasonNotYetValid},
		{"nbf null", literal("nbf", "null"), ""},
		{"iat null", literal("iat", "null"), ""},
		{"iss null", literal("iss", "null"), auth.ReasonUnknownIssuer},
		{"aud null", literal("aud", "null"), auth.ReasonAudienceMismatch},
		{"room null", literal("room", "null"), auth.ReasonRoomMissing},
		{"context null", literal("context", "null"), ""},
		{"nbf string", literal("nbf", `"1"`), auth.ReasonBadClaims},
		{"iat no time", literal("iat", "-1e300"), auth.ReasonBadClaims},
		{"iat string", literal("iat", `"1"`), auth.ReasonBadClaims},
		{"iss array", claims(map[string]any{"iss": []string{"my-app"}}), auth.ReasonUnknownIssuer},
		{"iss absent", claims(map[string]any{"iss": nil}), auth.ReasonUnknownIssuer},
		{"iss unknown", claims(map[string]any{"iss": "other"}), auth.ReasonUnknownIssuer},
		{"iss in other case", literal("ISS", `"my-app"`), ""},
		{"aud other", claims(map[string]any{"aud": "other"}), auth.ReasonAudienceMismatch},
		{"aud absent", claims(map[string]any{"aud": nil}), auth.ReasonAudienceMismatch},
		{"aud array", claims(map[string]any{"aud": []string{"x", "jitsi"}}), ""},
		{"aud array without", claims(map[string]any{"aud": []string{"x"}}), auth.ReasonAudienceMismatch},
		{"aud array of others", claims(map[string]any{"aud": []any{"jitsi", 1}}), auth.ReasonBadClaims},
		{"aud number", claims(map[string]any{"aud": 1}), auth.ReasonBadClaims},
		{"sub *", claims(map[string]any{"sub": "*"}), ""},
		{"sub in upper case", claims(map[string]any{"sub": "MEET.example.com"}), ""},
		{"sub with a Kelvin sign", claims(map[string]any{"sub": "meet.example.com\u212a"}), auth.ReasonSubjectMismatch},
		{"sub other", claims(map[string]any{"sub": "other.example.com"}), auth.ReasonSubjectMismatch},
		{"sub null", literal("sub", "null"), auth.ReasonSubjectMismatch},
		{"sub number", claims(map[string]any{"sub": 7}), auth.ReasonBadClaims},
		{"sub empty", claims(map[string]any{"sub": ""}), auth.ReasonBadClaims},
		{"sub array", claims(map[string]any{"sub": []string{"*"}}), auth.ReasonBadClaims},
		{"sub absent", claims(map[string]any{"sub": nil}), auth.ReasonSubjectMismatch},
		{"room absent", claims(map[string]any{"room": nil}), auth.ReasonRoomMissing},
		{"room number", claims(map[string]any{"room": 7}), ""},
		{"room array of numbers", claims(map[string]any{"room": []any{7, "a"}}), ""},
		{"room endless number", literal("room", "1e999"), auth.ReasonBadClaims},
		{"room true", claims(map[string]any{"room": true}), auth.ReasonBadClaims},
		{"context as text", claims(map[string]any{"context": ` {"user":{"id":"alice"}}`}), auth.ReasonBadClaims},
		{"context.user as text", claims(map[string]any{"context": map[string]any{"user": `{"lobby_bypass":false}`}}), auth.ReasonBadClaims},
		{"context.room as text", claims(map[string]any{"context": map[string]any{"room": `{"regex":true}`}}), auth.ReasonBadClaims},
		{"context a word", claims(map[string]any{"context": "web"}), ""},
		{"context a list", claims(map[string]any{"context": []any{}}), ""},
		{"room empty", claims(map[string]any{"room": ""}), auth.ReasonBadClaims},
		{"room array", claims(map[string]any{"room": []string{"a", "b"}}), ""},
		{"room array empty", claims(map[string]any{"room": []string{}}), auth.ReasonBadClaims},
		{"account number", claims(user(7)), ""},
		{"account null", claims(user(nil)), ""},
		{"account empty", claims(user("")), ""},
		{"account full-width", claims(user("ａｄｍｉｎ")), auth.ReasonAccountNotAllowed},
		{"account with TAB", claims(user("a\tuser=admin")), auth.ReasonAccountNotAllowed},
		{"account with LF", claims(user("a\nOK\t1")), auth.ReasonAccountNotAllowed},
		{"account with DEL", claims(user("a\x7f")), auth.ReasonAccountNotAllowed},
		{"account too long", claims(user(strings.Repeat("a", 1024))), auth.ReasonAccountNotAllowed},
		{"another case of a member", literal("Context", `{"user":{"id":"admin"}}`), ""},
		{"duplicate member", literal("iss", `"my-app","iss":"my-app"`), auth.ReasonBadClaims},
		{"duplicate once unescaped", literal("iss", `"my-app","\u0069ss":"x"`), auth.ReasonBadClaims},
		{"lone surrogate", literal("x", `"\ud800"`), auth.ReasonBadClaims},
		{"escaped NUL", literal("x", `"\u0000"`), auth.ReasonBadClaims},
		{"invalid UTF-8", literal("x", "\"\xff\""), auth.ReasonBadClaims},
		{"depth 32", literal("x", strings.Repeat("[", 31)+strings.Repeat("]", 31)), ""},
		{"depth 33", literal("x", strings.Repeat("[", 32)+strings.Repeat("]", 32)), auth.ReasonBadClaims},
	}
	v := newVerifier(t, authtest.Config(host))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := decide(t, v, auth.Credentials{Host: host, Token: test.token(t)})
			if got != test.want {
				t.Errorf("reason %q, want %q", got, test.want)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	tests := []struct {
		header string
		want   auth.Reason
	}{
		{`{"alg":"HS256"}`, ""},
		{`{"alg":"HS256","typ":"jwt"}`, ""},
		{`{"alg":"HS256","typ":"at+jwt"}`, ""},
		{`{"alg":"HS256","kid":"any","jku":"http://x/","jwk":{},"x5u":"x","x5c":[]}`, ""},
		{`{"alg":"HS256","typ":"dpop+jwt"}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","crit":["exp"],"exp":1}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","b64":false}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","zip":"DEF"}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","cty":"JWT"}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","kid":7}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","kid":"` + strings.Repeat("k", 257) + `"}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","kid":"a\nb"}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","kid":""}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","typ":7}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","typ":""}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","typ":["JWT"]}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","kid":null,"typ":null,"crit":null,"zip":null}`, ""},
		{`{"alg":null}`, auth.ReasonBadHeader},
		{`{"alg":"none"}`, auth.ReasonAlgorithmNotAllowed},
		{`{"alg":"hs256"}`, auth.ReasonAlgorithmNotAllowed},
		{`{"alg":"RS256"}`, auth.ReasonAlgorithmNotAllowed},
		{`{"alg":"HS512"}`, auth.ReasonAlgorithmNotAllowed},
		{`{"alg":["HS256"]}`, auth.ReasonBadHeader},
		{`{}`, auth.ReasonBadHeader},
		{`[]`, auth.ReasonBadHeader},
		{`{"alg":"HS256"} `, ""},
		{`{"alg":"HS256"}{}`, auth.ReasonBadHeader},
		{`{"alg":"HS256","alg":"HS256"}`, auth.ReasonBadHeader},
		{"\ufeff" + `{"alg":"HS256"}`, auth.ReasonBadHeader},
	}
	v := newVerifier(t, authtest.Config(host))
	for _, test := range tests {
		_, got := decide(t, v, auth.Credentials{Token: rawHeader(t, test.header, payload(t, nil))})
		if got != test.want {
			t.Errorf("%s: reason %q, want %q", test.header, got, test.want)
		}
	}
}

func TestShape(t *testing.T) {
	good := authtest.Token(t, authtest.Claims(host, nil))
	head, rest, _ := strings.Cut(good, ".")
	body, sig, _ := strings.Cut(rest, ".")
	jwsJSON := func() string { // accepted by jwx's jwt.Parse, with claims that nobody signed
		text, _ := json.Marshal(map[string]any{"payload": body, "protected": head, "signature": sig, "context": map[string]any{"user": map[string]any{"id": "admin"}}})
		return string(text)
	}
	tests := map[string]string{
		"polyglot JSON":         jwsJSON(),
		"polyglot with dots":    strings.Replace(jwsJSON(), "{", `{"a":"..",`, 1),
		"two parts":             head + "." + body,
		"four parts":            good + ".x",
		"empty signature":       head + "." + body + ".",
		"padding":               head + "." + body + "." + sig + "=",
		"line break at the end": good + "\n",
		"line break inside":     head + ".\r\n" + body + "." + sig,
		"return at the end":     good + "\r",
		"return in the header":  head[:4] + "\r" + head[4:] + "." + body + "." + sig,
		"space":                 " " + good,
		"other alphabet":        head + "." + body + "." + "++//" + sig[4:],
		"NUL":                   head + "." + body + "\x00." + sig,
		"unused bits":           head + "." + body + "." + sig[:len(sig)-1] + nextLetter(sig),
		"a megabyte":            strings.Repeat("a", 1<<20),
		"a megabyte of dots":    strings.Repeat(".", 1<<20),
		"over the limit":        head + "." + strings.Repeat("a", auth.DefaultMaxTokenBytes) + "." + sig,
	}
	v := newVerifier(t, authtest.Config(host))
	for name, token := range tests {
		want := auth.ReasonMalformed
		if len(token) > auth.DefaultMaxTokenBytes {
			want = auth.ReasonTokenTooLong
		}
		if _, got := decide(t, v, auth.Credentials{Token: token}); got != want {
			t.Errorf("%s: reason %q, want %q", name, got, want)
		}
	}
	if _, got := decide(t, v, auth.Credentials{}); got != auth.ReasonTokenRequired {
		t.Errorf("no token: reason %q", got)
	}
}

// nextLetter returns the last letter with one of its unused bits set.
func nextLetter(sig string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, sig[len(sig)-1])|1])
}

func TestSignature(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	other := strings.Repeat("0123456789abcdef", 4)
	good := authtest.Token(t, authtest.Claims(host, nil))
	unsigned := func(header string) string {
		e := base64.RawURLEncoding.EncodeToString
		return e([]byte(header)) + "." + e([]byte(payload(t, nil))) + "." + e([]byte("x"))
	}
	tests := map[string]string{
		"another secret": authtest.TokenBy(t, other, authtest.Claims(host, nil)),
		"another body":   good[:40] + "A" + good[41:],
		"made up":        unsigned(`{"alg":"HS256"}`),
	}
	for name, token := range tests {
		if _, got := decide(t, v, auth.Credentials{Token: token}); got == "" || got == auth.ReasonInternalError {
			t.Errorf("%s: reason %q", name, got)
		}
	}
	if _, got := decide(t, v, auth.Credentials{Token: tests["another secret"]}); got != auth.ReasonBadSignature {
		t.Errorf("reason %q", got)
	}
}

func TestExpiryIsExact(t *testing.T) {
	at := time.Unix(2_000_000_000, 500_000_000)
	clock := at
	v, err := auth.New(authtest.Config(host), auth.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	c := auth.Credentials{Token: authtest.Token(t, authtest.Claims(host, map[string]any{"exp": 2_000_000_000.5}))}
	clock = at.Add(10*time.Second - 1)
	if _, got := decide(t, v, c); got != "" {
		t.Errorf("a nanosecond before: %q", got)
	}
	clock = at.Add(10 * time.Second) // now in the cache, and dead all the same
	if _, got := decide(t, v, c); got != auth.ReasonExpired {
		t.Errorf("at exp + leeway: %q", got)
	}
}
