// Package tokens answers "what does a token of the end-to-end tests say?": good ones for an account and its rooms, and
// bad ones with what is wrong with them. It signs them with the secret of package authtest.
package tokens

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

// Sign returns a good token for a host, but for the claims that are changed.
func Sign(t testing.TB, host string, more map[string]any) string {
	t.Helper()
	return authtest.Token(t, authtest.Claims(host, more))
}

// Called changes the claims so that they name an account.
func Called(account string) map[string]any {
	return map[string]any{"context": map[string]any{"user": map[string]any{"id": account}}}
}

// Claims are those of a token for an account and rooms; room is what stands in the claim of that name. More of them may
// follow: those that begin with "user." or "room." go into that part of the context.
func Claims(account string, room any, more map[string]any) map[string]any {
	user := map[string]any{"id": account}
	c := map[string]any{"room": room}
	context := map[string]any{"user": user}
	for name, v := range more {
		switch {
		case strings.HasPrefix(name, "user."):
			user[strings.TrimPrefix(name, "user.")] = v
		case strings.HasPrefix(name, "room."):
			context["room"] = map[string]any{strings.TrimPrefix(name, "room."): v}
		default:
			c[name] = v
		}
	}
	c["context"] = context
	return c
}

// Moderator is the claim that makes a moderator, for Claims.
func Moderator() map[string]any { return map[string]any{"moderator": true} }

// A Bad token must not let an account in, for a reason.
type Bad struct {
	Text   string
	Reason auth.Reason
}

// Wrong are tokens that must not let an account of the host in, by what is wrong with them.
func Wrong(t testing.TB, host, account string) map[string]Bad {
	t.Helper()
	claims := func(more map[string]any) map[string]any {
		c := authtest.Claims(host, Called(account))
		maps.Copy(c, more)
		return c
	}
	forged := authtest.TokenBy(t, strings.Repeat("0123456789abcdef", 4), claims(nil))
	return map[string]Bad{
		"bad signature": {forged, auth.ReasonBadSignature},
		"expired":       {authtest.Token(t, claims(map[string]any{"exp": 1})), auth.ReasonExpired},
		"another host": {authtest.Token(t, claims(map[string]any{"sub": "else.example.com"})),
			auth.ReasonSubjectMismatch},
		"a password":        {"correct:horse", auth.ReasonMalformed},
		"the word true":     {"true", auth.ReasonMalformed},
		"a ticket made up":  {"ut-ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEF", auth.ReasonUnknownTicket},
		"polyglot":          {polyglot(t, host, "else", account), auth.ReasonMalformed},
		"polyglot, itself":  {polyglot(t, host, account, account), auth.ReasonMalformed},
		"polyglot, general": {generalPolyglot(t, host, account), auth.ReasonMalformed},
	}
}

// polyglot is a token as JWS JSON: good for signed, while members that nobody signed name outer.
func polyglot(t testing.TB, host, signed, outer string) string {
	t.Helper()
	parts := strings.Split(Sign(t, host, Called(signed)), ".")
	members := authtest.Claims(host, Called(outer))
	maps.Copy(members, map[string]any{"payload": parts[1], "protected": parts[0], "signature": parts[2]})
	return marshal(t, members)
}

// generalPolyglot has the other of the two forms of RFC 7515 section 7.2.
func generalPolyglot(t testing.TB, host, account string) string {
	t.Helper()
	parts := strings.Split(Sign(t, host, Called(account)), ".")
	return marshal(t, map[string]any{"payload": parts[1], "sub": host,
		"signatures": []any{map[string]any{"protected": parts[0], "signature": parts[2]}}})
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
