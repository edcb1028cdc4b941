package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// A config is what package provider writes; its Config has the same fields.
type config struct {
	Listen      string // host:port
	Issuer      string // https://host:port/path
	Certificate string // PEM files; none: plain http
	Key         string
	Clients     []client
	Users       []user
	Lifetime    int  // of access tokens, in seconds; 5 minutes unless given
	Says        bool // iss is in every answer (RFC 9207), and the discovery says so
}

// A client is somebody whom people sign in for.
type client struct {
	ID         string
	Secret     string // empty: a public client, which has PKCE alone
	Redirects  []string
	PostLogout []string
	Audience   []string // of its tokens, besides its id
	Skew       int      // in seconds: so long before now its tokens were issued, as Entra has it
}

// A user is somebody with a password.
type user struct {
	ID, Name, Password string
	First, Last        string
	Email              string
	Verified           bool
	Picture            string
	Claims             map[string]any // in each token, besides
}

func read(r io.Reader) (config, error) {
	c := config{Lifetime: 300}
	if err := json.NewDecoder(r).Decode(&c); err != nil {
		return config{}, fmt.Errorf("reading the configuration: %w", err)
	}
	return c, nil
}

// base is the issuer without a slash at its end: Authentik's has one.
func (c config) base() string { return strings.TrimSuffix(c.Issuer, "/") }

// path is that of the base.
func (c config) path() (string, error) {
	u, err := url.Parse(c.base())
	if err != nil {
		return "", fmt.Errorf("reading the issuer: %w", err)
	}
	return u.Path, nil
}
