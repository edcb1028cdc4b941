package auth_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/strictjson"
)

// TestRoutine: what strangers can have as often as they like fills no log with errors.
func TestRoutine(t *testing.T) {
	var log bytes.Buffer
	v, err := auth.New(auth.Config{}, auth.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*auth.Refusal{
		auth.Refuse(auth.ReasonOverloaded, "too often; have them wait").Routine(), auth.Refuse(auth.ReasonOverloaded, "full; look at it"),
	} {
		_ = v.Conclude(t.Context(), "", &auth.Credentials{Door: "signin"}, &auth.Decision{Refusal: r}, 0)
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 || strings.Count(log.String(), "\n") != 2 {
		t.Errorf("%d errors:\n%s", n, &log)
	}
}

type decided []auth.Decided

func (d *decided) Login(l auth.Decided) { *d = append(*d, l) }

// TestDecideClaims: what is judged of a token that is for no login is told without the token, as the daemon's verifier
// knows nothing of such tokens; and without an account, as nobody has logged in.
func TestDecideClaims(t *testing.T) {
	var log bytes.Buffer
	var kept decided
	logins, err := auth.New(auth.Config{}, auth.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Last: &kept})
	if err != nil {
		t.Fatal(err)
	}
	v, err := auth.New(authtest.Config("meet.example.com"), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	token := authtest.Token(t, authtest.Claims("meet.example.com", map[string]any{"nonce": "n"}))
	for want, judge := range map[auth.Reason]auth.ClaimsJudged{
		"": func(*auth.Identity, *strictjson.Document) *auth.Refusal { return nil },
		auth.ReasonSignInToken: func(_ *auth.Identity, d *strictjson.Document) *auth.Refusal {
			return auth.Refuse(auth.ReasonSignInToken, "the nonce is %s; sign in anew", d.Get("nonce").Text)
		},
	} {
		log.Reset()
		kept = nil
		c := auth.Credentials{Door: "signin", Host: "meet.example.com", Token: token}
		d := v.DecideClaims(&c, judge)
		if d.Refusal == nil && want != "" || d.Refusal != nil && d.Refusal.Reason != want {
			t.Fatalf("%q: %v", want, d.Refusal)
		}
		_ = logins.Conclude(t.Context(), "signed in", &auth.Credentials{Door: "signin", Host: "meet.example.com"}, &d, time.Second)
		if len(kept) != 1 || kept[0].Credentials.Token != "" || strings.Contains(log.String(), "account=@") {
			t.Errorf("%q: %+v\n%s", want, kept, &log)
		}
	}
}
