package oidc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/auth/keys/fetch"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// Metadata are what a provider says of itself (OpenID Connect Discovery 1.0 section 3).
type Metadata struct {
	Authorization string // where a person signs in
	Token         string // where codes are exchanged
	JWKS          string // the keys that sign ID tokens
	EndSession    string // where a person signs out, or empty

	NamesIssuer bool // its answers name it: iss (RFC 9207)
	SecretPost  bool // the client's secret is a parameter; else it is in Authorization
}

// wellKnown is where metadata are, below the issuer.
const wellKnown = "/.well-known/openid-configuration"

// parseMetadata reads what a provider says of itself, and refuses what is another's, or leads where nothing
// may be asked.
func parseMetadata(body []byte, c *Config) (*Metadata, error) {
	var d strictjson.Document
	if err := d.Read(body); err != nil {
		return nil, fmt.Errorf("its metadata are no strict JSON: %w", err)
	}
	if issuer := textOf(&d, "issuer"); issuer != c.Issuer {
		return nil, fmt.Errorf("it calls itself %q, and issuer is %q; write it letter by letter as it does",
			text.Name(issuer), text.Name(c.Issuer))
	}
	m := &Metadata{
		Authorization: textOf(&d, "authorization_endpoint"), Token: textOf(&d, "token_endpoint"),
		JWKS: textOf(&d, "jwks_uri"), EndSession: textOf(&d, "end_session_endpoint"),
	}
	for name, address := range map[string]string{
		"authorization_endpoint": m.Authorization, "token_endpoint": m.Token, "jwks_uri": m.JWKS,
		"end_session_endpoint": m.EndSession,
	} {
		if address == "" && name == "end_session_endpoint" {
			continue
		}
		u, err := fetch.ParseURL(address, c.InsecureHTTP)
		if err != nil {
			return nil, fmt.Errorf("its %s: %w", name, err)
		}
		if !plainHost(u.Host) {
			return nil, fmt.Errorf("its %s has a host that no browser writes so", name)
		}
		// The metadata of another machine lead to no service of this one.
		if u.Scheme == "http" && !c.InsecureHTTP && !strings.HasPrefix(c.Issuer, "http:") {
			return nil, fmt.Errorf("its %s is by http, and issuer is by https; have the provider write https there", name)
		}
	}
	n := d.Get("authorization_response_iss_parameter_supported")
	m.NamesIssuer = n != nil && n.Kind == 't'
	methods, said := textsOf(&d, "token_endpoint_auth_methods_supported")
	switch {
	case c.Secret == "" || !said || slices.Contains(methods, "client_secret_basic"):
	case slices.Contains(methods, "client_secret_post"):
		m.SecretPost = true
	default:
		return nil, errors.New("it takes the client's secret neither by client_secret_basic nor by " +
			"client_secret_post; allow one of them there")
	}
	if challenges, said := textsOf(&d, "code_challenge_methods_supported"); said &&
		!slices.Contains(challenges, "S256") {
		return nil, errors.New("it does not know PKCE with S256 (code_challenge_methods_supported); turn it on there")
	}
	return m, nil
}

// plainHost reports whether a host and port have nothing in them that means something in a header.
func plainHost(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r|0x20 && r|0x20 <= 'z' || '0' <= r && r <= '9' || strings.ContainsRune(".-_:[]", r))
	})
}

func textOf(d *strictjson.Document, name string) string {
	if n := d.Get(name); n != nil && n.Kind == '"' {
		return string(n.Text)
	}
	return ""
}

// textsOf returns the texts of a list, and whether the list is there.
func textsOf(d *strictjson.Document, name string) (list []string, said bool) {
	n := d.Get(name)
	if n == nil || n.Kind != '[' {
		return nil, false
	}
	_ = d.Elements(n, func(e *strictjson.Node) error {
		if e.Kind == '"' {
			list = append(list, string(e.Text))
		}
		return nil
	})
	return list, true
}

// CheckIssuer says whether a text can be a provider's issuer: an address without query and fragment, https, or http
// to this machine, or with insecureHTTP to any. The error names what is wrong, then "; " and how to mend it.
func CheckIssuer(s string, insecureHTTP bool) error {
	u, err := fetch.ParseURL(s, insecureHTTP)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return errors.New("it has a query; leave out the ? and what follows it")
	}
	if strings.HasSuffix(u.Path, wellKnown) {
		return errors.New("it is the address of what the provider says of itself; leave out " + wellKnown)
	}
	return nil
}
