package oidc

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestPanicIsAnError: what goes wrong while a provider is asked ends neither the daemon nor what was known before.
func TestPanicIsAnError(t *testing.T) {
	p, err := New(Config{Issuer: "https://id.example.com", ClientID: "meet"},
		Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Known: func() {}})
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/a",` +
		`"token_endpoint":"https://id.example.com/t","jwks_uri":"https://id.example.com/j"}`
	p.transport = transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(good))}, nil
	})
	if _, err := p.discover(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.transport = transport(func(*http.Request) (*http.Response, error) { panic("hostile") })
	if _, err := p.discover(t.Context()); err == nil || strings.Contains(err.Error(), "hostile") {
		t.Error(err)
	}
	if m := p.Metadata(); p.failure == nil || m == nil || m.Token != "https://id.example.com/t" {
		t.Errorf("%v, %+v", p.failure, m)
	}
}
